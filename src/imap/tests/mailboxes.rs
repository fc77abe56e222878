//! CREATE, DELETE, RENAME, LIST, LSUB, STATUS, NAMESPACE, QUOTA, SELECT.

use crate::{Server, person};
use store::Flags;

#[tokio::test]
async fn create_rename_delete() {
    let server = Server::start().await;
    let mut client = server.alice().await;
    client
        .speak(
            r#"
            C: 1 CREATE Work/Plans
            S: 1 OK [MAILBOXID (F...)] CREATE completed
            C: 2 CREATE work/
            S: 2 OK ...
            C: 3 CREATE Work
            S: 3 NO [ALREADYEXISTS] mailbox exists already
            C: 4 CREATE inbox
            S: 4 NO [ALREADYEXISTS] ...
            C: 5 CREATE "a//b"
            S: 5 NO [CANNOT] a mailbox name cannot have an empty level
            C: 6 RENAME Work "Arbeit &APw-ber"
            S: 6 OK RENAME completed
            C: 7 LIST "" "A*"
            S: * LIST (\HasChildren) "/" "Arbeit &APw-ber"
            S: * LIST (\HasNoChildren) "/" "Arbeit &APw-ber/Plans"
            S: * LIST (\HasNoChildren \Archive) "/" Archive
            S: 7 OK LIST completed
            C: 8 DELETE "Arbeit &APw-ber"
            S: 8 NO [CANNOT] ...
            C: 9 DELETE "Arbeit &APw-ber/Plans"
            S: 9 OK DELETE completed
            C: 10 DELETE INBOX
            S: 10 NO [CANNOT] INBOX cannot be deleted
            C: 11 DELETE nowhere
            S: 11 NO [NONEXISTENT] mailbox does not exist
            C: 12 RENAME nowhere there
            S: 12 NO [NONEXISTENT] mailbox does not exist
            C: 13 CREATE Sent2 (USE (\Sent))
            S: 13 NO [USEATTR] ...
            "#,
        )
        .await;
}

