//! METADATA, and the conversation of a message.

use super::*;

#[tokio::test]
async fn entries_are_kept_told_and_removed() {
    let server = Server::start().await;
    let mut client = server.alice().await;
    client
        .speak(
            r#"
            C: 1 SETMETADATA "" (/private/vendor/x/one {3+}
            C: a"b /private/vendor/x/two/deep "2" /private/vendor/xy "no")
            S: 1 OK SETMETADATA completed
            C: 2 GETMETADATA "" /PRIVATE/Vendor/x/one
            S: * METADATA "" (/private/vendor/x/one "a\"b")
            S: 2 OK GETMETADATA completed
            C: 3 GETMETADATA (DEPTH infinity) "" /private/vendor/x
            S: * METADATA "" (/private/vendor/x/one "a\"b" /private/vendor/x/two/deep "2")
            S: 3 OK GETMETADATA completed
            C: 4 GETMETADATA "" (DEPTH 1) (/private/vendor/x)
            S: * METADATA "" (/private/vendor/x/one "a\"b")
            S: 4 OK GETMETADATA completed
            C: 5 GETMETADATA "" (MAXSIZE 1 DEPTH infinity) (/private/vendor/x)
            S: * METADATA "" (/private/vendor/x/two/deep "2")
            S: 5 OK [METADATA LONGENTRIES 3] GETMETADATA completed
            C: 6 GETMETADATA "" (/private/comment)
            S: * METADATA "" (/private/comment NIL)
            S: 6 OK GETMETADATA completed
            C: 7 SETMETADATA "" (/private/vendor/x/one NIL)
            S: 7 OK SETMETADATA completed
            C: 8 GETMETADATA "" /private/vendor/x/one
            S: * METADATA "" (/private/vendor/x/one NIL)
            S: 8 OK GETMETADATA completed
            "#,
        )
        .await;
}

#[tokio::test]
async fn entries_of_a_mailbox_go_with_it() {
    let server = Server::start().await;
    let mut client = server.alice().await;
    client
        .speak(
            r#"
            C: 1 CREATE Work
            S: 1 OK ...
            C: 2 SETMETADATA Work (/shared/comment "ours" /private/comment "mine")
            S: 2 OK SETMETADATA completed
            C: 3 RENAME Work Labour
            S: 3 OK ...
            C: 4 GETMETADATA Labour (/shared/comment /private/comment)
            S: * METADATA Labour (/private/comment "mine" /shared/comment "ours")
            S: 4 OK GETMETADATA completed
            C: 5 DELETE Labour
            S: 5 OK ...
            C: 6 CREATE Labour
            S: 6 OK ...
            C: 7 GETMETADATA Labour (DEPTH infinity) (/private)
            S: 7 OK GETMETADATA completed
            C: 8 GETMETADATA Nowhere /private/comment
            S: 8 NO [NONEXISTENT] ...
            "#,
        )
        .await;
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused() {
    let server = Server::start().await;
    let mut client = server.alice().await;
    for bad in ["comment", "/other/x", "/private//x", "/private/x/", "/private/a*", "\"/private/a b\"", "/"] {
        client.say(&format!("1 SETMETADATA INBOX ({bad} \"x\")")).await;
        client.expect("1 BAD ...").await;
    }
    client.speak("C: 2 SETMETADATA \"\" (/shared/comment \"x\")\nS: 2 NO [NOPERM] ...").await;
    let long = "x".repeat(12_289);
    client.say(&format!("3 SETMETADATA INBOX (/private/a {{{}+}}\r\n{long})", long.len())).await;
    client.expect("3 NO [METADATA MAXSIZE 12288] ...").await;
    for number in 0..100 {
        client.run(&format!("SETMETADATA INBOX (/private/n{number} \"x\")")).await;
    }
    client.speak("C: 4 SETMETADATA INBOX (/private/one-more \"x\")\nS: 4 NO [METADATA TOOMANY] ...").await;
    client.speak("C: 5 SETMETADATA INBOX (/private/n7 \"y\")\nS: 5 OK ...").await;
}

#[tokio::test]
async fn a_conversation_is_told_with_its_mailboxes() {
    let server = Server::start().await;
    let mail = |id: &str, more: &str| {
        format!("From: bob@example.test\r\nSubject: Plan\r\nMessage-ID: <{id}@x>\r\n{more}\r\nText\r\n")
    };
    server.deliver("INBOX", &mail("1", "")).await;
    server.deliver("INBOX", &mail("9", "").replace("Plan", "Other")).await;
    server.deliver("INBOX", &mail("2", "References: <1@x>\r\n")).await;
    server.deliver("Sent", &mail("3", "References: <1@x> <2@x>\r\n")).await;
    let mut client = server.inbox().await;
    client
        .speak(
            r#"
            C: 1 FETCH 1:3 (X-GATEPOST-THREAD)
            S: * 1 FETCH (X-GATEPOST-THREAD (("INBOX" 1,3) ("Sent" 1)))
            S: * 2 FETCH (X-GATEPOST-THREAD (("INBOX" 2)))
            S: * 3 FETCH (X-GATEPOST-THREAD (("INBOX" 1,3) ("Sent" 1)))
            S: 1 OK FETCH completed
            "#,
        )
        .await;
    // What is too large to be a conversation is none.
    let many = vec![mail("1", ""); 500];
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    server.deliver_all("Archive", &many, &Flags::default()).await;
    assert_eq!(client.run("FETCH 1 X-GATEPOST-THREAD").await[0], "* 1 FETCH (X-GATEPOST-THREAD NIL)");
}
