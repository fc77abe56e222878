//! Which server gets the message.

use super::{MINUTE, World, trusting};
use config::settings::{HopTls, Route, Smarthost};
use testkit::{
    Sink,
    sink::{Options, Tls},
};

#[tokio::test]
async fn a_null_mx_is_final() {
    let mut world = World::new().await;
    world.dns.mx("nomail.test", 0, ".");
    world.dns.host("nomail.test", "127.0.0.1");
    world.start();
    world.send(&["bob@nomail.test"]).await;
    world.empty().await;
    assert!(world.notification().contains("Status: 5.1.10"));
    assert_eq!(world.sink.connections(), 0);
}

#[tokio::test]
async fn a_domain_without_mx_is_its_own_server() {
    let mut world = World::new().await;
    world.dns.host("plain.test", "127.0.0.1");
    world.start();
    world.send(&["bob@plain.test"]).await;
    assert_eq!(world.sink.received(1).await[0].to, ["bob@plain.test"]);
}

#[tokio::test]
async fn a_domain_that_does_not_exist_is_final_and_one_that_cannot_be_asked_is_not() {
    let mut world = World::new().await;
    world.dns.fail("broken.test");
    world.start();
    world.send(&["bob@absent.test", "bob@broken.test"]).await;
    let waiting = world.tried(1).await;
    assert_eq!(waiting.recipient.domain(), "broken.test");
    world.until("the bounce", |_| (!world.inbox().is_empty()).then_some(())).await;
    let bounce = world.notification();
    assert!(bounce.contains("Status: 5.1.2") && bounce.contains("absent.test does not exist"), "{bounce}");
    world.dns.mend("broken.test");
    world.dns.mx("broken.test", 10, "mx.elsewhere.test");
    world.clock.advance(6 * MINUTE);
    world.empty().await;
    assert_eq!(world.sink.taken()[0].to, ["bob@broken.test"]);
}

#[tokio::test]
async fn servers_that_do_not_exist_are_final_when_there_is_no_other() {
    let mut world = World::new().await;
    world.dns.mx("lost.test", 10, "gone.lost.test");
    world.dns.mx("half.test", 10, "gone.half.test");
    world.dns.mx("half.test", 20, "mx.elsewhere.test");
    world.start();
    world.send(&["bob@lost.test", "bob@half.test"]).await;
    world.empty().await;
    let bounce = world.notification();
    assert!(bounce.contains("Status: 5.4.4") && bounce.contains("bob@lost.test"), "{bounce}");
    assert_eq!(world.sink.taken()[0].to, ["bob@half.test"]);
}

#[tokio::test]
async fn a_domain_whose_mail_would_come_back_here_is_final() {
    let mut world = World::new().await;
    world.dns.mx("circle.test", 10, "mail.example.test");
    world.start();
    world.send(&["bob@circle.test"]).await;
    world.empty().await;
    assert!(world.notification().contains("Status: 5.4.6"));
}

#[tokio::test]
async fn ipv6_goes_first_and_ipv4_is_tried_when_it_fails() {
    let mut world = World::new().await;
    let address = format!("[::1]:{}", world.sink.port());
    let six = Sink::with(Options { address, ..Options::default() }).await;
    world.dns.mx("both.test", 10, "mx.both.test");
    world.dns.host("mx.both.test", "127.0.0.1");
    world.dns.host("mx.both.test", "::1");
    world.start();
    world.send(&["bob@both.test"]).await;
    six.received(1).await;
    world.empty().await;
    six.always(testkit::sink::Step::Greeting, testkit::sink::Deed::Disconnect);
    world.send(&["carol@both.test"]).await;
    assert_eq!(world.sink.received(1).await[0].to, ["carol@both.test"]);
    assert_eq!(six.taken().len(), 1);
}

#[tokio::test]
async fn a_route_goes_before_the_dns() {
    let mut world = World::new().await;
    let other = Sink::start().await;
    let route = Route { domain: Some("elsewhere.test".into()), sender: None, hop: hop(&other) };
    world.settings.queue.routes = vec![route];
    world.start();
    world.send(&["bob@elsewhere.test"]).await;
    assert_eq!(other.received(1).await[0].to, ["bob@elsewhere.test"]);
    assert_eq!(world.sink.connections(), 0);
}

/// A next hop without anything particular.
fn hop(sink: &Sink) -> Smarthost {
    Smarthost { host: "127.0.0.1".into(), port: sink.port(), tls: None, username: None, password_file: None }
}

