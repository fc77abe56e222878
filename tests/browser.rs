//! The journeys of people in real Chromium: by mouse and by keyboard, on a desk and on a phone.

use crate::{GATEPOST, base64, server};
use testkit::{Browser, Options, TestServer, browser::Screen};

/// alice reads, answers bob, and bob sees it without reloading.
#[tokio::test]
async fn an_answer_appears_in_the_other_window() {
    let server = server().await;
    let text = "From: Bob <bob@example.test>\nTo: alice@example.test\nSubject: Lunch?\nMessage-ID: <lunch@example.test>\n\nAt noon?\n";
    server.deliver("bob@example.test", "alice@example.test", text).await;
    let (alice, bob) = (Browser::start().await, Browser::start().await);
    bob.sign_in(&server, "bob").await;
    bob.wait_for(".empty").await;
    alice.sign_in(&server, "alice").await;
    alice.click(".row-link").await;
    alice.wait_text("At noon?").await;
    alice.wait_gone(".row.unread").await;
    alice.keys("r").await;
    alice.wait_for("#compose").await;
    assert_eq!(alice.evaluate("document.querySelector('#subject').value").await, "Re: Lunch?");
    alice.click("#rich").await;
    alice.keys("Gladly. See you there.").await;
    alice.click("#compose button[value=send]").await;
    alice.wait_gone("#compose").await;
    // No reload: the list of bob's open window fills by itself.
    bob.wait_text("Re: Lunch?").await;
    bob.click(".row-link").await;
    bob.wait_text("Gladly. See you there.").await;
}

#[tokio::test]
async fn mail_from_outside_appears_by_itself() {
    let server = server().await;
    let browser = Browser::start().await;
    browser.sign_in(&server, "alice").await;
    browser.wait_for(".empty").await;
    server
        .deliver(
            "carol@example.org",
            "alice@example.test",
            "From: Carol <carol@example.org>\nSubject: Good news\n\nx\n",
        )
        .await;
    browser.wait_text("Good news").await;
    browser.wait_until("document.title.includes('1')").await;
}

/// Everything a hostile message could try: no script runs and nothing is fetched.
#[tokio::test]
async fn hostile_mail_stays_on_its_page() {
    let server = server().await;
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/xss-vectors");
    let vectors = vectors(&corpus);
    assert!(vectors.len() > 100, "the corpus has {} vectors", vectors.len());
    let html = vectors.join("\n<hr>\n");
    let mark = "<img src='http://127.0.0.1:9/pixel' onerror='parent.document.title=\"hit\"'><script>parent.document.title='hit'</script>";
    let message = format!(
        "From: Mallory <m@example.org>\nTo: alice@example.test\nDate: Wed, 25 Nov 2026 10:00:00 +0000\n\
         Message-ID: <vectors@example.org>\nSubject: Vectors\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\
         Content-Transfer-Encoding: base64\n\n{}\n",
        lines(&base64(format!("<p>begin {mark}</p>{html}<p>the end</p>").as_bytes()))
    );
    server.deliver("m@example.org", "alice@example.test", &message).await;
    let browser = Browser::start().await;
    browser.sign_in(&server, "alice").await;
    browser.click(".row-link").await;
    browser.wait_for("iframe").await;
    browser.wait_until("document.querySelector('iframe').getBoundingClientRect().height > 20").await;
    let title = browser.driver.title().await.expect("has a title");
    assert!(title.contains("Vectors"), "the title was changed: {title}");
    let fetched = browser
        .evaluate(
            "performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith(location.origin))",
        )
        .await;
    assert_eq!(fetched, serde_json::json!([]));
    let sandbox = browser.evaluate("document.querySelector('iframe').getAttribute('sandbox')").await;
    assert!(sandbox.as_str().is_some_and(|value| !value.contains("allow-scripts")), "{sandbox}");
    assert!(browser.driver.get_alert_text().await.is_err(), "a dialog was opened");
}

/// Lines of 76 characters (RFC 2045 section 6.8).
fn lines(text: &str) -> String {
    text.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line)).collect::<Vec<_>>().join("\n")
}

