//! The pictures in docs/screenshots, made anew by `./check`, so that they show what there is.

use crate::GATEPOST;
use std::path::Path;
use testkit::{Browser, TestServer, browser::Screen};

const SCREENS: [(&str, Screen); 4] = [
    ("desktop-light", Screen::DESKTOP),
    ("desktop-dark", Screen { dark: true, ..Screen::DESKTOP }),
    ("phone-light", Screen::PHONE),
    ("phone-dark", Screen { dark: true, ..Screen::PHONE }),
];

/// Takes a page on all screens.
async fn take(browser: &Browser, name: &str, url: &str, ready: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/screenshots");
    std::fs::create_dir_all(&folder).expect("makes the folder");
    for (suffix, screen) in SCREENS {
        browser.screen(screen).await;
        browser.goto(url).await;
        browser.wait_for(ready).await;
        browser.wait_until("document.readyState === 'complete' && document.fonts.status === 'loaded'").await;
        let picture = browser.picture().await;
        assert!(picture.len() > 5000, "{name}-{suffix} is empty");
        std::fs::write(folder.join(format!("{name}-{suffix}.png")), picture).expect("writes");
    }
}

#[tokio::test]
async fn pages_of_the_documents() {
    let server = TestServer::demo(GATEPOST).await;
    let browser = Browser::start().await;
    take(&browser, "sign-in", &server.url("/sign-in"), "form").await;
    browser.sign_in(&server, "alice").await;
    take(&browser, "list", &server.url("/mail/INBOX"), "#rows").await;
    let newest = browser.evaluate("document.querySelector('.row-link').getAttribute('href')").await;
    let newest = newest.as_str().expect("is an address").to_owned();
    take(&browser, "reading", &server.url(&newest), ".topbar").await;
    let reply = format!("{}/reply", newest.split('?').next().unwrap_or_default());
    take(&browser, "compose", &server.url(&reply), "#rich").await;
    let admin = Browser::start().await;
    admin.sign_in(&server, "admin").await;
    take(&admin, "dashboard", &server.url("/admin/"), "h1").await;
    take(&admin, "queue", &server.url("/admin/queue"), "h1").await;
}
