//! Writing mail in real Chromium: files, formatting, identities, and everything that can go wrong on the way out.

use crate::server;
use testkit::{Browser, TestServer};

/// A picture of one point.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

async fn writing(server: &TestServer) -> Browser {
    let browser = Browser::start().await;
    browser.sign_in(server, "alice").await;
    browser.goto(&server.url("/mail/-/compose")).await;
    browser.wait_for("#compose[data-live]").await;
    browser
}

/// Hands files to the page as a person does: `how` is `drop` or `paste`, `on` what lies under the pointer.
async fn hand_over(browser: &Browser, how: &str, on: &str, files: &str) {
    let script = format!(
        "(() => {{ const data = new DataTransfer(); for (const file of {files}) data.items.add(file);
           const event = '{how}' === 'drop' ? new DragEvent('drop', {{ dataTransfer: data, bubbles: true, cancelable: true }})
             : new ClipboardEvent('paste', {{ clipboardData: data, bubbles: true, cancelable: true }});
           document.querySelector('{on}').dispatchEvent(event); return true }})()"
    );
    browser.evaluate(&script).await;
}

#[tokio::test]
async fn files_are_dropped_pasted_and_stopped() {
    let server = server().await;
    let browser = writing(&server).await;
    browser.fill("#subject", "With files").await;
    let two =
        "[new File(['one'], 'one.txt', { type: 'text/plain' }), new File(['two'], 'two.csv', { type: 'text/csv' })]";
    hand_over(&browser, "drop", "#subject", two).await;
    browser.wait_until("document.querySelectorAll('#compose-file-list li').length === 2").await;
    hand_over(&browser, "paste", "#subject", "[new File(['%PDF'], 'three.pdf', { type: 'application/pdf' })]").await;
    browser.wait_until("document.querySelectorAll('#compose-file-list li').length === 3").await;
    browser.accessible("compose with files").await;
    // A file that no message can hold is not even sent.
    hand_over(&browser, "drop", "#subject", "[new File([new Uint8Array(60e6)], 'huge.bin')]").await;
    browser.wait_until("document.querySelector('#compose-state').textContent.includes('huge.bin')").await;
    assert_eq!(browser.evaluate("document.querySelectorAll('#compose-uploads li').length").await, 0);
    // An upload on a slow line is stopped; what comes after it goes on.
    browser.slow_uploads(20_000).await;
    hand_over(&browser, "drop", "#subject", "[new File([new Uint8Array(3e6)], 'slow.bin')]").await;
    browser.click("#compose-uploads button").await;
    browser.wait_gone("#compose-uploads li").await;
    browser.slow_uploads(-1).await;
    hand_over(&browser, "drop", "#subject", "[new File(['four'], 'four.txt')]").await;
    browser.wait_until("document.querySelectorAll('#compose-file-list li').length === 4").await;
    assert!(!browser.evaluate("document.body.innerText").await.to_string().contains("slow.bin"));
    browser.click("#compose-file-list li:first-child button").await;
    browser.wait_until("document.querySelectorAll('#compose-file-list li').length === 3").await;
}

/// What the server refuses stands beside the field it is about, and what was typed stays.
#[tokio::test]
async fn refusals_stand_beside_their_fields() {
    let server = server().await;
    let browser = writing(&server).await;
    browser.fill("#to", "no address").await;
    browser.fill("#subject", "Refused").await;
    browser.click("button[value=send]").await;
    browser.wait_until("document.querySelector('#to-errors').textContent.includes('no address')").await;
    browser.accessible("compose with errors").await;
    browser.fill("#to", "bob@example.test, nobody@example.test").await;
    browser.click("button[value=send]").await;
    browser.wait_until("document.querySelector('#to-errors').textContent.includes('nobody@example.test')").await;
    assert_eq!(browser.evaluate("document.querySelector('#subject').value").await, "Refused");
    let lines = server.imap("bob").await.imap("STATUS INBOX (MESSAGES)").await;
    assert!(lines[0].contains("MESSAGES 0"), "nobody gets a message that is refused to one: {lines:?}");
}

