//! Extensions of SMTP and peers that are trusted: held messages, LMTP, PROXY, XCLIENT, bounds on what an account sends, bans, DKIM.

use crate::{GATEPOST, base64, server, server_with};
use testkit::{Conversation, Dns, Options, Sink, TestServer, server::PASSWORD};

/// A submission session of alice, signed in; what EHLO announces before it.
async fn signed_in(server: &TestServer) -> (Conversation, Vec<String>) {
    let mut smtp = server.connect(587).await;
    smtp.smtp_reply("220").await;
    let announced = smtp.smtp("EHLO client.example.org", "250").await;
    smtp.smtp(&format!("AUTH PLAIN {}", base64(format!("\0alice@example.test\0{PASSWORD}").as_bytes())), "235").await;
    (smtp, announced)
}

/// Sends a message of alice with these parameters of MAIL; its id.
async fn submit(smtp: &mut Conversation, parameters: &str, to: &[&str]) -> String {
    smtp.smtp(&format!("MAIL FROM:<alice@example.test> {parameters}"), "250").await;
    for to in to {
        smtp.smtp(&format!("RCPT TO:<{to}>"), "250").await;
    }
    smtp.smtp("DATA", "354").await;
    let reply = smtp.smtp("From: alice@example.test\r\nSubject: Hello\r\n\r\nHi\r\n.", "250").await.remove(0);
    reply.rsplit(' ').next().expect("has an id").to_owned()
}

#[tokio::test]
async fn a_message_waits_for_its_time_is_listed_and_called_back() {
    let server = server().await;
    let (mut smtp, announced) = signed_in(&server).await;
    assert!(announced.iter().any(|line| line.starts_with("250-FUTURERELEASE 34560000 ")), "{announced:?}");
    let held = submit(&mut smtp, "HOLDFOR=3600", &["bob@example.test", "carol@elsewhere.example"]).await;
    let list = smtp.smtp("XHELD", "250").await;
    assert!(list[0].contains(&held) && list[0].contains("bob@example.test carol@elsewhere.example"), "{list:?}");
    let waiting = server.json(&["queue", "list", "--state", "scheduled"]);
    assert_eq!(waiting["entries"].as_array().map(Vec::len), Some(2), "{waiting}");
    smtp.smtp(&format!("XCANCEL {held}"), "250 2.0.0").await;
    smtp.smtp(&format!("XCANCEL {held}"), "550 5.5.0").await;
    assert_eq!(smtp.smtp("XHELD", "250").await.len(), 1);
    assert_eq!(server.json(&["queue", "list"])["entries"].as_array().map(Vec::len), Some(0));
    // Nobody else's, and nobody without a sign-in.
    let held = submit(&mut smtp, "HOLDFOR=3600", &["bob@example.test"]).await;
    let mut bob = server.connect(587).await;
    bob.smtp_reply("220").await;
    bob.smtp("EHLO client.example.org", "250").await;
    bob.smtp(&format!("XCANCEL {held}"), "530").await;
    bob.smtp(&format!("AUTH PLAIN {}", base64(format!("\0bob@example.test\0{PASSWORD}").as_bytes())), "235").await;
    bob.smtp(&format!("XCANCEL {held}"), "550 5.5.0").await;
    let mut mx = server.connect(25).await;
    mx.smtp_reply("220").await;
    mx.smtp("EHLO client.example.org", "250").await;
    mx.smtp("MAIL FROM:<a@example.org> HOLDFOR=60", "555").await;
    mx.smtp("XHELD", "500").await;
}

#[tokio::test]
async fn a_time_too_far_away_is_refused() {
    let server = server().await;
    let (mut smtp, _) = signed_in(&server).await;
    smtp.smtp("MAIL FROM:<alice@example.test> HOLDUNTIL=2099-01-01T00:00:00Z", "501 5.5.4").await;
    smtp.smtp("MAIL FROM:<alice@example.test> HOLDFOR=99999999", "501 5.5.4").await;
    smtp.smtp("MAIL FROM:<alice@example.test> HOLDUNTIL=2020-01-01T00:00:00Z", "250").await;
}

