//! Mailboxes of others (RFC 4314), under `Shared/`.

use crate::{Client, Server, person};

/// Bob beside alice.
async fn two() -> (Server, Client, Client) {
    let server = Server::start().await;
    server.context.directory().account_add(person("bob@example.test", None)).await.unwrap();
    server.deliver("Archive", "Subject: one\r\n\r\nx").await;
    let (alice, bob) = (server.alice().await, server.signed_in("bob@example.test").await);
    (server, alice, bob)
}

const THEIRS: &str = "Shared/alice@example.test/Archive";

#[tokio::test]
async fn rights_are_given_and_taken_away() {
    let (_server, mut alice, mut bob) = two().await;
    alice
        .speak(
            "
            C: 1 MYRIGHTS Archive
            S: * MYRIGHTS Archive lrswipkxteacd
            S: 1 OK ...
            C: 2 SETACL Archive bob@example.test lr
            S: 2 OK ...
            C: 3 GETACL Archive
            S: * ACL Archive alice@example.test lrswipkxteacd bob@example.test lr
            S: 3 OK ...
            C: 4 LISTRIGHTS Archive bob@example.test
            S: * LISTRIGHTS Archive bob@example.test \"\" l r s w i p k x t e a c d
            S: 4 OK ...
            C: 5 SETACL Archive anyone lr
            S: 5 NO [CANNOT] ...
            C: 6 SETACL Archive bob@example.test lz
            S: 6 BAD ...
            C: 7 SETACL Archive alice@example.test l
            S: 7 NO [CANNOT] ...
            C: 8 SETACL Nowhere bob@example.test l
            S: 8 NO [NONEXISTENT] ...
            ",
        )
        .await;
    bob.speak(&format!(
        "
        C: 1 NAMESPACE
        S: * NAMESPACE ((\"\" \"/\")) ((\"Shared/\" \"/\")) NIL
        S: 1 OK ...
        C: 2 LIST \"\" Shared*
        S: * LIST (\\Noselect \\HasChildren) \"/\" Shared
        S: * LIST (\\Noselect \\HasChildren) \"/\" Shared/alice@example.test
        S: * LIST (\\HasNoChildren) \"/\" {THEIRS}
        S: 2 OK ...
        C: 3 MYRIGHTS {THEIRS}
        S: * MYRIGHTS {THEIRS} lr
        S: 3 OK ...
        C: 4 GETACL {THEIRS}
        S: 4 NO [NOPERM] ...
        C: 5 STATUS {THEIRS} (MESSAGES)
        S: * STATUS {THEIRS} (MESSAGES 1)
        S: 5 OK ...
        C: 6 STATUS Shared/alice@example.test/INBOX (MESSAGES)
        S: 6 NO [NONEXISTENT] ...
        C: 7 SUBSCRIBE {THEIRS}
        S: 7 OK ...
        C: 8 LSUB \"\" Shared/*
        S: * LSUB () \"/\" {THEIRS}
        S: 8 OK ...
        C: 9 CREATE Shared/mine
        S: 9 NO [CANNOT] ...
        C: 10 GETQUOTAROOT {THEIRS}
        S: * QUOTAROOT {THEIRS}
        S: 10 OK ...
        "
    ))
    .await;
    let lines = bob.run(&format!("SELECT {THEIRS}")).await;
    assert!(lines.last().unwrap().starts_with("OK [READ-ONLY]"), "{lines:?}");
    bob.speak(
        "
        C: 11 FETCH 1 (FLAGS BODY[TEXT])
        S: * 1 FETCH (FLAGS (\\Recent) BODY[TEXT] {1}
        S: x)
        S: 11 OK ...
        C: 12 STORE 1 +FLAGS (\\Seen)
        S: 12 NO [NOPERM] ...
        C: 13 EXPUNGE
        S: 13 NO [NOPERM] ...
        C: 14 COPY 1 INBOX
        S: 14 OK [COPYUID ...] ...
        C: 15 IDLE
        S: + idling
        ",
    )
    .await;
    // What is taken away ends the session that uses it, wherever it waits.
    alice.run("DELETEACL Archive bob@example.test").await;
    bob.expect("* BYE [UNAVAILABLE] ...").await;
    bob.closed().await;
    alice.speak("C: 9 GETACL Archive\nS: * ACL Archive alice@example.test lrswipkxteacd\nS: 9 OK ...").await;
}

#[tokio::test]
async fn each_right_opens_what_it_is_for() {
    let (server, mut alice, mut bob) = two().await;
    alice.run("SETACL Archive bob@example.test lrs").await;
    let lines = bob.run(&format!("SELECT {THEIRS}")).await;
    assert!(lines.iter().any(|line| line.contains("PERMANENTFLAGS (\\Seen)")), "{lines:?}");
    bob.speak(&format!(
        "
        C: 1 STORE 1 +FLAGS (\\Seen \\Flagged)
        S: * 1 FETCH (FLAGS (\\Seen \\Recent))
        S: 1 OK ...
        C: 2 STORE 1 +FLAGS (\\Flagged)
        S: 2 NO [NOPERM] ...
        C: 3 APPEND {THEIRS} {{4+}}
        C: A: b
        S: 3 NO [NOPERM] ...
        C: 4 CREATE {THEIRS}/Below
        S: 4 NO [NOPERM] ...
        C: 5 DELETE {THEIRS}
        S: 5 NO [NOPERM] ...
        C: 6 MOVE 1 INBOX
        S: 6 NO [NOPERM] ...
        "
    ))
    .await;
    alice.run("SETACL Archive bob@example.test +ikte").await;
    bob.speak(&format!(
        "
        C: 7 APPEND {THEIRS} (\\Flagged \\Seen) {{4+}}
        C: A: b
        S: * 2 EXISTS
        S: * 2 RECENT
        S: 7 OK [APPENDUID ... 2] ...
        C: 8 FETCH 2 FLAGS
        S: * 2 FETCH (FLAGS (\\Seen \\Recent))
        S: 8 OK ...
        C: 9 MOVE 1 INBOX
        S: * OK [COPYUID ... 1 1] ...
        S: * 1 EXPUNGE
        S: 9 OK ...
        C: 10 CREATE {THEIRS}/Below
        S: 10 OK ...
        C: 11 MYRIGHTS {THEIRS}/Below
        S: * MYRIGHTS {THEIRS}/Below lrsiktecd
        S: 11 OK ...
        C: 12 RENAME {THEIRS}/Below Mine
        S: 12 NO [NOPERM] ...
        C: 13 STATUS INBOX (MESSAGES)
        S: * STATUS INBOX (MESSAGES 1)
        S: 13 OK ...
        "
    ))
    .await;
    // What is deleted leaves no rights behind.
    alice.run("DELETE Archive/Below").await;
    let bob_id = server.context.directory().account_by_address(&"bob@example.test".parse().unwrap()).unwrap().id;
    assert_eq!(server.store().shared_with(bob_id).unwrap().len(), 1);
}
