//! Leaving a mailing list: List-Unsubscribe (RFC 2369) and, with one click, RFC 8058. The list learns this server's address and
//! nothing of the reader.

use crate::{authentication::Standing, images, imap::Error, pool::Lease, visit::Visit};
use actix_web::{HttpResponse, http::header, web};
use httpd::{Fault, Fields};
use reqwest::{Client, Url};
use std::time::Duration;

/// Time the list has to answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes of an address.
const ADDRESS_BYTES_MAX: usize = 4096;
/// The fields that are needed of a message.
const FIELDS: &str = "FROM AUTHENTICATION-RESULTS LIST-UNSUBSCRIBE LIST-UNSUBSCRIBE-POST";

/// How a list can be left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// By a request that this server makes.
    OneClick(String),
    /// By a message: the recipient and the subject.
    Mail(String, String),
    /// On a page of the list.
    Page(String),
}

impl Way {
    /// The best of those that the header fields offer.
    pub(crate) fn of(block: &[u8], standing: &Standing) -> Option<Self> {
        let field = |name| mail::header::find(block, name).map(|raw| String::from_utf8_lossy(raw).into_owned());
        let offered = field("List-Unsubscribe")?;
        let addresses: Vec<String> = offered
            .split('<')
            .skip(1)
            .filter_map(|rest| rest.split_once('>'))
            .map(|(address, _)| address.split_whitespace().collect::<String>())
            .filter(|address| address.len() <= ADDRESS_BYTES_MAX)
            .collect();
        let starts = |scheme: &'static str| {
            move |a: &&String| a.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        let web = addresses.iter().find(starts("https://"));
        let is_one_click = field("List-Unsubscribe-Post")
            .is_some_and(|post| post.trim().eq_ignore_ascii_case("List-Unsubscribe=One-Click"));
        // RFC 8058 section 4 asks for a signature that covers the fields; where our servers looked and found none, the page
        // is left to the reader.
        if let (Some(address), true, true) = (web, is_one_click, standing.is_signed != Some(false)) {
            return Some(Self::OneClick(address.clone()));
        }
        if let Some(address) = addresses.iter().find(starts("mailto:")) {
            return mail_way(&address["mailto:".len()..]);
        }
        web.or_else(|| addresses.iter().find(starts("http://"))).map(|address| Self::Page(address.clone()))
    }

    /// Where a link leads that does it; `None` for what a form does.
    pub(crate) fn link(&self) -> Option<String> {
        match self {
            Self::OneClick(_) => None,
            Self::Mail(to, subject) => Some(format!(
                "/mail/-/compose?to={}&subject={}",
                crate::address::segment(to),
                crate::address::segment(subject)
            )),
            Self::Page(address) => Some(address.clone()),
        }
    }

    /// Whether the link leads out of here.
    pub(crate) fn is_outside(&self) -> bool {
        matches!(self, Self::Page(_))
    }
}

/// `leave@lists.test?subject=leave`
fn mail_way(address: &str) -> Option<Way> {
    let (to, query) = address.split_once('?').unwrap_or((address, ""));
    let pairs = web::Query::<Vec<(String, String)>>::from_query(query).map(web::Query::into_inner).unwrap_or_default();
    let subject = pairs.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("subject")).map(|(_, value)| value);
    let to = web::Query::<Vec<(String, String)>>::from_query(&format!("t={}", to.replace('+', "%2B"))).ok()?;
    let to = to.first()?.1.parse::<mail::address::Address>().ok()?;
    Some(Way::Mail(to.to_string(), subject.unwrap_or_else(|| "unsubscribe".into())))
}

/// The header fields of a message that say how.
async fn fields(lease: &mut Lease, uid: u32) -> Result<Option<Vec<u8>>, Error> {
    let items = lease.fetch_one(uid, &format!("UID BODY.PEEK[HEADER.FIELDS ({FIELDS})]")).await?;
    Ok(items.map(|items| crate::message::header_block(&items)))
}

