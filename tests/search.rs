//! The full-text index through the doors: mail is found by IMAP and in the browser, whatever happens to the index.

use crate::{GATEPOST, server, server_with};
use std::path::Path;
use testkit::{Browser, Options, TestServer, browser::Screen};

fn mail(subject: &str, text: &str) -> String {
    format!("From: Jürgen Müller <juergen@example.org>\nTo: alice@example.test\nSubject: {subject}\n\n{text}\n")
}

async fn deliver(server: &TestServer, to: &str, subject: &str, text: &str) {
    server.deliver("juergen@example.org", to, &mail(subject, text)).await;
}

/// What the index holds, once it holds everything.
fn messages(server: &TestServer) -> u64 {
    let status = server.json(&["search", "status", "--wait"]);
    assert_eq!(status["pending_accounts"], 0, "{status}");
    status["messages"].as_u64().expect("a number")
}

/// Numbers that a fuzzy search of INBOX finds, from the index alone.
async fn found(server: &TestServer, user: &str, search: &str) -> String {
    let mut imap = server.imap(user).await;
    imap.imap("SELECT INBOX").await;
    let lines = imap.imap(&format!("UID SEARCH FUZZY {search}")).await;
    let last = lines.last().expect("has a last line");
    assert!(!last.contains("UNINDEXED"), "{search} was not answered by the index: {last}");
    let numbers = lines.iter().find_map(|line| line.strip_prefix("* SEARCH")).expect("a result");
    numbers.trim().to_owned()
}

#[tokio::test]
async fn mail_is_found_until_it_is_gone() {
    let server = server().await;
    deliver(&server, "alice@example.test", "Quarterly report", "The figures of the second quarter").await;
    // Found at once, whether the index has it or not.
    let mut imap = server.imap("alice").await;
    imap.imap("SELECT INBOX").await;
    assert!(imap.imap("SEARCH FUZZY TEXT figures").await[0].ends_with("SEARCH 1"));
    assert_eq!(messages(&server), 1);
    assert_eq!(found(&server, "alice", "FROM mueller").await, "1");
    assert_eq!(found(&server, "alice", "TEXT quarter").await, "1");
    imap.imap("MOVE 1 Archive").await;
    assert_eq!(messages(&server), 1);
    assert_eq!(found(&server, "alice", "TEXT quarter").await, "");
    let lines = imap.imap("ESEARCH IN (personal) FUZZY TEXT quarter").await;
    assert!(lines.iter().any(|line| line.contains("MAILBOX Archive")), "{lines:?}");
    imap.imap("SELECT Archive").await;
    imap.imap("STORE 1 +FLAGS (\\Deleted)").await;
    imap.imap("EXPUNGE").await;
    assert_eq!(messages(&server), 0);
    assert_eq!(imap.imap("ESEARCH IN (personal) FUZZY TEXT quarter").await.len(), 1);
}

