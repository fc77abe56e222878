//! Filters and the automatic answer in webmail: without scripts, and as people use them in Chromium.

use crate::server;
use testkit::{Browser, TestServer, browser::Screen};

fn mail(subject: &str, from: &str) -> String {
    format!(
        "From: Carol <{from}>\nTo: alice@example.test\nSubject: {subject}\nMessage-ID: <{subject}@example.org>\n\nText of {subject}\n"
    )
}

/// Subjects in a mailbox of alice.
async fn subjects(server: &TestServer, mailbox: &str) -> Vec<String> {
    let mut imap = server.imap("alice").await;
    imap.imap(&format!("SELECT \"{mailbox}\"")).await;
    let lines = imap.imap("UID SEARCH ALL").await;
    if !lines[0].starts_with("* SEARCH ") {
        return Vec::new();
    }
    let lines = imap.imap("FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])").await;
    lines.iter().filter_map(|line| line.strip_prefix("Subject: ")).map(str::to_owned).collect()
}

const RULE: [(&str, &str); 11] = [
    ("do", "save"),
    ("at", ""),
    ("was", ""),
    ("name", "Invoices \u{2014} \"all\""),
    ("enabled", "1"),
    ("join", "any"),
    ("stop", "1"),
    ("field", "subject"),
    ("is", "begins"),
    ("value", "Invoice"),
    ("header", ""),
];

#[tokio::test]
async fn rules_are_made_ordered_and_run_without_scripts() {
    let server = server().await;
    let pages = server.pages();
    pages.sign_in("alice").await;
    let list = "/mail/-/filters";
    assert!(pages.page(list).await.text().contains("No filters yet"));
    let actions = [("action", "move"), ("folder", "Archive"), ("text", "")];
    let wrong = pages.submit(list, "/mail/-/filters/rule", &[&RULE[..], &[("action", "move")]].concat()).await;
    assert_eq!(wrong.status.as_u16(), 422);
    assert!(wrong.text().contains("choose a folder") && wrong.text().contains("value=\"Invoice\""), "{}", wrong.text());
    let saved = pages.submit(list, "/mail/-/filters/rule", &[&RULE[..], &actions].concat()).await;
    assert_eq!(saved.header("location"), list, "{}", saved.text());
    server.deliver("carol@example.org", "alice@example.test", &mail("Invoice-1", "carol@example.org")).await;
    server.deliver("carol@example.org", "alice@example.test", &mail("Hello", "carol@example.org")).await;
    assert_eq!(subjects(&server, "Archive").await, ["Invoice-1"]);
    // A second one, moved up, then off.
    let second = [("do", "save"), ("name", "Stars"), ("enabled", "1"), ("join", "every"), ("action", "star")];
    pages.submit(list, "/mail/-/filters/rule", &second).await;
    let text = pages.page(list).await.text();
    assert!(text.find("Invoices").unwrap() < text.find("Stars").unwrap());
    let name = "Stars";
    pages.submit(list, list, &[("act", "up 1"), ("name-1", name)]).await;
    let text = pages.page(list).await.text();
    assert!(text.find("Stars").unwrap() < text.find("Invoices").unwrap());
    pages.submit(list, list, &[("act", "off 0"), ("name-0", name)]).await;
    assert!(pages.page(list).await.text().contains("badge\">off"));
    let stale = pages.submit(list, list, &[("act", "delete 0"), ("name-0", "Other")]).await;
    assert_eq!(stale.status.as_u16(), 409, "the list has changed in between");
    // The rule is read back into its form.
    let form = pages.page("/mail/-/filters/rule?at=1").await.text();
    assert!(form.contains("value=\"Invoices \u{2014} &#34;all&#34;\"") || form.contains("&quot;all&quot;"), "{form}");
    assert!(form.contains("<option value=\"begins\" selected>"), "{form}");
    pages.submit(list, list, &[("act", "delete 0"), ("name-0", name)]).await;
    assert!(!pages.page(list).await.text().contains("Stars"));
}