/// `POST /mail/{mailbox}/{uid}/unsubscribe`
pub(crate) async fn unsubscribe(
    visit: Visit,
    path: web::Path<(String, u32)>,
    fields: Fields,
) -> Result<HttpResponse, Fault> {
    let (mailbox, uid) = path.into_inner();
    let (mut lease, selected) = visit.open(&mailbox).await?;
    if selected.uid_validity.to_string() != fields.text("validity") {
        return Err(Fault::Conflict(String::new()));
    }
    let block = self::fields(&mut lease, uid).await?.ok_or(Fault::NotFound)?;
    drop(lease);
    let standing = Standing::of(&block, &[], &visit.state.hostname);
    let Some(Way::OneClick(address)) = Way::of(&block, &standing) else {
        return Err(Fault::Conflict(visit.page.t("unsubscribe-failed")));
    };
    let url = Url::parse(&address).ok().filter(|url| url.scheme() == "https" && images::is_allowed(url));
    let outcome = match (url, visit.state.images.client()) {
        (Some(url), Some(client)) => call(client, url).await,
        _ => Err("the address is not one that is called".into()),
    };
    if let Err(why) = outcome {
        tracing::info!(why, "a list was not left");
        return Err(Fault::Conflict(visit.page.t("unsubscribe-failed")));
    }
    let back = crate::address::message(&mailbox, uid);
    if visit.is_fragment {
        let said = serde_json::json!({ "toast": visit.page.t("unsubscribe-done") }).to_string();
        // Header values are ASCII; JSON can say everything in it.
        let said: String =
            said.chars().map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", c as u32) }).collect();
        return Ok(HttpResponse::NoContent().insert_header(("HX-Trigger", said)).finish());
    }
    Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, back)).finish())
}

/// The request of RFC 8058 section 3.2.
async fn call(client: &Client, url: Url) -> Result<(), String> {
    let request = client
        .post(url)
        .timeout(TIMEOUT)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body("List-Unsubscribe=One-Click");
    let response = request.send().await.map_err(|error| error.to_string())?;
    if response.status().is_success() { Ok(()) } else { Err(format!("status {}", response.status())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn way(fields: &str) -> Option<Way> {
        let block = format!("{fields}\n\n").replace('\n', "\r\n");
        Way::of(block.as_bytes(), &Standing::of(block.as_bytes(), &[], "mail.example.test"))
    }

    const BOTH: &str = "List-Unsubscribe: <mailto:leave+7@lists.test?subject=leave%20it>,\n <https://lists.test/u?a=b>\n\
        List-Unsubscribe-Post: List-Unsubscribe=One-Click";

    #[test]
    fn the_best_way_is_offered() {
        assert_eq!(way(BOTH), Some(Way::OneClick("https://lists.test/u?a=b".into())));
        let mail = way(BOTH.split("\nList-Unsubscribe-Post").next().expect("the first"));
        assert_eq!(mail, Some(Way::Mail("leave+7@lists.test".into(), "leave it".into())));
        let link = "/mail/-/compose?to=leave%2B7%40lists.test&subject=leave%20it";
        assert_eq!(mail.and_then(|way| way.link()).as_deref(), Some(link));
        assert_eq!(way("List-Unsubscribe: <http://lists.test/>"), Some(Way::Page("http://lists.test/".into())));
        assert_eq!(way("List-Unsubscribe: <javascript:alert(1)>, <mailto:>"), None);
        assert_eq!(way("Subject: x"), None);
    }

    #[test]
    fn what_is_not_signed_is_not_called() {
        let unsigned = format!("Authentication-Results: mail.example.test; dkim=none\n{BOTH}");
        assert!(matches!(way(&unsigned), Some(Way::Mail(..))));
        let signed = format!("Authentication-Results: mail.example.test; dkim=pass header.d=lists.test\n{BOTH}");
        assert!(matches!(way(&signed), Some(Way::OneClick(_))));
    }

    #[tokio::test]
    async fn the_request_is_that_of_the_standard() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let url = format!("http://{}/u?a=b", listener.local_addr().expect("has an address"));
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("accepts");
            let mut request = Vec::new();
            while !request.ends_with(b"One-Click") {
                let mut chunk = [0; 1024];
                let length = stream.read(&mut chunk).await.expect("reads");
                request.extend_from_slice(&chunk[..length]);
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.expect("writes");
            String::from_utf8(request).expect("is text")
        });
        // The client asks for TLS even where it speaks plain HTTP.
        let tls = net::tls::client::verified().expect("makes a configuration");
        let builder = Client::builder().tls_backend_preconfigured((*tls).clone());
        let client = builder.no_proxy().build().expect("makes a client");
        call(&client, Url::parse(&url).expect("is a URL")).await.expect("is taken");
        let request = server.await.expect("ends");
        assert!(request.starts_with("POST /u?a=b HTTP/1.1\r\n"), "{request}");
        assert!(request.to_lowercase().contains("content-type: application/x-www-form-urlencoded"), "{request}");
        assert!(!request.to_lowercase().contains("cookie"), "{request}");
    }
}
