//! FUZZY (RFC 6203) and searches over several mailboxes (RFC 7377), with the full-text index and without.

use crate::Server;
use config::Settings;
use imap::Context;
use search::{Index, Options};
use std::sync::Arc;
use store::Flags;

const MAIL: [&str; 3] = [
    "From: Jürgen Müller <jm@example.org>\r\nTo: alice@example.test\r\nSubject: Quarterly report\r\n\r\nThe figures are good.\r\n",
    "From: Bob <bob@example.test>\r\nSubject: Lunch\r\n\r\nQuarterly figures over lunch, and a report\r\n",
    "From: Carol <carol@example.org>\r\nSubject: Files\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nSee the table.\r\n\
        --b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=prices.pdf\r\n\r\nx\r\n--b--\r\n",
];

/// A server with an index, and the index.
async fn indexed() -> (Server, Index) {
    let server = Server::start().await;
    let dir = server._folder.path().join("search");
    let index = Index::open(&dir, server.store(), Options { heap_bytes: 16 << 20, is_gentle: false }).unwrap();
    index.start().unwrap();
    let settings = Arc::new(Settings::new("mail.example.test", server._folder.path()));
    let context = Context::new(server.context.directory().clone(), settings, None, server.shutdown.clone());
    (Server { context: Arc::new(context.with_search(index.clone())), ..server }, index)
}