/// The message goes, the mailbox is too full for its copy, and the person is told and keeps the draft.
#[tokio::test]
async fn a_sent_message_without_a_copy_is_told() {
    let server = server().await;
    let browser = writing(&server).await;
    browser.fill("#to", "bob@example.test").await;
    browser.fill("#subject", "Large").await;
    hand_over(&browser, "drop", "#subject", "[new File([new Uint8Array(300_000)], 'plan.bin')]").await;
    browser.wait_for("#compose-file-list li").await;
    browser.wait_until("document.querySelector('input[name=draft]').value !== ''").await;
    let output = server.run(&["account", "set", "alice@example.test", "--quota", "600K"]);
    assert!(output.status.success());
    browser.click("button[value=send]").await;
    browser.wait_text("no copy could be kept").await;
    let lines = server.imap("bob").await.imap("STATUS INBOX (MESSAGES)").await;
    assert!(lines[0].contains("MESSAGES 1"), "{lines:?}");
    let mut alice = server.imap("alice").await;
    assert!(alice.imap("STATUS Drafts (MESSAGES)").await[0].contains("MESSAGES 1"));
    assert!(alice.imap("STATUS Sent (MESSAGES)").await[0].contains("MESSAGES 0"));
}

#[tokio::test]
async fn a_session_that_ends_while_writing_loses_nothing() {
    let server = server().await;
    let browser = writing(&server).await;
    browser.fill("#subject", "Before the end").await;
    browser.wait_until("document.querySelector('input[name=draft]').value !== ''").await;
    let output =
        server.run_with(&["account", "password", "alice@example.test", "--password-stdin"], "another secret 9");
    assert!(output.status.success());
    browser.fill("#subject", "After the end").await;
    browser.click("#compose-notices [data-errors=form] a").await;
    browser.fill("input[name=name]", "alice@example.test").await;
    browser.fill("input[name=password]", "another secret 9").await;
    browser.click("form button.primary").await;
    browser.wait_for("#compose[data-live]").await;
    browser.click("#compose-notices .notice button").await;
    browser.wait_until("document.querySelector('#subject').value === 'After the end'").await;
}

/// Formatting and an image go out as HTML, with a plain form for those who read without.
#[tokio::test]
async fn formatted_text_goes_out_in_both_forms() {
    let server = server().await;
    let browser = writing(&server).await;
    browser.fill("#to", "bob@example.test").await;
    browser.fill("#subject", "Formatted").await;
    browser.click("#rich").await;
    browser.keys("Dear Bob, ").await;
    browser.click("[data-format=bold]").await;
    browser.keys("this matters").await;
    browser.click("[data-format=bold]").await;
    browser.keys(&format!(" {}", "and these words make a long paragraph that is broken ".repeat(3))).await;
    let image = format!(
        "[new File([Uint8Array.from(atob('{PNG}'), c => c.charCodeAt(0))], 'point.png', {{ type: 'image/png' }})]"
    );
    hand_over(&browser, "paste", "#rich", &image).await;
    browser.wait_until("document.querySelector('#rich img')?.dataset.cid").await;
    browser.accessible("compose with formatting").await;
    // What was saved comes back as it was.
    browser.evaluate("location.reload()").await;
    browser.wait_until("document.querySelector('#rich img')?.src.startsWith('data:image/png')").await;
    assert_eq!(browser.evaluate("document.querySelector('#rich b').textContent").await, "this matters");
    browser.wait_for("#compose[data-live]").await;
    browser.click("button[value=send]").await;
    browser.wait_gone("#compose").await;
    let mut bob = server.imap("bob").await;
    bob.imap("SELECT INBOX").await;
    let message = bob.imap("FETCH 1 BODY[]").await.join("\n");
    for part in [
        "multipart/alternative",
        "format=\"flowed\"",
        "multipart/related",
        "Content-ID: <",
        &PNG[..60],
        "<b>this matters</b>",
    ] {
        assert!(message.contains(part) || message.replace("=\n", "").contains(part), "{part} is not in\n{message}");
    }
    let reader = Browser::start().await;
    reader.sign_in(&server, "bob").await;
    reader.click(".row-link").await;
    reader
        .wait_until("document.querySelector('.message-frame').contentDocument.querySelector('img').naturalWidth === 1")
        .await;
}

