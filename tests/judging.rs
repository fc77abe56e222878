//! Port 25: mail from other servers is judged, and what people decide is learned.

use crate::{server, server_with};
use testkit::{Conversation, Dns, TestServer};

const JUNK: &str = "From: \"service@bank.example\" <x81723645@mailer.example>\nTo: alice@example.test\nSubject: VERIFY YOUR ACCOUNT NOW!!\n\
    Date: Mon, 23 Nov 2026 10:00:00 +0000\nMessage-ID: <1@mailer.example>\nContent-Type: text/html\n\
    Authentication-Results: mail.example.test; dmarc=pass\nX-Spam-Flag: NO\n\n\
    <p>Your account will be suspended. Verify your account: <a href=\"http://evil.example/\">http://bank.example/</a></p>\n";

const PLAIN: &str = "From: Carol <carol@example.org>\nTo: alice@example.test\nSubject: Lunch\nDate: Mon, 23 Nov 2026 10:00:00 +0000\n\
    Message-ID: <2@example.org>\n\nShall we meet at noon?\n";

/// A server that asks a name server of ours, with more configuration.
async fn judging(dns: &Dns, config: &str) -> TestServer {
    server_with(&format!("{}{config}", dns.config())).await
}

/// The newest message of a mailbox, whole.
async fn newest(server: &TestServer, mailbox: &str) -> String {
    let mut imap = server.imap("alice").await;
    imap.imap(&format!("SELECT {mailbox}")).await;
    imap.imap("FETCH * BODY.PEEK[]").await.join("\n")
}

async fn transaction(server: &TestServer, from: &str) -> Conversation {
    let mut smtp = server.connect(25).await;
    smtp.smtp_reply("220").await;
    smtp.smtp("EHLO sender.example.org", "250").await;
    smtp.smtp(&format!("MAIL FROM:<{from}>"), "250").await;
    smtp
}

#[tokio::test]
async fn junk_goes_to_junk_and_says_why() {
    let dns = Dns::start().await;
    let server = judging(&dns, "").await;
    server.deliver("x@mailer.example", "alice@example.test", JUNK).await;
    let message = newest(&server, "Junk").await;
    assert!(message.contains("X-Spam-Flag: YES") && !message.contains("X-Spam-Flag: NO"), "{message}");
    assert!(message.contains("LINK_DECEIVES"), "{message}");
    assert_eq!(message.matches("Authentication-Results:").count(), 1, "{message}");
    assert!(!message.contains("dmarc=pass"), "{message}");
    server.deliver("carol@example.org", "alice@example.test", PLAIN).await;
    assert!(newest(&server, "INBOX").await.contains("Subject: Lunch"));

    let events = server.json(&["trace", "find", "x@mailer.example"]);
    let told =
        events.as_array().expect("is a list").iter().find(|event| event["step"] == "received").expect("was received");
    assert!(told["detail"].as_str().expect("has words").contains("a link shows bank.example"), "{told}");
}

#[tokio::test]
async fn what_a_domain_says_of_its_mail_is_done() {
    let dns = Dns::start().await;
    dns.txt("good.example", "v=spf1 ip4:127.0.0.1 -all");
    dns.txt("_dmarc.good.example", "v=DMARC1; p=reject");
    dns.txt("forged.example", "v=spf1 -all");
    dns.txt("_dmarc.forged.example", "v=DMARC1; p=reject");
    let server = judging(&dns, "").await;
    let from = |domain: &str| PLAIN.replace("example.org", domain);
    server.deliver("carol@good.example", "alice@example.test", &from("good.example")).await;
    let message = newest(&server, "INBOX").await;
    assert!(message.contains("spf=pass smtp.mailfrom=carol@good.example"), "{message}");
    assert!(message.contains("dmarc=pass header.from=good.example"), "{message}");

    let mut smtp = transaction(&server, "carol@forged.example").await;
    smtp.smtp("RCPT TO:<alice@example.test>", "250").await;
    smtp.smtp("DATA", "354").await;
    smtp.send(from("forged.example").replace('\n', "\r\n").as_bytes()).await;
    let reply = smtp.smtp("\r\n.", "550 5.7.1").await;
    assert!(reply[0].contains("forged.example asks to refuse mail"), "{reply:?}");
    let events = server.json(&["trace", "find", "carol@forged.example"]);
    assert_eq!(events[0]["step"], "refused", "{events}");
    // A domain whose name server fails is not held against anybody.
    dns.fail("_dmarc.forged.example");
    dns.fail("forged.example");
    server.deliver("carol@forged.example", "alice@example.test", &from("forged.example")).await;
}