#[tokio::test]
async fn lmtp_answers_for_each_recipient() {
    let probe = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
    let port = probe.local_addr().expect("has an address").port();
    drop(probe);
    let server = server_with(&format!("[listen]\nlmtp = [\"127.0.0.1:{port}\"]\n")).await;
    let mut lmtp = Conversation::open(port).await;
    lmtp.smtp_reply("220").await;
    lmtp.smtp("EHLO front.example.org", "500").await;
    lmtp.smtp("HELO front.example.org", "500").await;
    let announced = lmtp.smtp("LHLO front.example.org", "250").await;
    assert!(announced.iter().all(|line| !line.contains("AUTH")), "{announced:?}");
    lmtp.smtp("MAIL FROM:<sender@example.org>", "250").await;
    lmtp.smtp("RCPT TO:<alice@example.test>", "250").await;
    lmtp.smtp("RCPT TO:<nobody@example.test>", "550 5.1.1").await;
    lmtp.smtp("RCPT TO:<bob@example.test>", "250").await;
    lmtp.smtp("DATA", "354").await;
    lmtp.smtp("Subject: by LMTP\r\n\r\nHi\r\n.", "250").await;
    lmtp.smtp_reply("250").await;
    lmtp.smtp("MAIL FROM:<sender@example.org>", "250").await;
    lmtp.smtp("DATA", "503").await;
    let mut imap = server.imap("bob").await;
    let found = imap.imap("STATUS INBOX (MESSAGES)").await;
    assert!(found.iter().any(|line| line.contains("MESSAGES 1")), "{found:?}");
    // On the other ports there is no LHLO.
    let mut smtp = server.connect(25).await;
    smtp.smtp_reply("220").await;
    smtp.smtp("LHLO front.example.org", "500").await;
}

#[tokio::test]
async fn a_trusted_proxy_tells_the_client_and_nobody_else_is_let_in() {
    let server = server_with("[trust]\nproxy = [\"127.0.0.1\"]\n[filter]\nenabled = false\n").await;
    let mut smtp = server.connect(25).await;
    smtp.send(b"PROXY TCP4 192.0.2.77 192.0.2.1 4711 25\r\n").await;
    smtp.smtp_reply("220").await;
    smtp.smtp("EHLO client.example.org", "250").await;
    smtp.smtp("MAIL FROM:<sender@example.org>", "250").await;
    smtp.smtp("RCPT TO:<alice@example.test>", "250").await;
    smtp.smtp("DATA", "354").await;
    let reply = smtp.smtp("Subject: proxied\r\n\r\nHi\r\n.", "250").await.remove(0);
    let id = reply.rsplit(' ').next().expect("has an id").to_owned();
    let trace = server.json(&["trace", "show", &id]).to_string();
    assert!(trace.contains("192.0.2.77"), "{trace}");
    // Without the header nothing is said.
    let mut bare = server.connect(25).await;
    bare.send(b"EHLO client.example.org\r\n").await;
    assert_eq!(bare.line().await, None);
}

