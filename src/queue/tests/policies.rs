//! MTA-STS (RFC 8461) and REQUIRETLS (RFC 8689): mail goes to servers whose names and certificates can be believed.

use super::{MINUTE, World, trusting};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use store::Terms;
use testkit::{
    Sink,
    sink::{Options, Tls},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

const TEXT: &str = "Subject: Hello\r\n\r\nHi!\r\n";

/// A web server for one policy. It ends when this is dropped.
struct Web {
    port: u16,
    certificate: CertificateDer<'static>,
    asked: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Web {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Web {
    async fn start(name: &str, policy: &'static str) -> Self {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let certificate = made.cert.der().clone();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let (acceptor, listener) =
            (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let (port, asked) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut request = [0; 2048];
                let length = stream.read(&mut request).await.unwrap_or(0);
                assert!(request[..length].starts_with(b"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts."));
                counted.fetch_add(1, Ordering::SeqCst);
                let length = policy.len();
                let answer =
                    format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{policy}");
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { port, certificate, asked, task }
    }
}

/// A world whose `elsewhere.test` has a policy, and a server with this TLS; all certificates are trusted.
async fn with_policy(tls: Tls, policy: &'static str) -> (World, Web) {
    let mut options = Options { tls, ..Options::default() };
    options.capabilities.push("REQUIRETLS");
    let mut world = World::with(options).await;
    let web = Web::start("mta-sts.elsewhere.test", policy).await;
    world.dns.txt("_mta-sts.elsewhere.test", "v=STSv1; id=20261125;");
    world.dns.host("mta-sts.elsewhere.test", "127.0.0.1");
    world.settings.queue.policy_port = web.port;
    world.tls = trusting_all(&[world.sink.certificate(), web.certificate.clone()]);
    (world, web)
}

fn trusting_all(certificates: &[CertificateDer<'static>]) -> smtp::client::Tls {
    let mut roots = rustls::RootCertStore::empty();
    certificates.iter().for_each(|certificate| roots.add(certificate.clone()).unwrap());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    smtp::client::Tls::with_verified(Arc::new(config)).unwrap()
}

const ENFORCE: &str = "version: STSv1\r\nmode: enforce\r\nmx: mx.elsewhere.test\r\nmax_age: 604800\r\n";

#[tokio::test]
async fn a_policy_is_fetched_once_and_followed() {
    let (mut world, web) = with_policy(Tls::Good, ENFORCE).await;
    world.start();
    world.send(&["bob@elsewhere.test"]).await;
    assert!(world.sink.received(1).await[0].tls);
    world.empty().await;
    world.clock.advance(10 * MINUTE);
    world.send(&["bob@elsewhere.test"]).await;
    world.sink.received(2).await;
    assert_eq!(web.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn nothing_goes_in_the_clear_or_to_a_certificate_that_is_not_trusted() {
    for tls in [Tls::Absent, Tls::Broken, Tls::Good] {
        let (mut world, web) = with_policy(tls, ENFORCE).await;
        // The web server is trusted, the mail server is not.
        world.tls = trusting_all(std::slice::from_ref(&web.certificate));
        world.start();
        world.send(&["bob@elsewhere.test"]).await;
        let reply = world.tried(1).await.last_reply.unwrap();
        assert!(reply.contains("TLS"), "{tls:?}: {reply}");
        assert!(world.sink.taken().is_empty());
    }
}

#[tokio::test]
async fn a_server_that_the_policy_does_not_name_gets_nothing() {
    let (mut world, _web) = with_policy(Tls::Good, ENFORCE).await;
    let other = Sink::start().await;
    world.dns.remove("elsewhere.test");
    world.dns.mx("elsewhere.test", 10, "mx.attacker.test");
    world.dns.host("mx.attacker.test", "127.0.0.1");
    world.start();
    world.send(&["bob@elsewhere.test"]).await;
    let reply = world.tried(1).await.last_reply.unwrap();
    assert!(reply.contains("mx.attacker.test is no server of the policy"), "{reply}");
    assert_eq!((other.connections(), world.sink.connections()), (0, 0));
}

#[tokio::test]
async fn a_policy_holds_on_when_its_record_is_hidden() {
    let (mut world, _web) = with_policy(Tls::Good, ENFORCE).await;
    world.start();
    world.send(&["bob@elsewhere.test"]).await;
    world.sink.received(1).await;
    world.empty().await;
    world.dns.remove("_mta-sts.elsewhere.test");
    world.tls = trusting(&[]);
    world.kill().await;
    world.start();
    world.send(&["carol@elsewhere.test"]).await;
    let reply = world.tried(1).await.last_reply.unwrap();
    assert!(reply.contains("TLS failed"), "{reply}");
}

#[tokio::test]
async fn a_policy_that_is_only_tested_stops_nothing() {
    let text = "version: STSv1\nmode: testing\nmx: other.elsewhere.test\nmax_age: 604800\n";
    let (mut world, _web) = with_policy(Tls::Absent, text).await;
    world.start();
    world.send(&["bob@elsewhere.test"]).await;
    assert!(!world.sink.received(1).await[0].tls);
}

#[tokio::test]
async fn a_message_that_needs_tls_goes_where_it_is_kept_safe() {
    let (mut world, _web) = with_policy(Tls::Good, ENFORCE).await;
    world.start();
    let terms = Terms { require_tls: true, ..Terms::default() };
    world.submit(&["bob@elsewhere.test"], TEXT, terms.clone()).await;
    let received = world.sink.received(1).await.remove(0);
    assert!(received.tls && received.parameters.ends_with("REQUIRETLS"), "{}", received.parameters);
    world.empty().await;
    // A domain whose servers only the DNS names.
    world.dns.mx("plain.test", 10, "mx.elsewhere.test");
    world.submit(&["bob@plain.test"], TEXT, terms).await;
    world.empty().await;
    assert!(world.notification().contains("Status: 5.7.30"));
    assert_eq!(world.sink.taken().len(), 1);
}

#[tokio::test]
async fn a_message_that_needs_tls_is_not_given_to_a_server_that_does_not_promise_it() {
    let mut world = World::with(Options { tls: Tls::Good, ..Options::default() }).await;
    let web = Web::start("mta-sts.elsewhere.test", ENFORCE).await;
    world.dns.txt("_mta-sts.elsewhere.test", "v=STSv1; id=1;");
    world.dns.host("mta-sts.elsewhere.test", "127.0.0.1");
    world.settings.queue.policy_port = web.port;
    world.tls = trusting_all(&[world.sink.certificate(), web.certificate.clone()]);
    world.start();
    world.submit(&["bob@elsewhere.test"], TEXT, Terms { require_tls: true, ..Terms::default() }).await;
    world.empty().await;
    assert!(world.notification().contains("5.7.30"));
    assert!(world.sink.taken().is_empty());
}
