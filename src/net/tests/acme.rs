//! An order against an ACME server of ours, over HTTPS on loopback. It asks for the HTTP-01 answer as a real one would,
//! and signs what it is asked to; it does not check the client's signatures.

use crate::{anywhere, settings, tls::visit_any};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use net::{
    Stream,
    tls::{Certificates, Source},
};
use rcgen::{BasicConstraints, CertificateParams, CertificateSigningRequestParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::CertificateSigningRequestDer;
use serde_json::{Value, json};
use std::{
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{Arc, Mutex},
};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

type Answer = dyn Fn(&str) -> Option<String> + Send + Sync;

/// State of the one order there is at a time.
#[derive(Default)]
struct Order {
    accounts: usize,
    proved: Option<bool>,
    chain: Option<String>,
}

struct Server {
    url: String,
    root: Issuer<'static, KeyPair>,
    root_pem: String,
    /// Stands for asking the client's HTTP listener on port 80.
    answer: Mutex<Option<Box<Answer>>>,
    order: Mutex<Order>,
}

async fn start() -> Arc<Server> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let root_pem = params.self_signed(&key).unwrap().pem();
    let root = Issuer::new(params, key);

    let own_key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["localhost".into()]).unwrap().signed_by(&own_key, &root).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(net::tls::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], own_key.into())
        .unwrap();
    let listener = net::listener::bind(anywhere()).await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let server = Arc::new(Server { url, root, root_pem, answer: Mutex::default(), order: Mutex::default() });
    let (served, config) = (server.clone(), Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (served, config) = (served.clone(), config.clone());
            tokio::spawn(async move {
                let stream = Stream::Tcp(stream).starttls(config).await.unwrap();
                served.connection(BufReader::new(stream)).await;
            });
        }
    });
    server
}

impl Server {
    async fn connection(&self, mut stream: BufReader<Stream>) {
        loop {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                if stream.read_until(b'\n', &mut head).await.unwrap_or(0) == 0 {
                    return;
                }
            }
            let head = String::from_utf8(head).unwrap().to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
            let mut body = vec![0; length.parse().unwrap()];
            stream.read_exact(&mut body).await.unwrap();
            let path = head.split(' ').nth(1).unwrap();
            let (location, reply) = self.reply(path, &body);
            let head = format!(
                "HTTP/1.1 200 OK\r\nreplay-nonce: bm9uY2U\r\nlocation: {}{location}\r\ncontent-length: {}\r\n\r\n",
                self.url,
                reply.len()
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(reply.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
        }
    }

    fn reply(&self, path: &str, body: &[u8]) -> (&'static str, String) {
        let url = &self.url;
        let mut order = self.order.lock().unwrap();
        let challenge =
            json!({"type": "http-01", "url": format!("{url}/challenge"), "token": "tok", "status": "pending"});
        let reply = match path {
            "/directory" => json!({
                "newNonce": format!("{url}/nonce"),
                "newAccount": format!("{url}/account"),
                "newOrder": format!("{url}/new"),
            }),
            "/nonce" => return ("", String::new()),
            "/account" => {
                order.accounts += 1;
                return ("/account/1", json!({"status": "valid"}).to_string());
            }
            "/new" => {
                (order.proved, order.chain) = (None, None);
                return ("/order", self.state(&order).to_string());
            }
            "/authorization" => json!({
                "identifier": {"type": "dns", "value": "mail.example.test"},
                "status": "pending",
                "challenges": [challenge],
            }),
            "/challenge" => {
                let answer = self.answer.lock().unwrap().as_ref().and_then(|ask| ask("tok"));
                order.proved = Some(answer.is_some_and(|answer| answer.starts_with("tok.")));
                challenge
            }
            "/order" => self.state(&order),
            "/finalize" => {
                let asked = payload(body)["csr"].as_str().map(|text| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap());
                let asked = CertificateSigningRequestDer::from(asked.unwrap());
                let request = CertificateSigningRequestParams::from_der(&asked).unwrap();
                let leaf = request.signed_by(&self.root).unwrap();
                order.chain = Some(format!("{}{}", leaf.pem(), self.root_pem));
                self.state(&order)
            }
            "/chain" => return ("", order.chain.clone().unwrap()),
            other => panic!("{other}"),
        };
        ("", reply.to_string())
    }

    fn state(&self, order: &Order) -> Value {
        let url = &self.url;
        let status = match (order.proved, &order.chain) {
            (_, Some(_)) => "valid",
            (None, None) => "pending",
            (Some(true), None) => "ready",
            (Some(false), None) => "invalid",
        };
        json!({
            "status": status,
            "authorizations": [format!("{url}/authorization")],
            "finalize": format!("{url}/finalize"),
            "certificate": order.chain.as_ref().map(|_| format!("{url}/chain")),
        })
    }
}

/// What a JWS carries.
fn payload(body: &[u8]) -> Value {
    let outer: Value = serde_json::from_slice(body).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(outer["payload"].as_str().unwrap()).unwrap()).unwrap()
}

fn configured(server: &Server, dir: &Path) -> config::Settings {
    std::fs::create_dir_all(dir.join("tls")).unwrap();
    std::fs::write(dir.join("tls/acme-root.pem"), &server.root_pem).unwrap();
    let mut settings = settings(dir);
    settings.tls.acme_contact = Some("postmaster@example.test".into());
    settings.tls.acme_directory = Some(format!("{}/directory", server.url));
    settings
}

#[tokio::test]
async fn a_certificate_is_ordered_used_and_kept() {
    let server = start().await;
    let dir = TempDir::new().unwrap();
    let settings = configured(&server, dir.path());
    let certificates = Certificates::load(&settings).unwrap();
    assert_eq!(certificates.source(), Source::SelfSigned, "until the first order is done");
    let asked = certificates.clone();
    *server.answer.lock().unwrap() = Some(Box::new(move |token| asked.acme_answer(token)));

    certificates.order_now().await.unwrap();
    let status = certificates.status();
    assert_eq!((status.source, status.names, status.fault), (Source::Acme, vec!["mail.example.test".into()], None));
    assert_eq!(certificates.acme_answer("tok"), None, "no answer is left behind");
    let shown = visit_any(&certificates).await;
    for file in std::fs::read_dir(dir.path().join("tls")).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert!(mode == 0o600 || file.file_name() == "acme-root.pem", "{:?} {mode:o}", file.file_name());
    }

    let again = Certificates::load(&settings).unwrap();
    assert_eq!(again.source(), Source::Acme);
    assert_eq!(visit_any(&again).await, shown);
    let asked = again.clone();
    *server.answer.lock().unwrap() = Some(Box::new(move |token| asked.acme_answer(token)));
    again.order_now().await.unwrap();
    assert_ne!(visit_any(&again).await, shown);
    assert_eq!(server.order.lock().unwrap().accounts, 1, "the account is used again");
}

#[tokio::test]
async fn an_order_that_fails_leaves_the_certificate_in_use() {
    let server = start().await;
    let dir = TempDir::new().unwrap();
    let certificates = Certificates::load(&configured(&server, dir.path())).unwrap();
    let shown = visit_any(&certificates).await;
    let error = certificates.order_now().await.unwrap_err().to_string();
    assert!(error.contains("the name mail.example.test could not be proved over http port 80"), "{error}");
    assert_eq!(certificates.status().fault, Some(error));
    assert_eq!(visit_any(&certificates).await, shown);
    assert_eq!(certificates.source(), Source::SelfSigned);
}