#[tokio::test]
async fn too_many_offences_ban_a_network_until_it_is_let_in_again() {
    let server = server_with("[trust]\nproxy = [\"127.0.0.1\"]\n[limits]\noffences_max = 20\ntarpit = \"0s\"\n").await;
    let connect = async || {
        let mut smtp = server.connect(25).await;
        smtp.send(b"PROXY TCP4 192.0.2.66 192.0.2.1 4711 25\r\n").await;
        smtp
    };
    let mut smtp = connect().await;
    smtp.smtp_reply("220").await;
    smtp.smtp("EHLO client.example.org", "250").await;
    smtp.smtp("MAIL FROM:<sender@example.org>", "250").await;
    for number in 0..10 {
        smtp.smtp(&format!("RCPT TO:<guess{number}@example.test>"), "550 5.1.1").await;
    }
    connect().await.smtp_reply("421 4.7.0").await;
    let bans = server.json(&["ban", "list"]);
    assert_eq!(bans[0]["network"], "192.0.2.66/32", "{bans}");
    let page = server.pages();
    page.sign_in("admin").await;
    assert!(page.get("/admin/bans").await.text().contains("192.0.2.66/32"));
    assert!(server.run(&["ban", "remove", "192.0.2.66"]).status.success());
    connect().await.smtp_reply("220").await;
    // By hand, a whole network.
    assert!(server.run(&["ban", "add", "192.0.2.0/24", "--hours", "2"]).status.success());
    connect().await.smtp_reply("421 4.7.0").await;
    assert!(!server.run(&["ban", "add", "127.0.0.0/8"]).status.success());
}

#[tokio::test]
async fn a_trusted_hop_speaks_for_its_clients() {
    let server = server_with("[trust]\nxclient = [\"127.0.0.1\"]\n[filter]\nenabled = false\n").await;
    let mut smtp = server.connect(25).await;
    smtp.smtp_reply("220").await;
    let announced = smtp.smtp("EHLO hop.example.org", "250").await;
    assert!(announced.iter().any(|line| line.contains("XCLIENT NAME ADDR")), "{announced:?}");
    smtp.smtp("XCLIENT LOGIN=alice", "501").await;
    smtp.smtp("XCLIENT ADDR=192.0.2.88 PORT=4711 HELO=client.example.org NAME=[UNAVAILABLE]", "220").await;
    smtp.smtp("MAIL FROM:<sender@example.org>", "503").await;
    smtp.smtp("EHLO hop.example.org", "250").await;
    smtp.smtp("MAIL FROM:<sender@example.org>", "250").await;
    smtp.smtp("RCPT TO:<alice@example.test>", "250").await;
    smtp.smtp("DATA", "354").await;
    let reply = smtp.smtp("Subject: handed on\r\n\r\nHi\r\n.", "250").await.remove(0);
    let id = reply.rsplit(' ').next().expect("has an id").to_owned();
    let trace = server.json(&["trace", "show", &id]).to_string();
    assert!(trace.contains("192.0.2.88 (client.example.org)"), "{trace}");
    // Nobody else may.
    let plain = server_with("").await;
    let mut smtp = plain.connect(25).await;
    smtp.smtp_reply("220").await;
    smtp.smtp("EHLO hop.example.org", "250").await;
    smtp.smtp("XCLIENT ADDR=192.0.2.88", "500").await;
}

#[tokio::test]
async fn an_account_that_sends_too_much_is_stopped_and_the_admins_are_told() {
    let server = server_with("[limits]\naccount_recipients_per_day_max = 4\n").await;
    let (mut smtp, _) = signed_in(&server).await;
    submit(&mut smtp, "", &["bob@example.test", "admin@example.test"]).await;
    smtp.smtp("MAIL FROM:<alice@example.test>", "250").await;
    smtp.smtp("RCPT TO:<bob@example.test>", "250").await;
    smtp.smtp("RCPT TO:<admin@example.test>", "250").await;
    smtp.smtp("RCPT TO:<alice@example.test>", "550 5.7.1").await;
    let stopped = server.json(&["account", "stopped"]);
    assert_eq!(stopped[0]["address"], "alice@example.test", "{stopped}");
    let (mut smtp, _) = signed_in(&server).await;
    smtp.smtp("MAIL FROM:<alice@example.test>", "550 5.7.1").await;
    let mut imap = server.imap("admin").await;
    imap.imap("SELECT INBOX").await;
    let found = imap.imap("SEARCH SUBJECT \"Sending was stopped for alice@example.test\"").await;
    assert!(found.iter().any(|line| line.starts_with("* SEARCH ") && line.len() > 9), "{found:?}");
    let page = server.pages();
    page.sign_in("admin").await;
    assert!(page.get("/admin/bans").await.text().contains("alice@example.test"));
    assert!(server.run(&["account", "allow-sending", "alice@example.test"]).status.success());
    let (mut smtp, _) = signed_in(&server).await;
    smtp.smtp("MAIL FROM:<alice@example.test>", "250").await;
}

