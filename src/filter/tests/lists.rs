//! DNS lists: heard in their order, by their codes, and only while they are in their senses.

use crate::Bench;
use config::settings::filter::{List, ListKind};
use filter::{Judgement, To, Visitor};
use mail::address::ReversePath;

fn list(zone: &str, kind: ListKind, weight: i32) -> List {
    let codes = vec![([127, 0, 0, 2].into(), [127, 0, 0, 11].into())];
    List { zone: zone.to_owned(), kind, weight, codes }
}

/// Writes the test points of a list (RFC 5782 section 5).
fn sane(bench: &Bench, zone: &str) {
    bench.dns.host(&format!("2.0.0.127.{zone}"), "127.0.0.2");
    bench.dns.host(&format!("test.{zone}"), "127.0.0.2");
}

async fn bench(lists: Vec<List>) -> Bench {
    let mut settings = config::Settings::new("mail.example.test", ".");
    settings.filter.lists = lists;
    Bench::with(settings).await
}

async fn judge(bench: &Bench) -> Judgement {
    let path = ReversePath::default();
    let visitor =
        Visitor { client: [192, 0, 2, 9].into(), helo: "mx.example.org", reverse_path: &path, at: 1_790_000_000_000 };
    let nobody: [To; 0] = [];
    let message = b"From: x@y.test\r\nSubject: x\r\n\r\nSee http://www.bad.example/ for more.\r\n";
    bench.filter.judge(visitor, &nobody, "", message).await.expect("judges")
}

fn listed(judgement: &Judgement) -> Vec<(&'static str, String)> {
    let reasons = judgement.mildest().reasons.iter().filter(|reason| reason.rule.starts_with("LIST"));
    reasons.map(|reason| (reason.rule, reason.detail.clone())).collect()
}

#[tokio::test]
async fn clients_and_domains_are_looked_up() {
    let lists = vec![list("clients.example", ListKind::Client, 300), list("domains.example", ListKind::Domain, 250)];
    let bench = bench(lists).await;
    sane(&bench, "clients.example");
    sane(&bench, "domains.example");
    assert_eq!(listed(&judge(&bench).await), []);
    bench.dns.host("9.2.0.192.clients.example", "127.0.0.4");
    bench.dns.host("bad.example.domains.example", "127.0.0.2");
    let found = listed(&judge(&bench).await);
    assert_eq!(
        found,
        [("LISTED", "clients.example (192.0.2.9)".into()), ("LISTED", "domains.example (bad.example)".into())]
    );
}

#[tokio::test]
async fn a_code_that_is_not_meant_does_not_count_and_the_good_are_heard_first() {
    let lists = vec![list("good.example", ListKind::Client, -200), list("clients.example", ListKind::Client, 300)];
    let bench = bench(lists).await;
    sane(&bench, "good.example");
    sane(&bench, "clients.example");
    bench.dns.host("9.2.0.192.clients.example", "127.255.255.254");
    assert_eq!(listed(&judge(&bench).await), []);
    bench.dns.host("9.2.0.192.clients.example", "127.0.0.2");
    bench.dns.host("9.2.0.192.good.example", "127.0.0.2");
    assert_eq!(listed(&judge(&bench).await), [("LIST_ALLOWS", "good.example (192.0.2.9)".into())]);
}

#[tokio::test]
async fn a_list_out_of_its_senses_is_a_fact_and_no_reason() {
    let lists = vec![list("all.example", ListKind::Client, 500), list("dead.example", ListKind::Client, 500)];
    let bench = bench(lists).await;
    sane(&bench, "all.example");
    bench.dns.host("1.0.0.127.all.example", "127.0.0.2");
    bench.dns.host("9.2.0.192.all.example", "127.0.0.2");
    let judged = judge(&bench).await;
    assert_eq!(listed(&judged), []);
    let dead: Vec<&str> = judged.facts.dead.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(dead, ["all.example lists everything", "dead.example gives no answer"]);
}
