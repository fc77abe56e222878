//! Certificates and handshakes.

use crate::{anywhere, service, settings};
use config::Limits;
use net::{
    Peer, Stream, listener,
    shutdown::Shutdown,
    tls::{Certificates, Source, client},
};
use std::{net::SocketAddr, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn describe(mut stream: Stream, _peer: Peer) {
    let text = stream.tls_description().unwrap_or_default();
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// A listener that speaks TLS from the first byte.
async fn tls_listener(config: Arc<rustls::ServerConfig>) -> SocketAddr {
    let listener = listener::bind(anywhere()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut service = service(&Limits::default(), describe);
    service.tls = Some(config);
    tokio::spawn(listener::serve(listener, service, Shutdown::default()));
    address
}

/// The certificate shown by a server, and what its session said.
async fn visit(address: SocketAddr) -> (Vec<u8>, String) {
    let stream = TcpStream::connect(address).await.unwrap();
    let mut stream = client::connect(client::opportunistic().unwrap(), "mail.example.test", stream).await.unwrap();
    let certificate = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    (certificate, text)
}

/// A pair of files as a certificate tool writes them.
fn write_pair(folder: &Path, name: &str) {
    let pair = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    for (file, text) in [("key.pem", pair.signing_key.serialize_pem()), ("chain.pem", pair.cert.pem())] {
        std::fs::write(folder.join("new"), text).unwrap();
        std::fs::rename(folder.join("new"), folder.join(file)).unwrap();
    }
}

#[tokio::test]
async fn the_self_signed_certificate_is_made_once_and_kept_private() {
    let dir = TempDir::new().unwrap();
    let first = Certificates::load(&settings(dir.path())).unwrap();
    assert_eq!(first.source(), Source::SelfSigned);
    assert!(first.status().names.contains(&"mail.example.test".to_owned()));
    let (certificate, text) = visit(tls_listener(first.server_config()).await).await;
    assert!(text.starts_with("TLS1.3 with TLS13_"), "{text}");
    let mode = std::fs::metadata(dir.path().join("tls/self-signed.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let again = Certificates::load(&settings(dir.path())).unwrap();
    assert_eq!(visit(tls_listener(again.server_config()).await).await.0, certificate);
    let mut renamed = settings(dir.path());
    renamed.hostname = "other.example.test".into();
    let renamed = Certificates::load(&renamed).unwrap();
    assert_ne!(visit(tls_listener(renamed.server_config()).await).await.0, certificate);
}

#[tokio::test]
async fn a_verifying_client_refuses_it() {
    let dir = TempDir::new().unwrap();
    let certificates = Certificates::load(&settings(dir.path())).unwrap();
    let address = tls_listener(certificates.server_config()).await;
    let stream = TcpStream::connect(address).await.unwrap();
    let Ok(config) = client::verified() else {
        return;
    };
    assert!(client::connect(config, "mail.example.test", stream).await.is_err());
}

#[tokio::test]
async fn https_offers_http_1_1() {
    let dir = TempDir::new().unwrap();
    let certificates = Certificates::load(&settings(dir.path())).unwrap();
    assert_eq!(certificates.https_config().alpn_protocols, [b"http/1.1".to_vec()]);
    assert!(certificates.server_config().alpn_protocols.is_empty());
}

#[tokio::test]
async fn changed_files_are_taken_and_bad_ones_are_not() {
    let dir = TempDir::new().unwrap();
    write_pair(dir.path(), "one.example.test");
    let mut settings = settings(dir.path());
    settings.tls.certificate = Some(dir.path().join("chain.pem"));
    settings.tls.key = Some(dir.path().join("key.pem"));
    let certificates = Certificates::load(&settings).unwrap();
    assert_eq!(certificates.source(), Source::Files);
    let address = tls_listener(certificates.server_config()).await;
    let (one, _) = visit(address).await;

    std::fs::write(dir.path().join("key.pem"), "nonsense").unwrap();
    certificates.refresh().await;
    assert!(certificates.status().fault.is_some_and(|fault| fault.contains("key.pem")));
    assert_eq!(visit(address).await.0, one);

    write_pair(dir.path(), "two.example.test");
    certificates.refresh().await;
    assert_eq!(certificates.status().fault, None);
    assert_eq!(certificates.status().names, ["two.example.test"]);
    assert_ne!(visit(address).await.0, one);
}

#[tokio::test]
async fn bad_files_are_named_at_start() {
    let dir = TempDir::new().unwrap();
    write_pair(dir.path(), "one.example.test");
    let mut settings = settings(dir.path());
    settings.tls.certificate = Some(dir.path().join("chain.pem"));
    settings.tls.key = Some(dir.path().join("absent.pem"));
    let fault = |settings: &config::Settings| Certificates::load(settings).err().unwrap().to_string();
    assert!(fault(&settings).contains("absent.pem: No such file"), "{}", fault(&settings));
    std::fs::rename(dir.path().join("key.pem"), dir.path().join("absent.pem")).unwrap();
    write_pair(dir.path(), "other.example.test");
    assert!(fault(&settings).contains("does not belong to the certificate"), "{}", fault(&settings));
    settings.tls.key = None;
    assert!(fault(&settings).contains("needed together"), "{}", fault(&settings));
}

#[tokio::test]
async fn starttls_upgrades_a_plain_stream() {
    let dir = TempDir::new().unwrap();
    let certificates = Certificates::load(&settings(dir.path())).unwrap();
    let config = certificates.server_config();
    let upgrade = move |mut stream: Stream, peer: Peer| {
        let config = config.clone();
        async move {
            assert!(!stream.is_secure());
            stream.write_all(b"220 go\r\n").await.unwrap();
            let stream = stream.starttls(config).await.unwrap();
            assert!(stream.is_secure());
            describe(stream, peer).await;
        }
    };
    let listener = listener::bind(anywhere()).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(listener::serve(listener, service(&Limits::default(), upgrade), Shutdown::default()));

    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut line = [0; 8];
    stream.read_exact(&mut line).await.unwrap();
    let mut stream = client::connect(client::opportunistic().unwrap(), "mail.example.test", stream).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("TLS1.3"), "{text}");
}

#[tokio::test]
async fn sessions_resume() {
    let dir = TempDir::new().unwrap();
    let certificates = Certificates::load(&settings(dir.path())).unwrap();
    let address = tls_listener(certificates.server_config()).await;
    let config = client::opportunistic().unwrap();
    let mut kinds = Vec::new();
    for _ in 0..2 {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut stream = client::connect(config.clone(), "mail.example.test", stream).await.unwrap();
        // The tickets of TLS 1.3 come behind the handshake.
        stream.read_to_end(&mut Vec::new()).await.unwrap();
        kinds.push(stream.get_ref().1.handshake_kind().unwrap());
    }
    assert_eq!(kinds, [rustls::HandshakeKind::Full, rustls::HandshakeKind::Resumed]);
}

#[tokio::test]
async fn a_client_that_does_not_speak_tls_is_dropped() {
    let dir = TempDir::new().unwrap();
    let certificates = Certificates::load(&settings(dir.path())).unwrap();
    let mut stream = TcpStream::connect(tls_listener(certificates.server_config()).await).await.unwrap();
    stream.write_all(b"EHLO me\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"220"));
}

/// The certificate that a listener with these certificates shows.
pub(crate) async fn visit_any(certificates: &Certificates) -> Vec<u8> {
    visit(tls_listener(certificates.server_config()).await).await.0
}