/// A draft that is made plain is sent as plain text only.
#[tokio::test]
async fn formatting_can_be_left() {
    let server = server().await;
    let browser = writing(&server).await;
    browser.fill("#to", "bob@example.test").await;
    browser.fill("#subject", "Plain").await;
    browser.click("#rich").await;
    browser.keys("Only words").await;
    browser.click("#format-toggle").await;
    browser.wait_until("document.querySelector('#text').value.trim() === 'Only words'").await;
    browser.click("button[value=send]").await;
    browser.wait_gone("#compose").await;
    let mut bob = server.imap("bob").await;
    bob.imap("SELECT INBOX").await;
    let structure = bob.imap("FETCH 1 BODYSTRUCTURE").await.join("\n");
    assert!(!structure.to_lowercase().contains("html"), "{structure}");
}

/// Each address has a name and a signature of its own, and answers go out under the one that was written to.
#[tokio::test]
async fn addresses_have_names_and_signatures() {
    let server = server().await;
    assert!(server.run(&["alias", "put", "studio@example.test", "alice@example.test"]).status.success());
    let browser = Browser::start().await;
    browser.sign_in(&server, "alice").await;
    browser.goto(&server.url("/mail/-/settings")).await;
    browser.accessible("settings").await;
    let form = |address: &str| format!("form:has(input[value='{address}'])");
    let studio = form("studio@example.test");
    browser.fill(&format!("{studio} input[name=name]"), "Studio Winter").await;
    browser.fill(&format!("{studio} textarea"), "Studio Winter\nhttps://studio.example.test/").await;
    browser.click(&format!("{studio} button[value=identity]")).await;
    browser.wait_for(".notice.good").await;
    let text = "From: Bob <bob@example.test>\nTo: studio@example.test\nSubject: A garden\n\nCould you?\n";
    server.deliver("bob@example.test", "studio@example.test", text).await;
    browser.goto(&server.url("/mail/INBOX")).await;
    browser.click(".row-link").await;
    browser.wait_text("Could you?").await;
    browser.keys("r").await;
    browser.wait_for("#compose[data-live]").await;
    browser.wait_until("document.querySelector('#rich').innerText.includes('Studio Winter')").await;
    assert_eq!(browser.evaluate("document.querySelector('#from').value").await, "studio@example.test");
    // Another address signs in its own way: not at all.
    browser.evaluate("(() => { const from = document.querySelector('#from'); from.value = 'alice@example.test'; from.dispatchEvent(new Event('change', { bubbles: true })); return 1 })()").await;
    browser.wait_until("!document.querySelector('#rich').innerText.includes('Studio Winter')").await;
    browser.evaluate("(() => { const from = document.querySelector('#from'); from.value = 'studio@example.test'; from.dispatchEvent(new Event('change', { bubbles: true })); return 1 })()").await;
    browser.wait_until("document.querySelector('#rich').innerText.includes('Studio Winter')").await;
    browser.click("button[value=send]").await;
    browser.wait_gone("#compose").await;
    let mut bob = server.imap("bob").await;
    bob.imap("SELECT INBOX").await;
    let message = bob.imap("FETCH 1 BODY[HEADER.FIELDS (FROM)]").await.join("\n");
    assert!(message.contains("Studio Winter") && message.contains("studio@example.test"), "{message}");
}
