//! A browser without scripts or a screen: requests with one kept session.

use crate::server::PASSWORD;
use reqwest::{Client, Method, Response, StatusCode, header, redirect::Policy};
use std::{collections::BTreeMap, sync::Mutex};

/// One session's requests.
pub struct Pages {
    base: String,
    client: Client,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: StatusCode,
    /// Header fields.
    pub headers: header::HeaderMap,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The bytes as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// A header's value; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The value of the first attribute `name="…"` after `mark`, with the entities of attributes undone.
    pub fn attribute_after(&self, mark: &str, name: &str) -> String {
        let text = self.text();
        let at = text.find(mark).unwrap_or_else(|| panic!("{mark:?} is not in the page:\n{text}"));
        let rest = &text[at..];
        let start = format!("{name}=\"");
        let from = rest.find(&start).unwrap_or_else(|| panic!("no {name} after {mark:?}:\n{rest}")) + start.len();
        let value = rest[from..].split('"').next().unwrap_or_default();
        value.replace("&quot;", "\"").replace("&#34;", "\"").replace("&#38;", "&").replace("&amp;", "&")
    }
}

impl Pages {
    /// Requests to the pages at `base`, not signed in.
    pub fn new(base: String) -> Self {
        provide_tls();
        let client = Client::builder().redirect(Policy::none()).no_proxy().build().expect("makes a client");
        Self { base, client, cookies: Mutex::default() }
    }

    /// Whether the server answers that it is ready.
    pub async fn is_ready(&self) -> bool {
        let answer = self.client.get(format!("{}/healthz/ready", self.base)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// Signs in as a user of example.test.
    pub async fn sign_in(&self, user: &str) {
        let name = format!("{user}@example.test");
        let answer = self.post("/sign-in", &[("name", &name), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "sign-in of {name}: {}", answer.text());
    }

    /// A page, redirects not followed.
    pub async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path, None).await
    }

    /// A page that must be there; where it leads is followed.
    pub async fn page(&self, path: &str) -> Answer {
        let mut answer = self.get(path).await;
        for _ in 0..5 {
            if !answer.status.is_redirection() {
                break;
            }
            let next = answer.header("location").to_owned();
            answer = self.get(&next).await;
        }
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer
    }

    /// A form with fields, sent as it is.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        self.request(Method::POST, path, Some(body.collect::<Vec<_>>().join("&"))).await
    }

    /// As [`Pages::post`], with the token against forged requests taken from a page.
    pub async fn submit(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.page(page).await.attribute_after("name=\"_csrf\"", "value");
        self.post(path, &[fields, &[("_csrf", &token)]].concat()).await
    }

    /// Opens an answer whose body goes on, as server-sent events do.
    pub async fn open(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.base)).header(header::COOKIE, self.cookie());
        request.send().await.expect("is answered")
    }

    /// The cookie header as the session stands.
    pub fn cookie(&self) -> String {
        let cookies = self.cookies.lock().expect("no test panics here");
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    async fn request(&self, method: Method, path: &str, form: Option<String>) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        request = request.header(header::COOKIE, self.cookie()).header("Sec-Fetch-Site", "same-origin");
        if let Some(form) = form {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        }
        let answer = request.send().await.unwrap_or_else(|error| panic!("{path}: {error}"));
        let (status, headers) = (answer.status(), answer.headers().clone());
        for cookie in headers.get_all(header::SET_COOKIE) {
            let text = cookie.to_str().expect("cookies are ASCII");
            let (name, value) = text.split(';').next().and_then(|pair| pair.split_once('=')).expect("is a cookie");
            self.cookies.lock().expect("no test panics here").insert(name.into(), value.into());
        }
        let bytes = answer.bytes().await.expect("the body comes whole").to_vec();
        Answer { status, headers, bytes }
    }
}

/// Percent-encoding of a form's value.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// The HTTP client is built without a TLS provider of its own, and asks for one even where it speaks plain HTTP.
pub(crate) fn provide_tls() {
    // It fails when one is there already, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
