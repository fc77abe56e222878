//! Reading mail in real Chromium: conversations, many messages at once, and what a message is shown with.

use crate::server;
use testkit::{Browser, TestServer};

/// A message of a conversation.
fn letter(from: &str, subject: &str, id: &str, references: &[&str], text: &str) -> String {
    let references: Vec<String> = references.iter().map(|id| format!("<{id}@example.test>")).collect();
    let references =
        if references.is_empty() { String::new() } else { format!("References: {}\n", references.join(" ")) };
    format!(
        "From: {from} <{}@example.test>\nTo: alice@example.test\nSubject: {subject}\nMessage-ID: <{id}@example.test>\n{references}\n{text}\n",
        from.to_lowercase()
    )
}

/// Puts a message into one of alice's mailboxes.
async fn append(server: &TestServer, mailbox: &str, message: &str) {
    let mut imap = server.imap("alice").await;
    let message = message.replace('\n', "\r\n");
    imap.say(&format!("a1 APPEND {mailbox} {{{}+}}", message.len())).await;
    imap.send(message.as_bytes()).await;
    imap.send(b"\r\n").await;
    imap.until("a1 OK").await;
}

/// What belongs together is one row and one page, one's own answers included, whichever folder they are in.
#[tokio::test]
async fn a_conversation_is_read_as_one() {
    let server = server().await;
    server.deliver("bob@example.test", "alice@example.test", &letter("Bob", "Plan", "p1", &[], "First words")).await;
    append(&server, "Sent (\\Seen)", &letter("Alice", "Re: Plan", "p2", &["p1"], "My answer\n\n> First words")).await;
    server
        .deliver(
            "bob@example.test",
            "alice@example.test",
            &letter("Bob", "Re: Plan", "p3", &["p1", "p2"], "Last words"),
        )
        .await;
    server.deliver("carol@example.test", "alice@example.test", &letter("Carol", "Other", "o1", &[], "Alone")).await;
    let browser = Browser::start().await;
    browser.sign_in(&server, "alice").await;
    browser.wait_until("document.querySelectorAll('#rows .row').length === 2").await;
    assert_eq!(browser.evaluate("document.querySelector('.row-count [aria-hidden]').textContent").await, "3");
    browser.click(".row:has(.row-count) .row-link").await;
    browser.wait_text("Last words").await;
    browser.wait_until("document.querySelectorAll('#reader .card-message').length === 3").await;
    // New ones and the last are open; one's own answer from Sent is a line that opens.
    assert_eq!(browser.evaluate("document.querySelectorAll('#reader details.card-message[open]').length").await, 2);
    browser.accessible("a conversation").await;
    browser.click("#reader .card-message.closed summary").await;
    browser.wait_text("My answer").await;
    browser.wait_gone("#reader .card-message.closed").await;
    assert!(browser.evaluate("document.querySelector('#reader').innerText").await.as_str().unwrap().contains("Sent"));
    // All at once, by key.
    browser.keys(";").await;
    browser.wait_until("document.querySelectorAll('#reader details.card-message[open]').length === 0").await;
    browser.keys(";").await;
    browser.wait_until("document.querySelectorAll('#reader details.card-message[open]').length === 3").await;
    // Archiving takes all of it that is here along.
    browser.keys("e").await;
    browser.wait_until("document.querySelectorAll('#rows .row').length === 1").await;
    let lines = server.imap("alice").await.imap("STATUS Archive (MESSAGES)").await;
    assert!(lines[0].contains("MESSAGES 2"), "{lines:?}");
    browser.click(".undo button").await;
    browser.wait_until("document.querySelectorAll('#rows .row').length === 2").await;
    // Who prefers messages gets messages, on every device.
    browser.goto(&server.url("/mail/-/settings")).await;
    browser.click("input[name=conversations][value='0']").await;
    browser.click("button[value=choices]").await;
    browser.wait_for(".notice.good").await;
    browser.goto(&server.url("/mail/INBOX")).await;
    browser.wait_until("document.querySelectorAll('#rows .row').length === 3").await;
}

/// The window stays called after the message that is open, whatever comes in meanwhile.
#[tokio::test]
async fn news_does_not_rename_the_window() {
    let server = server().await;
    server.deliver("bob@example.test", "alice@example.test", &letter("Bob", "Open me", "a", &[], "Words")).await;
    let browser = Browser::start().await;
    browser.sign_in(&server, "alice").await;
    browser.click(".row-link").await;
    browser.wait_until("document.title.startsWith('Open me')").await;
    server.deliver("bob@example.test", "alice@example.test", &letter("Bob", "News", "b", &[], "More")).await;
    browser.wait_until("document.querySelectorAll('#rows .row').length === 2").await;
    browser.wait_until("document.querySelector('#list-form').dataset.title.includes('(1)')").await;
    assert!(browser.driver.title().await.expect("has a title").starts_with("Open me"));
    browser.keys("u").await;
}