#[tokio::test]
async fn a_route_of_senders_takes_their_mail_and_the_one_for_a_domain_goes_first() {
    let mut world = World::new().await;
    let (of_senders, of_domain) = (Sink::start().await, Sink::start().await);
    world.settings.queue.routes = vec![
        Route { domain: None, sender: Some("example.test".into()), hop: hop(&of_senders) },
        Route { domain: Some("fixed.test".into()), sender: None, hop: hop(&of_domain) },
    ];
    world.start();
    world.send(&["bob@absent.test", "bob@fixed.test"]).await;
    world.send_from("carol@other.test", &["dora@elsewhere.test"], "Subject: x\r\n\r\n").await;
    assert_eq!(of_senders.received(1).await[0].to, ["bob@absent.test"]);
    assert_eq!(of_domain.received(1).await[0].to, ["bob@fixed.test"]);
    assert_eq!(world.sink.received(1).await[0].to, ["dora@elsewhere.test"]);
}

#[tokio::test]
async fn connections_come_from_the_address_that_was_chosen() {
    let mut world = World::new().await;
    world.settings.queue.sources = vec!["127.0.0.9".parse().unwrap(), "::1".parse().unwrap()];
    world.start();
    world.send(&["bob@elsewhere.test"]).await;
    assert_eq!(world.sink.received(1).await[0].client.to_string(), "127.0.0.9");
}

#[tokio::test]
async fn a_smarthost_may_speak_tls_from_the_first_byte() {
    let (mut world, smart) = with_smarthost(Tls::Implicit, "open sesame").await;
    world.start();
    world.send(&["bob@elsewhere.test"]).await;
    let received = smart.received(1).await;
    assert!(received[0].tls && received[0].user.as_deref() == Some("alice"));
    world.empty().await;
    // Not without a certificate that is trusted.
    let (mut world, smart) = with_smarthost(Tls::Implicit, "open sesame").await;
    world.tls = trusting(&[]);
    world.start();
    world.send(&["bob@elsewhere.test"]).await;
    let reply = world.tried(1).await.last_reply.unwrap();
    assert!(reply.starts_with("TLS failed"), "{reply}");
    assert_eq!(smart.times(testkit::sink::Step::Auth), 0);
}

/// A world whose mail goes by a smarthost with this password on file.
async fn with_smarthost(tls: Tls, password: &str) -> (World, Sink) {
    let mut world = World::new().await;
    let credentials = Some(("alice".to_owned(), "open sesame".to_owned()));
    let options = Options { name: "smart.test".into(), tls, credentials, ..Options::default() };
    let smart = Sink::with(options).await;
    world.dns.host("smart.test", "127.0.0.1");
    let file = world.folder.path().join("smarthost.password");
    std::fs::write(&file, format!("{password}\n")).unwrap();
    world.settings.queue.smarthost = Some(Smarthost {
        host: "smart.test".into(),
        port: smart.port(),
        tls: (tls == Tls::Implicit).then_some(HopTls::Implicit),
        username: Some("alice".into()),
        password_file: Some(file),
    });
    world.tls = trusting(&[&smart]);
    (world, smart)
}

#[tokio::test]
async fn a_smarthost_takes_everything_over_tls_from_who_signs_in() {
    let (mut world, smart) = with_smarthost(Tls::Good, "open sesame").await;
    world.start();
    world.send(&["bob@elsewhere.test", "carol@absent.test"]).await;
    let received = smart.received(1).await;
    assert_eq!(received[0].to, ["bob@elsewhere.test", "carol@absent.test"]);
    assert!(received[0].tls);
    assert_eq!(received[0].user.as_deref(), Some("alice"));
    world.empty().await;
    assert_eq!(world.sink.connections(), 0);
}

#[tokio::test]
async fn a_password_goes_to_no_smarthost_without_tls() {
    for tls in [Tls::Absent, Tls::Broken] {
        let (mut world, smart) = with_smarthost(tls, "open sesame").await;
        world.start();
        world.send(&["bob@elsewhere.test"]).await;
        let reply = world.tried(1).await.last_reply.unwrap();
        assert!(reply.contains("TLS"), "{reply}");
        assert_eq!(smart.times(testkit::sink::Step::Auth), 0);
    }
}

#[tokio::test]
async fn a_password_goes_to_no_smarthost_with_a_certificate_that_is_not_trusted() {
    let (mut world, smart) = with_smarthost(Tls::Good, "open sesame").await;
    world.tls = trusting(&[]);
    world.start();
    world.send(&["bob@elsewhere.test"]).await;
    let reply = world.tried(1).await.last_reply.unwrap();
    assert!(reply.starts_with("TLS failed"), "{reply}");
    assert_eq!(smart.times(testkit::sink::Step::Auth), 0);
}

#[tokio::test]
async fn a_wrong_password_keeps_the_mail() {
    let (mut world, _smart) = with_smarthost(Tls::Good, "guess").await;
    world.start();
    world.send(&["bob@elsewhere.test"]).await;
    let waiting = world.tried(1).await;
    assert_eq!(waiting.last_reply.as_deref(), Some("535 5.7.8 Wrong name or password"));
    assert!(world.inbox().is_empty());
    let detail = world.queue().detail(waiting.id).unwrap();
    assert!(detail.reason.contains("did not take this server's password"), "{}", detail.reason);
}
