//! The pages as requests: headers, guards, and every journey without scripts.

use crate::{GATEPOST, server};
use testkit::{TestServer, server::PASSWORD};

#[tokio::test]
async fn every_answer_is_guarded() {
    let server = server().await;
    let pages = server.pages();
    for path in ["/sign-in", "/nothing-here", "/healthz/live"] {
        let answer = pages.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn pages_ask_for_sign_in_and_come_back() {
    let server = server().await;
    let pages = server.pages();
    let answer = pages.get("/mail/INBOX").await;
    assert_eq!(answer.header("location"), "/sign-in?next=/mail/INBOX");
    let refused = pages.post("/sign-in", &[("name", "alice@example.test"), ("password", "wrong")]).await;
    assert_eq!(refused.status.as_u16(), 422);
    assert!(refused.text().contains("alice@example.test"), "what was typed is kept");
    assert!(!refused.text().contains("wrong\""), "but for the password");
    let fields = [("name", "alice@example.test"), ("password", PASSWORD), ("next", "//evil.example/")];
    assert_eq!(pages.post("/sign-in", &fields).await.header("location"), "/");
    assert!(pages.page("/mail/").await.text().contains("Inbox"));
}

#[tokio::test]
async fn the_session_cookie_is_out_of_reach_and_its_ticket_out_of_the_logs() {
    let server = server().await;
    let pages = server.pages();
    let answer = pages.post("/sign-in", &[("name", "alice@example.test"), ("password", PASSWORD)]).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"), "{cookie}");
    pages.page("/mail/").await;
    let ticket = pages.cookie().split_once('=').expect("there is one").1.to_owned();
    let log = server.log_text();
    assert!(!log.contains(&ticket) && !log.contains(PASSWORD), "{log}");
}

#[tokio::test]
async fn forged_requests_are_refused() {
    let server = server().await;
    let pages = server.pages();
    pages.sign_in("alice").await;
    let answer = pages.post("/sign-out", &[("_csrf", "forged")]).await;
    assert_eq!(answer.status.as_u16(), 403);
    pages.page("/mail/").await;
    let answer = pages.submit("/mail/", "/sign-out", &[]).await;
    assert_eq!(answer.header("location"), "/sign-in");
    assert_eq!(pages.get("/mail/INBOX").await.status.as_u16(), 303, "the session is over");
}

#[tokio::test]
async fn the_console_is_for_admins() {
    let server = server().await;
    let pages = server.pages();
    pages.sign_in("alice").await;
    assert_eq!(pages.get("/admin/").await.status.as_u16(), 403);
    let admin = server.pages();
    admin.sign_in("admin").await;
    admin.page("/admin/").await;
}

#[tokio::test]
async fn sessions_end_with_the_password_and_survive_a_restart() {
    let mut server = server().await;
    let pages = server.pages();
    pages.sign_in("alice").await;
    server.kill();
    server.serve().await;
    assert!(pages.page("/mail/").await.text().contains("Inbox"), "the session is still good");
    let output =
        server.run_with(&["account", "password", "alice@example.test", "--password-stdin"], "another secret 9");
    assert!(output.status.success());
    assert_eq!(pages.get("/mail/INBOX").await.status.as_u16(), 303, "the session is over");
}

#[tokio::test]
async fn health_and_figures() {
    let server = server().await;
    server.deliver("carol@example.org", "alice@example.test", "Subject: counted\n\n").await;
    let pages = server.pages();
    assert_eq!(pages.page("/healthz/live").await.status.as_u16(), 200);
    let metrics = pages.page("/metrics").await.text();
    let accepted = metrics
        .lines()
        .find(|line| line.starts_with("gatepost_smtp_messages_total{service=\"mx\"}") && line.ends_with(" 1"));
    assert!(accepted.is_some(), "{metrics}");
}

/// Every page of the console and of webmail that is linked answers, and no link leads nowhere.
#[tokio::test]
async fn no_link_is_dead() {
    let server = TestServer::demo(GATEPOST).await;
    let pages = server.pages();
    pages.sign_in("admin").await;
    let mut waiting = vec!["/mail/".to_owned(), "/admin/".to_owned()];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(path) = waiting.pop() {
        // The kinds of pages matter, not each of hundreds of messages.
        if seen.len() >= 150 || !seen.insert(path.clone()) {
            continue;
        }
        let answer = pages.get(&path).await;
        assert!(answer.status.is_success() || answer.status.is_redirection(), "{path}: {}", answer.status);
        if !answer.header("content-type").starts_with("text/html") {
            continue;
        }
        for rest in answer.text().split("href=\"").skip(1) {
            let target = rest.split(['"', '#']).next().unwrap_or_default();
            if target.starts_with('/') && !target.starts_with("//") {
                waiting.push(target.replace("&#38;", "&").replace("&amp;", "&"));
            }
        }
    }
    assert!(seen.len() > 20, "{seen:?}");
}