#[tokio::test]
async fn policy_is_heard_from_the_nearest_scope() {
    let dns = Dns::start().await;
    let server = judging(&dns, "[filter]\ngreylist_delay = \"0s\"\n").await;
    server.json(&["filter", "block", "example.test", "example.org"]);
    let mut smtp = transaction(&server, "carol@example.org").await;
    let reply = smtp.smtp("RCPT TO:<alice@example.test>", "550 5.7.1").await;
    assert!(reply[0].contains("carol@example.org is on the block list"), "{reply:?}");
    server.json(&["filter", "allow", "alice@example.test", "carol@example.org"]);
    smtp.smtp("RCPT TO:<alice@example.test>", "250").await;
    smtp.smtp("RCPT TO:<bob@example.test>", "550 5.7.1").await;

    server.json(&["filter", "set", "bob@example.test", "greylist", "all"]);
    let mut smtp = transaction(&server, "dave@stranger.example").await;
    smtp.smtp("RCPT TO:<bob@example.test>", "450 4.7.1").await;
    smtp.smtp("RCPT TO:<bob@example.test>", "250").await;
    let refused = server.run(&["filter", "set", "global", "junk_at", "much"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("a score such as 5, or off"), "{refused:?}");
}

#[tokio::test]
async fn the_command_line_and_the_console_tell_what_a_message_would_get() {
    let server = server().await;
    let file = server.dir().join("message.eml");
    std::fs::write(&file, JUNK).expect("writes");
    let path = file.to_str().expect("is UTF-8");
    let judged = server.json(&["filter", "test", path, "--to", "alice@example.test", "--client", "192.0.2.9"]);
    assert_eq!(judged["action"], "junk", "{judged}");
    assert!(
        judged["reasons"].as_array().expect("is a list").iter().any(|why| why["rule"] == "LINK_DECEIVES"),
        "{judged}"
    );
    server.json(&["filter", "set", "alice@example.test", "junk_at", "off"]);
    let judged = server.json(&["filter", "test", path, "--to", "alice@example.test"]);
    assert_ne!(judged["action"], "junk", "{judged}");

    let pages = server.pages();
    pages.sign_in("admin").await;
    let page = pages.submit("/admin/filter", "/admin/filter", &[("message", JUNK)]).await.text();
    assert!(page.contains("LINK_DECEIVES"), "{page}");
    let path = "/admin/filter/policy?scope=alice@example.test";
    assert!(pages.page(path).await.text().contains("value=\"off\""));
    pages.submit(path, "/admin/filter/policy", &[("scope", "alice@example.test"), ("block", "spam.example")]).await;
    let policy = server.json(&["filter", "show", "alice@example.test"]);
    assert_eq!(
        (&policy["block"][0], &policy["settings"][1][1]),
        (&"spam.example".into(), &"default".into()),
        "{policy}"
    );
}

#[tokio::test]
async fn what_is_moved_into_junk_is_learned_and_unlearned() {
    let dns = Dns::start().await;
    let server = judging(&dns, "").await;
    server.deliver("carol@example.org", "alice@example.test", PLAIN).await;
    let learned = async |junk: u64, other: u64| {
        // Learning follows the move by itself; the command is asked until it has.
        for _ in 0..500 {
            let now = server.json(&["filter", "learned"]);
            if now["junk"] == junk && now["other"] == other {
                return;
            }
        }
        panic!("learned {} instead of {junk} and {other}", server.json(&["filter", "learned"]));
    };
    let mut imap = server.imap("alice").await;
    imap.imap("SELECT INBOX").await;
    imap.imap("MOVE 1 Junk").await;
    learned(1, 0).await;
    imap.imap("SELECT Junk").await;
    imap.imap("MOVE 1 INBOX").await;
    learned(0, 1).await;
}
