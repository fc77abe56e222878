//! DKIM: what leaves is signed, and others agree that it is.

use super::World;
use directory::dkim::{Algorithm, KeyState};
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator};
use net::dns::Resolver;
use std::{
    io::Write as _,
    process::{Command, Stdio},
};
use store::Terms;

/// A message with what canonical forms are about: folded fields, trailing blanks, blank lines, dots, bytes above 127.
const MESSAGE: &str = "From: Alice  <alice@example.test>\r\nTo: bob@elsewhere.test,\r\n\tcarol@elsewhere.test\r\nSubject:  Gr\u{fc}\u{df}e \t from   here \r\nDate: Wed, 25 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHi  there \t\r\n\r\n.dot\r\n \t \r\nGr\u{fc}\u{df}e\r\n\r\n\r\n";

/// Publishes the keys of example.test and lets them sign.
async fn with_keys(world: &mut World) {
    world.start();
    publish(world).await;
    world.queue().keep_once().await;
    let keys = world.directory.dkim_keys("example.test").unwrap();
    assert!(keys.iter().any(|key| key.state == KeyState::Active), "{keys:?}");
}

async fn publish(world: &World) {
    for key in world.queue().keep_keys("example.test").await.unwrap() {
        let name = format!("{}._domainkey.example.test", key.selector);
        world.dns.remove(&name);
        world.dns.txt(&name, &key.record());
    }
}

/// What an independent verifier makes of each signature.
async fn verdicts(world: &World, text: &[u8]) -> Vec<bool> {
    let authenticator = MessageAuthenticator(Resolver::new(&world.settings.dns).unwrap().below());
    let message = AuthenticatedMessage::parse(text).unwrap();
    let outputs = authenticator.verify_dkim(&message).await;
    outputs.iter().map(|output| *output.result() == DkimResult::Pass).collect()
}

#[tokio::test]
async fn what_leaves_is_signed_by_both_keys() {
    let mut world = World::new().await;
    with_keys(&mut world).await;
    world.submit(&["bob@elsewhere.test"], MESSAGE, Terms::default()).await;
    let received = world.sink.received(1).await;
    let text = received[0].text();
    assert!(
        text.starts_with("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.test; s=gp1r;"),
        "{text}"
    );
    assert!(text.contains("a=ed25519-sha256") && text.lines().all(|line| line.len() < 100), "{text}");
    assert_eq!(verdicts(&world, &received[0].text).await, [true, true]);
    let altered = text.replace("there", "where");
    assert_eq!(verdicts(&world, altered.as_bytes()).await, [false, false]);
    let forged = text.replace("\r\nTo:", "\r\nSubject: added\r\nTo:");
    assert_eq!(verdicts(&world, forged.as_bytes()).await, [false, false]);
}

#[tokio::test]
async fn a_second_implementation_agrees() {
    let mut world = World::new().await;
    with_keys(&mut world).await;
    let large = format!("{MESSAGE}{}", "one line of many \r\n\r\n".repeat(20_000));
    for text in
        [MESSAGE, &large, "From: alice@example.test\r\n\r\n", "From: alice@example.test\r\nSubject: x\r\n\r\n\r\n\r\n"]
    {
        world.submit(&["bob@elsewhere.test"], text, Terms::default()).await;
    }
    let records: Vec<String> = world
        .directory
        .dkim_keys("example.test")
        .unwrap()
        .iter()
        .map(|key| format!("'{}._domainkey.example.test.': b'{}'", key.selector, key.record()))
        .collect();
    let script = format!(
        "import sys, dkim\nrecords = {{{}}}\nverifier = dkim.DKIM(sys.stdin.buffer.read())\n\
         for index in range(2):\n  assert verifier.verify(index, dnsfunc=lambda name, timeout=5: records[name.decode()]), index\n",
        records.join(", ")
    );
    for mail in world.sink.received(4).await {
        let mut child = Command::new("/usr/bin/python3")
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&mail.text).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "apt install python3-dkim python3-nacl? {said}\n{}", mail.text());
    }
}

#[tokio::test]
async fn what_is_passed_on_is_not_signed() {
    let mut world = World::new().await;
    with_keys(&mut world).await;
    world.send_from("alice@example.test", &["bob@elsewhere.test"], MESSAGE).await;
    let foreign = MESSAGE.replace("alice@example.test", "mallory@elsewhere.test");
    world.submit(&["carol@elsewhere.test"], &foreign, Terms::default()).await;
    for mail in world.sink.received(2).await {
        assert!(!mail.text().contains("DKIM-Signature"), "{}", mail.text());
    }
}

#[tokio::test]
async fn nothing_is_signed_before_the_record_is_there_and_rotation_overlaps() {
    let mut world = World::new().await;
    world.start();
    world.queue().keep_once().await;
    world.submit(&["bob@elsewhere.test"], MESSAGE, Terms::default()).await;
    assert!(!world.sink.received(1).await[0].text().contains("DKIM-Signature"));
    publish(&world).await;
    world.queue().keep_once().await;
    world.directory.dkim_rotate("example.test").await.unwrap();
    assert!(matches!(world.directory.dkim_rotate("example.test").await, Err(directory::Error::Exists(_))));
    world.queue().keep_once().await;
    world.submit(&["bob@elsewhere.test"], MESSAGE, Terms::default()).await;
    let second = world.sink.received(2).await[1].clone();
    assert!(second.text().contains("s=gp1r;") && !second.text().contains("s=gp2r;"), "{}", second.text());
    publish(&world).await;
    world.queue().keep_once().await;
    world.submit(&["bob@elsewhere.test"], MESSAGE, Terms::default()).await;
    let third = world.sink.received(3).await[2].clone();
    assert!(third.text().contains("s=gp2r;") && !third.text().contains("s=gp1r;"), "{}", third.text());
    // What was signed before verifies still.
    assert_eq!(verdicts(&world, &second.text).await, [true, true]);
    assert_eq!(verdicts(&world, &third.text).await, [true, true]);
    let keys = world.directory.dkim_keys("example.test").unwrap();
    let states: Vec<_> = keys.iter().map(|key| (key.algorithm, key.state)).collect();
    assert_eq!(
        states,
        [
            (Algorithm::Rsa, KeyState::Retired),
            (Algorithm::Ed25519, KeyState::Retired),
            (Algorithm::Rsa, KeyState::Active),
            (Algorithm::Ed25519, KeyState::Active),
        ]
    );
}

#[tokio::test]
async fn notifications_to_others_are_signed_by_the_domain_above_the_host() {
    let mut world = World::new().await;
    with_keys(&mut world).await;
    world.sink.about(testkit::sink::Step::Rcpt, "nobody@", "550 5.1.1 No");
    world.send_from("carol@elsewhere.test", &["nobody@elsewhere.test"], MESSAGE).await;
    let bounce = world.sink.received(1).await[0].clone();
    assert_eq!(bounce.to, ["carol@elsewhere.test"]);
    assert!(bounce.text().contains("d=example.test"), "{}", bounce.text());
    assert_eq!(verdicts(&world, &bounce.text).await, [true, true]);
}