const SEARCHES: [(&str, &str); 11] = [
    ("FUZZY SUBJECT quarterly", "1"),
    ("FUZZY TEXT quarterly", "1 2"),
    ("FUZZY (TEXT quarterly FROM bob)", "2"),
    ("TEXT quarterly NOT FUZZY SUBJECT lunch", "1"),
    ("OR FUZZY SUBJECT files FUZZY SUBJECT report", "1 3"),
    ("FUZZY TEXT \"quarterly figures\"", "2"),
    ("FUZZY BODY \"\\\"figures\\\"\"", "1 2"),
    ("FUZZY KEYWORD $HasAttachment", "3"),
    ("FUZZY SUBJECT nothing", ""),
    ("FUZZY SEEN", ""),
    ("FUZZY TEXT \"...\"", ""),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_index_answers_as_messages_do() {
    let (server, index) = indexed().await;
    server.deliver_all("INBOX", &MAIL, &Flags::default()).await;
    index.caught_up().await;
    let mut client = server.inbox().await;
    for (search, found) in SEARCHES {
        let lines = client.run(&format!("SEARCH {search}")).await;
        assert_eq!(lines[0], format!("* SEARCH {found}").trim_end(), "{search}");
        let is_asked = !search.contains("...");
        assert_eq!(lines[1] == "OK SEARCH completed", is_asked, "{search}: {lines:?}");
    }
    // Only the index knows these.
    for (search, found) in [
        ("FUZZY FROM mueller", "1"),
        ("FUZZY FROM muller", "1"),
        ("FUZZY TEXT prices", "3"),
        ("FUZZY SUBJECT \"\\\"quarter\\\"\"", ""),
    ] {
        assert_eq!(
            client.run(&format!("SEARCH {search}")).await[0],
            format!("* SEARCH {found}").trim_end(),
            "{search}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_index_messages_are_looked_at() {
    let server = Server::start().await;
    server.deliver_all("INBOX", &MAIL, &Flags::default()).await;
    let mut client = server.inbox().await;
    for (search, found) in SEARCHES {
        let lines = client.run(&format!("SEARCH {search}")).await;
        assert_eq!(lines[0], format!("* SEARCH {found}").trim_end(), "{search}");
    }
    let lines = client.run("SEARCH FUZZY TEXT quarterly").await;
    assert_eq!(lines[1], "OK [X-GATEPOST-UNINDEXED 3] SEARCH completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_index_lacks_is_found_all_the_same() {
    let (server, index) = indexed().await;
    server.deliver("INBOX", MAIL[0]).await;
    index.caught_up().await;
    // From here on it falls behind.
    index.close();
    server.deliver("INBOX", MAIL[1]).await;
    let mut client = server.inbox().await;
    let lines = client.run("SEARCH FUZZY TEXT quarterly").await;
    assert_eq!(lines, ["* SEARCH 1 2", "OK [X-GATEPOST-UNINDEXED 1] SEARCH completed"]);
    client.run("STORE 1 +FLAGS (\\Deleted)").await;
    client.run("EXPUNGE").await;
    assert_eq!(client.run("SEARCH FUZZY TEXT quarterly").await[0], "* SEARCH 1");
    assert_eq!(client.run("SEARCH FUZZY FROM muller").await[0], "* SEARCH");
}

#[tokio::test(flavor = "multi_thread")]
async fn relevancy_is_told() {
    let (server, index) = indexed().await;
    server.deliver_all("INBOX", &MAIL, &Flags::default()).await;
    index.caught_up().await;
    let mut client = server.inbox().await;
    let lines = client.run("UID SEARCH RETURN (RELEVANCY ALL) FUZZY TEXT report").await;
    assert!(lines[0].starts_with("* ESEARCH (TAG \"run\") UID ALL 1:2 RELEVANCY (100 "), "{lines:?}");
    assert_eq!(client.run("SORT (RELEVANCY) UTF-8 FUZZY TEXT report").await[0], "* SORT 1 2");
    assert_eq!(client.run("SORT (REVERSE RELEVANCY) UTF-8 FUZZY TEXT report").await[0], "* SORT 2 1");
    assert!(client.run_any("SEARCH RETURN (RELEVANCY) TEXT report").await[0].starts_with("BAD"));
    assert!(client.run_any("SORT (RELEVANCY) UTF-8 TEXT report").await[0].starts_with("BAD"));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_mailboxes_at_once() {
    for with_index in [false, true] {
        let (server, index) = indexed().await;
        let mut client = server.alice().await;
        client.run("CREATE Work/Deep/Er").await;
        client.run("CREATE \"W&APw-rfel\"").await;
        server.deliver_all("INBOX", &MAIL, &Flags::default()).await;
        for mailbox in ["Archive", "Work", "Work/Deep", "Work/Deep/Er", "Würfel"] {
            server.deliver(mailbox, MAIL[1]).await;
        }
        if with_index {
            index.caught_up().await;
        } else {
            index.close();
        }
        for (search, mailboxes) in [
            (
                "IN (personal) FUZZY SUBJECT lunch",
                vec!["INBOX", "Archive", "Work", "Work/Deep", "Work/Deep/Er", "W&APw-rfel"],
            ),
            ("IN (inboxes) FUZZY SUBJECT lunch", vec!["INBOX"]),
            ("IN (mailboxes Archive) SUBJECT lunch", vec!["Archive"]),
            ("IN (mailboxes (Archive \"W&APw-rfel\" nowhere)) SUBJECT lunch", vec!["Archive", "W&APw-rfel"]),
            ("IN (subtree Work) FUZZY TEXT quarterly", vec!["Work", "Work/Deep", "Work/Deep/Er"]),
            ("IN (subtree-one Work) FUZZY TEXT quarterly", vec!["Work", "Work/Deep"]),
            ("IN (subtree-one Work inboxes) FUZZY TEXT quarterly", vec!["INBOX", "Work", "Work/Deep"]),
            ("IN (personal) SUBJECT nothing", vec![]),
        ] {
            let lines = client.run(&format!("ESEARCH {search}")).await;
            let told = lines.iter().filter_map(|line| line.strip_prefix("* ESEARCH (TAG \"run\" MAILBOX "));
            let mut told: Vec<String> =
                told.map(|rest| rest.split(" UIDVALIDITY ").next().unwrap().to_owned()).collect();
            let mut mailboxes: Vec<String> = mailboxes.into_iter().map(str::to_owned).collect();
            told.iter_mut().for_each(|name| *name = name.trim_matches('"').to_owned());
            told.sort_unstable();
            mailboxes.sort_unstable();
            assert_eq!(told, mailboxes, "{search}: {lines:?}");
        }
        let lines = client.run("ESEARCH IN (mailboxes INBOX) RETURN (MIN MAX COUNT) FUZZY TEXT quarterly").await;
        assert!(lines[0].ends_with(") UID MIN 1 MAX 2 COUNT 2"), "{lines:?}");
        assert!(client.run_any("ESEARCH FUZZY TEXT x").await[0].starts_with("BAD"), "nothing is selected");
        assert!(client.run_any("ESEARCH IN (personal) 1:2").await[0].starts_with("BAD"));
        assert!(client.run_any("ESEARCH IN (personal) RETURN (SAVE) ALL").await[0].starts_with("BAD"));
        client.run("SELECT Archive").await;
        let lines = client.run("ESEARCH SUBJECT lunch").await;
        assert!(lines[0].starts_with("* ESEARCH (TAG \"run\" MAILBOX Archive UIDVALIDITY "), "{lines:?}");
        assert_eq!(client.run("ESEARCH RETURN (COUNT) 1").await.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_of_all_mailboxes() {
    for with_index in [false, true] {
        let (server, index) = indexed().await;
        let mut client = server.alice().await;
        for (mailbox, day) in [("INBOX", 3), ("Archive", 5), ("INBOX", 1), ("Sent", 4), ("INBOX", 2)] {
            let text = "Subject: dated\r\n\r\nx\r\n";
            client.say(&format!("a APPEND {mailbox} \"0{day}-Nov-2026 10:00:00 +0000\" {{{}+}}", text.len())).await;
            client.say(text).await;
            client.expect("a OK ...").await;
        }
        if with_index {
            index.caught_up().await;
        } else {
            index.close();
        }
        let told = async |client: &mut crate::Client, command: &str| {
            let lines = client.run(command).await;
            let line = lines.iter().find_map(|line| line.strip_prefix("* X-GATEPOST-NEWEST (TAG \"run\") ")).unwrap();
            let (total, list) = line.split_once(" (").unwrap();
            let words: Vec<&str> = list.trim_end_matches(')').split(' ').filter(|word| !word.is_empty()).collect();
            let places = words.chunks_exact(3).map(|place| format!("{}{}", place[0], place[2])).collect::<Vec<_>>();
            format!("{total}: {}", places.join(" "))
        };
        let all = "ESEARCH IN (personal) RETURN (X-GATEPOST-NEWEST 1:50) FUZZY SUBJECT dated";
        assert_eq!(told(&mut client, all).await, "5: Archive1 Sent1 INBOX1 INBOX3 INBOX2");
        let part = "ESEARCH IN (personal) RETURN (X-GATEPOST-NEWEST 2:3) FUZZY SUBJECT dated";
        assert_eq!(told(&mut client, part).await, "5: Sent1 INBOX1");
        let beyond = "ESEARCH IN (personal) RETURN (X-GATEPOST-NEWEST 9:20) ALL";
        assert_eq!(told(&mut client, beyond).await, "5: ");
        let unread = "ESEARCH IN (personal) RETURN (X-GATEPOST-NEWEST 1:1) UNSEEN";
        assert_eq!(told(&mut client, unread).await, "5: Archive1");
        assert!(client.run_any("SEARCH RETURN (X-GATEPOST-NEWEST 1:2) ALL").await[0].starts_with("BAD"));
    }
}