/// Everything in a folder is moved behind the page, with progress, and taken back.
#[tokio::test]
async fn a_whole_folder_is_archived_and_brought_back() {
    let server = server().await;
    append(&server, "INBOX", &letter("Bob", "One of many", "m", &[], "Text")).await;
    let mut imap = server.imap("alice").await;
    imap.imap("SELECT INBOX").await;
    for round in 0..11 {
        imap.imap(&format!("COPY 1:{} INBOX", 1_u32 << round)).await;
    }
    let browser = Browser::start().await;
    browser.sign_in(&server, "alice").await;
    browser.click("#pick-all").await;
    browser.wait_for("#pick-more").await;
    browser.accessible("a whole page selected").await;
    browser.click("[data-pick=all]").await;
    browser.wait_text("All 2048 messages are selected").await;
    browser.click(".bulk button[value=archive]").await;
    browser.wait_for(".undo").await;
    browser.wait_for("#list .empty").await;
    let count = |lines: Vec<String>| lines[0].split("MESSAGES ").nth(1).unwrap_or_default().to_owned();
    assert!(count(imap.imap("STATUS Archive (MESSAGES)").await).starts_with("2048"));
    browser.click(".undo button").await;
    browser.wait_until("document.querySelectorAll('#rows .row').length > 20").await;
    browser.wait_text("2048 messages").await;
    assert!(count(imap.imap("STATUS Archive (MESSAGES)").await).starts_with('0'));
}

#[tokio::test]
async fn shift_selects_a_range() {
    let server = server().await;
    for number in 0..5 {
        let text = letter("Bob", &format!("Number {number}"), &format!("n{number}"), &[], "Text");
        server.deliver("bob@example.test", "alice@example.test", &text).await;
    }
    let browser = Browser::start().await;
    browser.sign_in(&server, "alice").await;
    browser.wait_until("document.querySelectorAll('#rows .row').length === 5").await;
    browser.click(".row:nth-child(2) .pick").await;
    browser.evaluate("document.querySelector('.row:nth-child(4) .pick').dispatchEvent(new MouseEvent('click', { bubbles: true, shiftKey: true, cancelable: true }))").await;
    assert_eq!(browser.evaluate("document.querySelectorAll('.pick:checked').length").await, 3);
    browser.keys("#").await;
    browser.wait_until("document.querySelectorAll('#rows .row').length === 2").await;
    browser.keys("z").await;
    browser.wait_until("document.querySelectorAll('#rows .row').length === 5").await;
}

/// What our servers found out about the sender is shown; what others say about it is not.
#[tokio::test]
async fn senders_are_vouched_for_or_warned_of() {
    let server = server().await;
    let with = |results: &str, subject: &str| {
        format!("Authentication-Results: {results}\n{}", letter("Bob", subject, subject, &[], "Text"))
    };
    append(&server, "INBOX", &with("mail.example.test; dmarc=pass header.from=example.test", "good")).await;
    append(&server, "INBOX", &with("mail.example.test; dmarc=fail header.from=example.test", "forged")).await;
    append(&server, "INBOX", &with("mx.evil.test; dmarc=pass header.from=example.test", "foreign")).await;
    let browser = Browser::start().await;
    browser.sign_in(&server, "alice").await;
    for (uid, shown, not) in [(1, ".standing.good", ".notice.bad"), (2, ".card-notice.bad", ".standing.good")] {
        browser.goto(&server.url(&format!("/mail/INBOX/{uid}"))).await;
        browser.wait_for(&format!("#reader {shown}")).await;
        browser.wait_gone(&format!("#reader {not}")).await;
        browser.accessible("a message with what is known of its sender").await;
    }
    browser.goto(&server.url("/mail/INBOX/3")).await;
    browser.wait_for("#reader .message-text").await;
    browser.wait_gone("#reader .standing").await;
}

/// Images of a sender that was allowed once and for all are not asked about again.
#[tokio::test]
async fn images_are_allowed_by_sender() {
    let server = server().await;
    let html = |id: &str| {
        format!(
            "From: News <news@example.test>\nSubject: {id}\nMessage-ID: <{id}@x>\nMIME-Version: 1.0\nContent-Type: text/html\n\n\
             <p>{id}</p><img src=\"https://images.example.test/{id}.png\">\n"
        )
    };
    append(&server, "INBOX", &html("one")).await;
    append(&server, "INBOX", &html("two")).await;
    let browser = Browser::start().await;
    browser.sign_in(&server, "alice").await;
    browser.goto(&server.url("/mail/INBOX/1")).await;
    browser.wait_for(".images-notice").await;
    browser.accessible("a message with blocked images").await;
    browser.click(".images-notice form button").await;
    browser.wait_gone(".images-notice").await;
    browser.goto(&server.url("/mail/INBOX/2")).await;
    browser.wait_until("document.querySelector('.message-frame').contentDocument.querySelector('img')?.src.includes('/mail/-/image')").await;
    browser.wait_gone(".images-notice").await;
    browser.goto(&server.url("/mail/-/settings")).await;
    browser.wait_text("news@example.test").await;
    browser.click("button[value=forget-sender]").await;
    browser.wait_for(".notice.good").await;
    browser.goto(&server.url("/mail/INBOX/2")).await;
    browser.wait_for(".images-notice").await;
}