#[tokio::test]
async fn a_script_of_others_is_shown_as_it_is_and_stays() {
    let server = server().await;
    let mut sieve = server.connect(4190).await;
    sieve.until("OK").await;
    let plain = crate::base64(format!("\0alice@example.test\0{}", testkit::server::PASSWORD).as_bytes());
    sieve.say(&format!("AUTHENTICATE \"PLAIN\" \"{plain}\"")).await;
    sieve.expect("OK").await;
    let own = "# by hand\r\nrequire \"fileinto\";\r\nfileinto \"Junk\";\r\n";
    sieve.say(&format!("PUTSCRIPT \"phone\" {{{}+}}\r\n{own}", own.len())).await;
    sieve.expect("OK").await;
    sieve.say("SETACTIVE \"phone\"").await;
    sieve.expect("OK").await;
    let pages = server.pages();
    pages.sign_in("alice").await;
    let list = "/mail/-/filters";
    assert!(pages.page(list).await.text().contains("Another script named phone is active"));
    assert!(pages.page("/mail/-/filters/script?name=phone").await.text().contains("# by hand"));
    // A rule is kept, and the other script goes on running until the person says so.
    let rule = [&RULE[..], &[("action", "trash")]].concat();
    pages.submit(list, "/mail/-/filters/rule", &rule).await;
    server.deliver("carol@example.org", "alice@example.test", &mail("Invoice-1", "carol@example.org")).await;
    assert_eq!(subjects(&server, "Junk").await, ["Invoice-1"]);
    pages.submit(list, list, &[("act", "use")]).await;
    server.deliver("carol@example.org", "alice@example.test", &mail("Invoice-2", "carol@example.org")).await;
    assert_eq!(subjects(&server, "Trash").await, ["Invoice-2"]);
    // A change by hand of our own script is never written over.
    let text = "# mine now\r\nkeep;\r\n";
    let page = "/mail/-/filters/script?name=Gatepost";
    let change = [("do", "save"), ("name", "Gatepost"), ("text", text)];
    assert_eq!(pages.submit(page, "/mail/-/filters/script", &change).await.status.as_u16(), 303);
    assert!(pages.page(list).await.text().contains("changed by hand"));
    let refused = pages.submit(list, "/mail/-/filters/rule", &rule).await;
    assert_eq!(refused.status.as_u16(), 409);
    sieve.say("GETSCRIPT \"Gatepost\"").await;
    let lines = sieve.until("OK").await;
    assert!(lines.contains(&"# mine now".to_owned()), "{lines:?}");
    let wrong = [("do", "save"), ("name", "Gatepost"), ("text", "keep;\nfrobnicate;\n")];
    let answer = pages.submit(page, "/mail/-/filters/script", &wrong).await;
    assert_eq!(answer.status.as_u16(), 422);
    let text = answer.text();
    assert!(text.contains("Line 2:") && text.contains("<code>frobnicate;</code>") && text.contains("keep;"), "{text}");
}

/// What a person does: a filter out of a message, over the mail that is there; then an automatic answer.
#[tokio::test]
async fn a_filter_from_a_message_and_an_automatic_answer() {
    let server = server().await;
    for number in 1..=3 {
        let text = mail(&format!("News-{number}"), "news@example.org");
        server.deliver("news@example.org", "alice@example.test", &text).await;
    }
    server.deliver("carol@example.org", "alice@example.test", &mail("Hello", "carol@example.org")).await;
    let browser = Browser::start().await;
    browser.sign_in(&server, "alice").await;
    browser.wait_text("News-3").await;
    browser.goto(&server.url("/mail/INBOX/1")).await;
    browser.click("details.menu:has(a[href$='/filter']) summary").await;
    browser.click("a[href$='/filter']").await;
    browser.wait_for("#filter").await;
    assert_eq!(browser.evaluate("document.querySelector('[name=value]').value").await, "news@example.org");
    let hidden = "getComputedStyle(document.querySelector('.row-header')).display === 'none'";
    assert_eq!(browser.evaluate(hidden).await, true, "only what belongs to the choice is shown");
    browser.accessible("a new filter").await;
    browser.evaluate("(document.querySelector('[name=folder]').value = 'Archive')").await;
    browser.click("button[value=add-action]").await;
    browser.wait_until("document.querySelectorAll('[name=action]').length === 2").await;
    browser.click("#filter-save").await;
    browser.wait_for(".filter-line").await;
    browser.accessible("the filters").await;
    browser.click(".filter-run .button").await;
    browser.wait_text("4 messages looked at, 3 of them changed.").await;
    assert_eq!(subjects(&server, "Archive").await, ["News-1", "News-2", "News-3"]);
    server.deliver("news@example.org", "alice@example.test", &mail("News-4", "news@example.org")).await;
    assert_eq!(subjects(&server, "Archive").await.len(), 4);
    browser.goto(&server.url("/mail/-/vacation")).await;
    browser.click("[name=enabled]").await;
    browser.fill("#subject", "Away").await;
    browser.fill("#text", "I am back on Monday.").await;
    browser.click("button[value=show]").await;
    browser.wait_for("#vacation-preview").await;
    browser.accessible("the vacation").await;
    browser.click("button[value=save]").await;
    browser.wait_text("Automatic answers are turned on.").await;
    server.deliver("bob@example.test", "alice@example.test", &mail("Lunch", "bob@example.test")).await;
    let bob = Browser::start().await;
    bob.sign_in(&server, "bob").await;
    bob.wait_text("Away").await;
    for screen in [Screen::DESKTOP.dark(), Screen::PHONE, Screen::PHONE.dark()] {
        browser.screen(screen).await;
        for path in
            ["/mail/-/filters", "/mail/-/filters/rule?at=0", "/mail/-/vacation", "/mail/-/filters/script?name=Gatepost"]
        {
            browser.goto(&server.url(path)).await;
            browser.accessible(path).await;
            browser.fits(path).await;
        }
    }
    // In German too: the words of the pages are all there.
    let pages = server.pages();
    pages.sign_in("alice").await;
    pages.submit("/mail/-/filters", "/preferences", &[("lang", "de"), ("next", "/mail/-/filters")]).await;
    assert!(pages.page("/mail/-/vacation").await.text().contains("Automatische Antwort"));
}