#[tokio::test]
async fn another_account_is_never_found() {
    let server = server().await;
    deliver(&server, "alice@example.test", "Secret of alice", "For alice alone").await;
    deliver(&server, "bob@example.test", "Secret of bob", "For bob alone").await;
    assert_eq!(messages(&server), 2);
    for (user, other) in [("alice", "bob"), ("bob", "alice")] {
        assert_eq!(found(&server, user, "TEXT secret").await, "1");
        assert_eq!(found(&server, user, &format!("SUBJECT {other}")).await, "");
        let mut imap = server.imap(user).await;
        let lines = imap.imap("ESEARCH IN (personal) RETURN (COUNT X-GATEPOST-NEWEST 1:50) FUZZY TEXT secret").await;
        assert!(lines.iter().any(|line| line.contains(") 1 (INBOX ")), "{lines:?}");
        assert_eq!(lines.len(), 3, "{lines:?}");
        for name in [format!("Shared/{other}@example.test/INBOX"), "../1/INBOX".to_owned()] {
            let lines = imap.imap(&format!("ESEARCH IN (mailboxes \"{name}\") FUZZY TEXT secret")).await;
            assert_eq!(lines.len(), 1, "{lines:?}");
        }
    }
    let output = server.run(&["account", "remove", "bob@example.test", "--yes"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(messages(&server), 1);
}

#[tokio::test]
async fn a_rebuilt_index_equals_the_original() {
    let mut server = server().await;
    for number in 0..30 {
        deliver(&server, "alice@example.test", &format!("Number {number}"), &format!("word{}", number % 3)).await;
    }
    let asked = ["TEXT word0", "TEXT word1", "SUBJECT number", "SUBJECT 7", "FROM muller"];
    let answers = async |server: &TestServer| {
        assert_eq!(messages(server), 30);
        let mut answers = Vec::new();
        for search in asked {
            answers.push(found(server, "alice", search).await);
        }
        answers
    };
    let before = answers(&server).await;
    let status = server.json(&["search", "rebuild", "--wait"]);
    assert_eq!(status["messages"], 30, "{status}");
    assert_eq!(answers(&server).await, before);
    // And without a server, and of one that is not there any more.
    assert!(server.stop().await);
    std::fs::remove_dir_all(server.dir().join("search")).expect("removes the index");
    let status = server.json(&["search", "rebuild"]);
    assert_eq!((&status["messages"], &status["pending_accounts"]), (&30.into(), &0.into()), "{status}");
    server.serve().await;
    assert_eq!(answers(&server).await, before);
}

#[tokio::test]
async fn a_kill_while_indexing_loses_nothing() {
    let mut server = server_with("").await;
    let mut total = 0;
    for round in 0..4 {
        for number in 0..25 {
            deliver(&server, "alice@example.test", &format!("Round{round} n{number}"), "text of a message").await;
        }
        total += 25;
        // Killed in the middle of its work, and once of a rebuild.
        if round == 2 {
            server.json(&["search", "rebuild"]);
        }
        server.kill();
        server.serve().await;
    }
    assert_eq!(messages(&server), total);
    for round in 0..4 {
        assert!(found(&server, "alice", &format!("SUBJECT round{round}")).await.len() > 20);
    }
    let all = found(&server, "alice", "TEXT message").await;
    assert_eq!(
        all,
        "1:100".to_owned().replace("1:100", &(1..=100).map(|n| n.to_string()).collect::<Vec<_>>().join(" "))
    );
    let status = server.json(&["search", "status"]);
    assert_eq!(status["set_aside"], serde_json::Value::Null, "{status}");
}

#[tokio::test]
async fn a_damaged_index_is_set_aside_and_made_good() {
    let mut server = server().await;
    deliver(&server, "alice@example.test", "Sound", "and whole").await;
    assert_eq!(messages(&server), 1);
    server.kill();
    garble(&server.dir().join("search"));
    server.serve().await;
    assert_eq!(messages(&server), 1);
    assert_eq!(found(&server, "alice", "TEXT whole").await, "1");
    let status = server.json(&["search", "status"]);
    assert!(status["set_aside"].is_string(), "{status}");
    let metrics = server.pages().get("/metrics").await.text();
    assert!(metrics.contains("gatepost_search_pending_accounts 0"), "{metrics}");
    assert!(metrics.contains("gatepost_search_messages 1"), "{metrics}");
    assert_eq!(server.json(&["store", "stats"])["search_pending_accounts"], 0);
}

/// Changes bytes in the middle of all files of an index.
fn garble(dir: &Path) {
    for entry in std::fs::read_dir(dir).expect("reads") {
        let path = entry.expect("reads").path();
        if path.is_dir() {
            garble(&path);
        } else if path.extension().is_some_and(|ending| ["idx", "term", "fast", "pos"].iter().any(|one| ending == *one))
        {
            let mut bytes = std::fs::read(&path).expect("reads");
            let middle = bytes.len() / 3;
            bytes.iter_mut().skip(middle).take(30).for_each(|byte| *byte ^= 0x5a);
            std::fs::write(&path, bytes).expect("writes");
        }
    }
}

/// The search box: all folders, newest first, conditions, marks, a message beside the results, pages that axe finds no fault in.
#[tokio::test]
async fn the_search_box_finds_in_all_folders() {
    let server = server().await;
    for number in 0..55 {
        deliver(&server, "alice@example.test", &format!("Filler {number}"), "plain words").await;
    }
    deliver(&server, "alice@example.test", "Invoice from the shop", "Please pay the invoice").await;
    let mut imap = server.imap("alice").await;
    imap.imap("SELECT INBOX").await;
    imap.imap("MOVE 56 Archive").await;
    deliver(&server, "alice@example.test", "Second INVOICE", "Rückfrage").await;
    deliver(&server, "bob@example.test", "Invoice of bob", "not for alice").await;
    messages(&server);
    let browser = Browser::start().await;
    browser.sign_in(&server, "alice").await;
    let search = async |text: &str| {
        browser.fill("#search", text).await;
        browser.keys("\u{e007}").await;
    };
    search("invoice").await;
    browser.wait_until("document.querySelectorAll('.results .row').length === 2").await;
    let subjects = browser
        .evaluate("[...document.querySelectorAll('.results .row-subject .truncate')].map(e => e.textContent)")
        .await;
    assert_eq!(subjects, serde_json::json!(["Second INVOICE", "Invoice from the shop"]));
    let marks =
        browser.evaluate("[...document.querySelectorAll('.results .row-subject mark')].map(e => e.textContent)").await;
    assert_eq!(marks, serde_json::json!(["INVOICE", "Invoice"]));
    browser.wait_text("Archive").await;
    browser.accessible("search results").await;
    browser.click(".results .row:nth-child(2) .row-link").await;
    browser.wait_text("Please pay the invoice").await;
    browser.wait_for(".results .row:nth-child(2).open").await;
    browser.accessible("search results with a message").await;
    // The page is the same when it is loaded by its address.
    browser.driver.refresh().await.expect("reloads");
    browser.wait_text("Please pay the invoice").await;
    browser.wait_until("document.querySelectorAll('.results .row').length === 2").await;
    for (text, count) in [
        ("in:archive invoice", 1),
        ("rueckfrage", 1),
        ("from:muller invoice -shop", 1),
        ("\"pay the invoice\"", 1),
        ("\"the pay invoice\"", 0),
        ("is:starred", 0),
        ("has:attachment", 0),
        ("in:nowhere invoice", 0),
        ("before:2001-01-01", 0),
    ] {
        search(text).await;
        browser
            .wait_until(&format!(
                "new URLSearchParams(location.search).get('q') === {} && document.querySelectorAll('.results .row').length === {count}",
                serde_json::json!(text)
            ))
            .await;
        if count == 0 {
            browser.wait_for(".empty").await;
        }
    }
    browser.accessible("a search without results").await;
    search("filler").await;
    browser.wait_until("document.querySelectorAll('.results .row').length === 50").await;
    browser.click(".pager a[rel=next]").await;
    browser.wait_until("document.querySelectorAll('.results .row').length === 5").await;
    for screen in [Screen::PHONE, Screen::PHONE.dark(), Screen::DESKTOP.dark()] {
        browser.screen(screen).await;
        search("invoice").await;
        browser.wait_until("document.querySelectorAll('.results .row').length === 2").await;
        browser.accessible("search results").await;
        browser.fits("search results").await;
    }
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:?}");
}

/// In German too, and from the keyboard.
#[tokio::test]
async fn the_search_box_speaks_german() {
    let server = TestServer::start(GATEPOST, Options { config: String::new(), accounts: vec!["alice"] }).await;
    deliver(&server, "alice@example.test", "Rechnung", "Bitte zahlen").await;
    messages(&server);
    let browser = Browser::start().await;
    browser.sign_in(&server, "alice").await;
    browser.wait_text("Rechnung").await;
    browser.keys("/").await;
    browser.keys("von:juergen rechnung\u{e007}").await;
    browser.wait_until("document.querySelectorAll('.results .row').length === 1").await;
}