/// The message takes the place of the list where that was chosen.
#[tokio::test]
async fn two_panes_by_choice() {
    let server = server().await;
    server.deliver("bob@example.test", "alice@example.test", &letter("Bob", "Wide", "w", &[], "Words")).await;
    let browser = Browser::start().await;
    browser.sign_in(&server, "alice").await;
    browser.goto(&server.url("/mail/-/settings")).await;
    browser.click("input[name=panes][value=two]").await;
    browser.click("button[value=choices]").await;
    browser.wait_for(".notice.good").await;
    browser.goto(&server.url("/mail/INBOX")).await;
    browser.wait_for(".panes.two .row-link").await;
    browser.accessible("two panes").await;
    browser.click(".row-link").await;
    browser.wait_text("Words").await;
    browser.wait_until("document.querySelector('#list').getClientRects().length === 0").await;
    browser.keys("u").await;
    browser.wait_until("document.querySelector('#list').getClientRects().length === 1").await;
}

/// All files of a message as one, under names that differ.
#[tokio::test]
async fn all_files_are_saved_as_one() {
    let server = server().await;
    let part = |name: &str, text: &str| {
        format!("--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=\"{name}\"\n\n{text}\n")
    };
    let message = format!(
        "From: Bob <bob@example.test>\nSubject: Files\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
         --b\n\nSee these.\n{}{}--b--\n",
        part("a.txt", "first"),
        part("a.txt", "second")
    );
    append(&server, "INBOX", &message).await;
    let pages = server.pages();
    pages.sign_in("alice").await;
    let answer = pages.get("/mail/INBOX/1/files").await;
    assert!(answer.header("content-disposition").contains(".zip"));
    let folder = tempfile::tempdir().expect("makes a folder");
    let file = folder.path().join("files.zip");
    std::fs::write(&file, &answer.bytes).expect("writes");
    let program = "import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; \
                   print([(n, z.read(n).decode().strip()) for n in z.namelist()])";
    let output = std::process::Command::new("python3").args(["-c", program]).arg(&file).output().expect("runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(text.trim(), "[('a.txt', 'first'), ('a (2).txt', 'second')]", "{output:?}");
}

/// What was deleted for good is brought back by the command line.
#[tokio::test]
async fn deleted_mail_is_brought_back() {
    let server = server().await;
    append(&server, "Archive (\\Seen)", &letter("Bob", "Deleted", "d", &[], "Text")).await;
    let mut imap = server.imap("alice").await;
    imap.imap("SELECT Archive").await;
    imap.imap("STORE 1 +FLAGS (\\Deleted)").await;
    imap.imap("EXPUNGE").await;
    let listed = server.json(&["account", "deleted", "alice@example.test"]);
    assert_eq!((&listed[0]["subject"], &listed[0]["mailbox"]), (&"Deleted".into(), &"Archive".into()));
    let output = server.run(&["account", "restore", "alice@example.test"]);
    assert!(!output.status.success(), "without a word about which, nothing is moved about");
    let restored = server.json(&["account", "restore", "alice@example.test", "--within", "1"]);
    assert_eq!(restored["messages"], 1);
    let lines = imap.imap("STATUS Archive (MESSAGES UNSEEN)").await;
    assert!(lines[0].contains("MESSAGES 1") && lines[0].contains("UNSEEN 0"), "{lines:?}");
    assert_eq!(server.json(&["account", "deleted", "alice@example.test"]), serde_json::json!([]));
}

/// What the list page loads stays small.
#[tokio::test]
async fn the_list_page_is_light() {
    let server = server().await;
    let pages = server.pages();
    pages.sign_in("alice").await;
    let page = pages.page("/mail/INBOX").await.text();
    let linked = |start: &str, end: &str| -> Vec<String> {
        let links = page.split(start).skip(1).filter_map(|rest| rest.split('"').next());
        links.filter(|link| link.split('?').next().unwrap_or_default().ends_with(end)).map(str::to_owned).collect()
    };
    let mut scripts = linked("<script src=\"", ".js");
    assert!(!scripts.is_empty());
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("static/js");
    // Modules that the page's module imports.
    scripts.extend(["mail-list", "mail-reader", "mail-keys", "mail-live"].map(|name| format!("js/{name}.js")));
    let size = |link: &String| {
        let name = link.rsplit('/').next().unwrap_or_default();
        let name = name.split('?').next().unwrap_or_default();
        let vendored = root.parent().expect("is below static").join("vendor").join(name);
        let file = if vendored.exists() { vendored } else { root.join(name) };
        let output = std::process::Command::new("gzip").arg("-c").arg(&file).output().expect("runs");
        assert!(output.status.success(), "{}", file.display());
        output.stdout.len()
    };
    let bytes: usize = scripts.iter().map(size).sum();
    assert!(bytes <= 70 * 1024, "{bytes} bytes of scripts");
}