#[tokio::test]
async fn keys_are_made_published_and_sign() {
    let (dns, sink) = (Dns::start().await, Sink::start().await);
    dns.mx("elsewhere.test", 10, "mx.elsewhere.test");
    dns.host("mx.elsewhere.test", "127.0.0.1");
    let config = format!("{}[queue]\nport = {}\n", dns.config(), sink.port());
    let server = TestServer::start(GATEPOST, Options { config, accounts: vec!["alice"] }).await;
    let keys = server.json(&["domain", "dkim", "example.test"]);
    assert_eq!(keys.as_array().map(Vec::len), Some(2), "{keys}");
    let page = server.pages();
    page.sign_in("admin").await;
    let wanted = keys[0]["record"].as_str().expect("is text");
    assert!(
        page.get("/admin/domains/example.test/dns?check=1")
            .await
            .text()
            .contains(keys[0]["name"].as_str().expect("is text"))
    );
    for key in keys.as_array().into_iter().flatten() {
        assert_eq!(key["state"], "pending");
        let (name, record) = (key["name"].as_str().expect("is text"), key["record"].as_str().expect("is text"));
        // The answer that there is none is kept for a while.
        dns.txt(name, record);
    }
    assert!(server.run(&["domain", "dkim", "example.test", "--activate"]).status.success());
    assert!(wanted.starts_with("v=DKIM1; k=rsa; p="));
    let (mut smtp, _) = signed_in(&server).await;
    submit(&mut smtp, "", &["bob@elsewhere.test"]).await;
    let text = sink.received(1).await[0].text();
    assert!(text.contains("DKIM-Signature: v=1; a=rsa-sha256") && text.contains("a=ed25519-sha256"), "{text}");
}

#[tokio::test]
async fn bounces_of_forwarded_mail_find_their_way_back() {
    let (dns, sink) = (Dns::start().await, Sink::start().await);
    for domain in ["elsewhere.test", "origin.test"] {
        dns.mx(domain, 10, "mx.elsewhere.test");
    }
    dns.host("mx.elsewhere.test", "127.0.0.1");
    let config = format!("{}[queue]\nport = {}\n[filter]\nenabled = false\n", dns.config(), sink.port());
    let server = TestServer::start(GATEPOST, Options { config, accounts: vec![] }).await;
    assert!(server.run(&["alias", "put", "out@example.test", "bob@elsewhere.test"]).status.success());
    server.deliver("sender@origin.test", "out@example.test", "Subject: forwarded\n\nHi").await;
    let sender = sink.received(1).await[0].from.clone();
    assert!(sender.starts_with("SRS0=") && sender.ends_with("@example.test"), "{sender}");
    server.deliver("", &sender, "Subject: bounce\n\nNo").await;
    let bounce = sink.received(2).await[1].clone();
    assert_eq!((bounce.from.as_str(), bounce.to), ("", vec!["sender@origin.test".to_owned()]));
    // Only bounces, and nothing that was not made here.
    let mut smtp = server.connect(25).await;
    smtp.smtp_reply("220").await;
    smtp.smtp("EHLO client.example.org", "250").await;
    smtp.smtp("MAIL FROM:<>", "250").await;
    smtp.smtp(&format!("RCPT TO:<{}>", sender.replace("sender", "mallory")), "550 5.1.1").await;
    smtp.smtp("RSET", "250").await;
    smtp.smtp("MAIL FROM:<somebody@origin.test>", "250").await;
    smtp.smtp(&format!("RCPT TO:<{sender}>"), "550 5.1.1").await;
}
