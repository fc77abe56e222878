//! docs/rfc.tsv says what the program announces, and the program announces what docs/rfc.tsv says.

use std::{collections::BTreeSet, path::Path};

/// Rows: number, title, status, keyword, place.
fn rows() -> Vec<[String; 5]> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rfc.tsv")).expect("reads");
    let rows = text.lines().skip(1).map(|line| {
        let cells: Vec<_> = line.split('\t').map(str::to_owned).collect();
        cells.try_into().unwrap_or_else(|cells: Vec<_>| panic!("a row has five cells: {cells:?}"))
    });
    rows.collect()
}

/// Keywords kept in a crate.
fn keywords(rows: &[[String; 5]], places: &[&str]) -> BTreeSet<String> {
    let kept = rows.iter().filter(|[_, _, status, keyword, place]| {
        status == "yes" && keyword != "-" && places.iter().any(|start| place.starts_with(start))
    });
    kept.map(|[_, _, _, keyword, _]| keyword.clone()).collect()
}

#[test]
fn every_place_is_there() {
    for [number, title, status, keyword, place] in rows() {
        assert!(number.parse::<u32>().is_ok(), "{number} {title}");
        assert!(["yes", "part", "no"].contains(&status.as_str()), "{number}: {status}");
        assert_eq!(place == "-", status == "no", "{number} {title}");
        assert!(status != "no" || keyword == "-", "{number} announces what it is not");
        let there = place == "-" || Path::new(env!("CARGO_MANIFEST_DIR")).join(&place).exists();
        assert!(there, "RFC {number}: {place} is not there");
    }
}

#[tokio::test]
async fn imap_announces_what_is_listed() {
    let server = crate::server().await;
    let mut imap = server.connect(143).await;
    imap.expect("* OK").await;
    let mut announced = BTreeSet::new();
    let before = imap.imap("CAPABILITY").await;
    let after = server.imap("alice").await.imap("CAPABILITY").await;
    for line in before.iter().chain(&after).filter_map(|line| line.strip_prefix("* CAPABILITY ")) {
        announced.extend(line.split(' ').map(|word| match word.split_once('=') {
            // The limit is a value.
            Some(("APPENDLIMIT", _)) => "APPENDLIMIT".to_owned(),
            _ => word.to_owned(),
        }));
    }
    let mut listed = keywords(&rows(), &["src/imap", "src/directory"]);
    // Extensions of ours have no number.
    announced.retain(|word| !word.starts_with("X-GATEPOST-"));
    // AUTH is SMTP's name of the list of mechanisms; STARTTLS is part of IMAP itself.
    listed.remove("AUTH");
    listed.extend(["STARTTLS".to_owned()]);
    assert_eq!(announced, listed);
}

#[tokio::test]
async fn pop3_announces_what_is_listed() {
    let server = crate::server().await;
    let mut pop3 = server.connect(110).await;
    pop3.expect("+OK").await;
    pop3.say("CAPA").await;
    pop3.expect("+OK").await;
    let lines = pop3.until(".").await;
    let first = |line: &String| line.split(' ').next().map(str::to_owned);
    let announced: BTreeSet<_> = lines[..lines.len() - 1].iter().filter_map(first).collect();
    assert_eq!(announced, keywords(&rows(), &["src/pop3"]));
}

#[tokio::test]
async fn smtp_announces_what_is_listed() {
    let server = crate::server().await;
    let mut smtp = server.connect(587).await;
    smtp.smtp_reply("220").await;
    let lines = smtp.smtp("EHLO client.example.org", "250").await;
    let announced: BTreeSet<_> =
        lines[1..].iter().filter_map(|line| line[4..].split(' ').next()).map(str::to_owned).collect();
    let mut listed = keywords(&rows(), &["src/smtp"]);
    // XHELD is ours. What is offered over TLS alone is not listed here.
    listed.extend(["STARTTLS", "ENHANCEDSTATUSCODES", "XHELD"].map(str::to_owned));
    listed.remove("REQUIRETLS");
    assert_eq!(announced, listed);
}

#[tokio::test]
async fn managesieve_announces_what_is_listed() {
    let server = crate::server().await;
    let mut sieve = server.connect(4190).await;
    let lines = sieve.until("OK").await;
    let extensions = lines.iter().find_map(|line| line.strip_prefix("\"SIEVE\" \"")).expect("the extensions are told");
    let announced: BTreeSet<_> = extensions.trim_end_matches('"').split(' ').map(str::to_owned).collect();
    let listed = keywords(&rows(), &["src/sieve"]);
    assert_eq!(announced, listed);
}