#[tokio::test]
async fn list_and_lsub() {
    let server = Server::start().await;
    let mut client = server.alice().await;
    for name in ["a/b/c", "a/d"] {
        client.run(&format!("CREATE {name}")).await;
    }
    client.run("SUBSCRIBE a/b/c").await;
    client
        .speak(
            r#"
            C: 1 LIST "" ""
            S: * LIST (\Noselect) "/" ""
            S: 1 OK LIST completed
            C: 2 LIST "a/" %
            S: * LIST (\HasChildren) "/" a/b
            S: * LIST (\HasNoChildren) "/" a/d
            S: 2 OK LIST completed
            C: 3 LSUB "" a/%
            S: * LSUB (\Noselect) "/" a/b
            S: 3 OK LSUB completed
            C: 4 LSUB "" a*
            S: * LSUB () "/" a/b/c
            S: 4 OK LSUB completed
            C: 5 LIST (SUBSCRIBED RECURSIVEMATCH) "" a RETURN (CHILDREN)
            S: * LIST (\HasChildren) "/" a ("CHILDINFO" ("SUBSCRIBED"))
            S: 5 OK LIST completed
            C: 6 LIST (SPECIAL-USE) "" (S* D* x)
            S: * LIST (\HasNoChildren \Drafts) "/" Drafts
            S: * LIST (\HasNoChildren \Sent) "/" Sent
            S: 6 OK LIST completed
            C: 7 LIST "" a/b/* RETURN (SUBSCRIBED STATUS (MESSAGES UNSEEN))
            S: * LIST (\HasNoChildren \Subscribed) "/" a/b/c
            S: * STATUS a/b/c (MESSAGES 0 UNSEEN 0)
            S: 7 OK LIST completed
            C: 8 UNSUBSCRIBE a/b/c
            S: 8 OK UNSUBSCRIBE completed
            C: 9 UNSUBSCRIBE nowhere
            S: 9 OK UNSUBSCRIBE completed
            C: 10 SUBSCRIBE nowhere
            S: 10 NO [NONEXISTENT] mailbox does not exist
            C: 11 NAMESPACE
            S: * NAMESPACE (("" "/")) (("Shared/" "/")) NIL
            S: 11 OK NAMESPACE completed
            "#,
        )
        .await;
}

#[tokio::test]
async fn status_and_select() {
    let server = Server::start().await;
    server.deliver_all("INBOX", &["Subject: a\r\n\r\nx"], &Flags::system(Flags::SEEN)).await;
    server.deliver_all("INBOX", &["Subject: b\r\n\r\nyy", "Subject: c\r\n\r\nz"], &Flags::default()).await;
    let mut client = server.alice().await;
    client
        .speak(
            r#"
            C: 1 STATUS inbox (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN SIZE DELETED HIGHESTMODSEQ MAILBOXID APPENDLIMIT)
            S: * STATUS INBOX (MESSAGES 3 RECENT 3 UIDNEXT 4 UIDVALIDITY ... UNSEEN 2 SIZE 46 DELETED 0 HIGHESTMODSEQ ... MAILBOXID (F...) APPENDLIMIT 52428800)
            S: 1 OK STATUS completed
            C: 2 STATUS nowhere (MESSAGES)
            S: 2 NO [NONEXISTENT] ...
            C: 3 SELECT INBOX
            S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft ...)
            S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft ... \*)] ...
            S: * 3 EXISTS
            S: * 3 RECENT
            S: * OK [UNSEEN 2] ...
            S: * OK [UIDVALIDITY ...] ...
            S: * OK [UIDNEXT 4] ...
            S: * OK [HIGHESTMODSEQ ...] ...
            S: * OK [MAILBOXID (F...)] ...
            S: 3 OK [READ-WRITE] SELECT completed
            C: 4 EXAMINE nowhere
            S: * OK [CLOSED] ...
            S: 4 NO [NONEXISTENT] mailbox does not exist
            C: 5 CHECK
            S: 5 BAD select a mailbox first
            C: 6 EXAMINE INBOX
            S: * FLAGS ...
            S: * OK [PERMANENTFLAGS ()] ...
            S: * 3 EXISTS
            S: * 0 RECENT
            S: * OK [UNSEEN 2] ...
            S: * OK [UIDVALIDITY ...] ...
            S: * OK [UIDNEXT 4] ...
            S: * OK [HIGHESTMODSEQ ...] ...
            S: * OK [MAILBOXID (F...)] ...
            S: 6 OK [READ-ONLY] EXAMINE completed
            C: 7 STORE 1 +FLAGS (\Deleted)
            S: 7 NO [NOPERM] ...
            C: 8 EXPUNGE
            S: 8 NO [NOPERM] ...
            C: 9 UNSELECT
            S: 9 OK UNSELECT completed
            "#,
        )
        .await;
}

#[tokio::test]
async fn quota_is_told_and_kept() {
    let server = Server::start().await;
    let directory = server.context.directory();
    directory.account_add(person("bob@example.test", Some(10_240))).await.unwrap();
    let mut client = server.signed_in("bob@example.test").await;
    client
        .speak(
            r#"
            C: 1 GETQUOTAROOT INBOX
            S: * QUOTAROOT INBOX ""
            S: * QUOTA "" (STORAGE 0 10)
            S: 1 OK GETQUOTAROOT completed
            C: 2 APPEND INBOX {6000+}
            "#,
        )
        .await;
    let text = format!("Subject: x\r\n\r\n{}", "x".repeat(6000 - 14));
    client.say(&text).await;
    client.expect("2 OK [APPENDUID ... 1] APPEND completed").await;
    client.say("3 APPEND INBOX {6000+}").await;
    client.say(&text).await;
    client.expect("3 NO [OVERQUOTA] the mailbox is full").await;
    client.run("SELECT INBOX").await;
    client
        .speak(
            r#"
            C: 4 COPY 1 Archive
            S: 4 NO [OVERQUOTA] the mailbox is full
            C: 5 GETQUOTA ""
            S: * QUOTA "" (STORAGE 6 10)
            S: 5 OK GETQUOTA completed
            C: 6 GETQUOTA other
            S: 6 NO [NONEXISTENT] ...
            C: 7 SETQUOTA "" (STORAGE 100)
            S: 7 NO [NOPERM] ...
            "#,
        )
        .await;
    assert_eq!(client.run("STATUS Archive (MESSAGES)").await[0], "* STATUS Archive (MESSAGES 0)");
}