/// HTML of the vectors: every string of their files.
fn vectors(corpus: &std::path::Path) -> Vec<String> {
    fn strings(value: &serde_json::Value, found: &mut Vec<String>) {
        match value {
            serde_json::Value::String(text) if text.contains('<') => found.push(text.clone()),
            serde_json::Value::Array(values) => values.iter().for_each(|value| strings(value, found)),
            serde_json::Value::Object(values) => values.values().for_each(|value| strings(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    let mut folders = vec![corpus.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("reads").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = String::from_utf8_lossy(&std::fs::read(&path).expect("reads")).into_owned();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("json") => {
                    if let Ok(value) = serde_json::from_str(&text) {
                        strings(&value, &mut found);
                    }
                }
                Some("html" | "txt") => found.extend(text.lines().filter(|line| line.contains('<')).map(str::to_owned)),
                _ => {}
            }
        }
    }
    found
}

/// From the list to the sent answer without a mouse.
#[tokio::test]
async fn the_keyboard_does_it_all() {
    let server = server().await;
    for subject in ["First", "Second", "Third"] {
        let text =
            format!("From: Bob <bob@example.test>\nTo: alice@example.test\nSubject: {subject}\n\nText of {subject}\n");
        server.deliver("bob@example.test", "alice@example.test", &text).await;
    }
    let browser = Browser::start().await;
    browser.sign_in(&server, "alice").await;
    browser.wait_text("Third").await;
    browser.keys("j").await;
    browser.keys("j").await;
    browser.keys("\u{e007}").await;
    browser.wait_text("Text of Second").await;
    browser.keys("e").await;
    browser.wait_gone("#rows a[href*='/2']").await;
    browser.keys("?").await;
    browser.wait_for("dialog[open]").await;
    browser.keys("\u{e00c}").await;
    browser.wait_gone("dialog[open]").await;
    browser.keys("/").await;
    browser.keys("subject:First\u{e007}").await;
    browser.wait_until("document.querySelectorAll('#rows .row').length === 1").await;
    browser.keys("c").await;
    browser.wait_for("#compose").await;
    browser.keys("bob@example.test\u{e004}").await;
    browser.fill("#subject", "By keyboard").await;
    browser.keys("\u{e004}No mouse was used.").await;
    browser.keys("\u{e009}\u{e007}\u{e000}").await;
    browser.wait_gone("#compose").await;
    let lines = server.imap("bob").await.imap("STATUS INBOX (MESSAGES)").await;
    assert!(lines[0].contains("MESSAGES 1"), "{lines:?}");
}

/// A draft is saved by itself, and what was typed is there after the window was closed.
#[tokio::test]
async fn a_draft_outlives_its_window() {
    let server = server().await;
    {
        let browser = Browser::start().await;
        browser.sign_in(&server, "alice").await;
        browser.goto(&server.url("/mail/-/compose")).await;
        browser.fill("#to", "bob@example.test").await;
        browser.fill("#subject", "Unfinished").await;
        browser.click("#rich").await;
        browser.keys("As far as this").await;
        browser.wait_until("document.querySelector('input[name=draft]').value !== ''").await;
    }
    let browser = Browser::start().await;
    browser.sign_in(&server, "alice").await;
    browser.goto(&server.url("/mail/Drafts")).await;
    browser.click(".row-link").await;
    browser.wait_for("#compose").await;
    browser.wait_until("document.querySelector('#rich').innerText.trim() === 'As far as this'").await;
}

/// Every kind of page, in the four screens: no fault of accessibility, none wider than the screen, no complaint of the browser.
async fn pages_are_sound(user: &str, paths: &[&str]) {
    let server = TestServer::demo(GATEPOST).await;
    let browser = Browser::start().await;
    browser.goto(&server.url("/sign-in")).await;
    browser.accessible("sign-in").await;
    browser.sign_in(&server, user).await;
    for screen in [Screen::DESKTOP, Screen::DESKTOP.dark(), Screen::PHONE, Screen::PHONE.dark()] {
        browser.screen(screen).await;
        for path in paths {
            browser.goto(&server.url(path)).await;
            browser.wait_until("document.readyState === 'complete'").await;
            let name = format!("{path} on {screen:?}");
            browser.accessible(&name).await;
            browser.fits(&name).await;
        }
    }
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[tokio::test]
async fn webmail_pages_are_sound() {
    let paths = [
        "/mail/INBOX",
        "/mail/INBOX?q=is%3Aunread",
        "/mail/INBOX?q=no-such-words-anywhere",
        "/mail/INBOX/1",
        "/mail/Trash",
        "/mail/-/compose",
        "/mail/-/folders",
        "/mail/-/settings",
    ];
    pages_are_sound("alice", &paths).await;
}

#[tokio::test]
async fn console_pages_are_sound() {
    let paths = [
        "/admin/",
        "/admin/domains",
        "/admin/domains/new",
        "/admin/domains/example.test",
        "/admin/domains/example.test/dns",
        "/admin/accounts",
        "/admin/accounts/alice@example.test",
        "/admin/accounts/new",
        "/admin/aliases",
        "/admin/queue",
        "/admin/filter",
        "/admin/filter/policy",
        "/admin/trace",
    ];
    pages_are_sound("admin", &paths).await;
}

/// A mailbox of 100,000 messages is opened, paged and changed as one of a hundred.
#[tokio::test]
async fn a_very_large_mailbox_opens_at_once() {
    let server = TestServer::start(GATEPOST, Options { config: String::new(), accounts: vec!["alice"] }).await;
    let mut imap = server.imap("alice").await;
    imap.imap("SELECT INBOX").await;
    let message = "From: Bob <bob@example.test>\r\nTo: alice@example.test\r\nSubject: One of many\r\n\r\nText\r\n";
    imap.say(&format!("a1 APPEND INBOX {{{}+}}", message.len())).await;
    imap.send(message.as_bytes()).await;
    imap.send(b"\r\n").await;
    imap.until("a1 OK").await;
    // Doubled by copying, then by copies of the most that one command takes.
    for round in 0..15 {
        imap.imap(&format!("COPY 1:{} INBOX", 1_u32 << round)).await;
    }
    for _ in 0..3 {
        imap.imap("COPY 1:32768 INBOX").await;
    }
    imap.imap("STORE * +FLAGS (\\Flagged)").await;
    let browser = Browser::start().await;
    browser.sign_in(&server, "alice").await;
    browser.wait_until("document.querySelectorAll('#rows .row').length > 20").await;
    assert!(browser.evaluate("document.body.innerText").await.as_str().is_some_and(|text| text.contains("131")));
    assert!(browser.evaluate("document.querySelectorAll('*').length").await.as_u64().is_some_and(|nodes| nodes < 5000));
    browser.click("a[rel=next]").await;
    browser.wait_for("a[rel=prev]").await;
    browser.click(".row .star").await;
    browser.wait_for(".row .star[aria-pressed=true]").await;
}
