//! `/sign-in` and `/sign-out`, shared by webmail and console.

use crate::{Fault, Fields, Page, Session, SignInError, form, page, percent_encoded, session, site::Shared};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use askama::Template;
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr};

/// Characters of the User-Agent that are kept with a session.
const AGENT_CHARS_MAX: usize = 200;

#[derive(Template)]
#[template(path = "shared/sign_in.html")]
struct SignInPage<'a> {
    page: Page,
    next: &'a str,
    name: &'a str,
    error: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Query {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
struct Entered {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// Address of the sign-in page that comes back to `next`.
pub(crate) fn address(next: &str) -> String {
    format!("/sign-in?next={}", percent_encoded(next, "/"))
}

/// The place to go to after sign-in: a path of ours, never another site.
pub fn safe_next(next: &str) -> &str {
    let bytes = next.as_bytes();
    let ours = bytes.first() == Some(&b'/')
        && !matches!(bytes.get(1), Some(b'/' | b'\\'))
        && bytes.iter().all(|b| (0x21..0x7f).contains(b) && *b != b'\\');
    if ours && !next.starts_with("/sign-") { next } else { "/" }
}

/// `GET /sign-in`
pub(crate) async fn show(request: HttpRequest, query: web::Query<Query>) -> Result<HttpResponse, Fault> {
    let next = safe_next(&query.next);
    if Session::of(&request).is_some() {
        return Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, next)).finish());
    }
    page::render(&SignInPage { page: Page::of(&request), next, name: "", error: None })
}

/// `POST /sign-in`. There is no session yet, so the guard is the origin check of [`crate::ground`].
pub(crate) async fn begin(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Fault> {
    let body = form::read(payload.into_inner()).await?;
    let entered = web::Query::<Entered>::from_query(&body).map_err(|_| Fault::BadRequest(String::new()))?.into_inner();
    let client = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |a| a.ip());
    let agent: String = request
        .headers()
        .get(header::USER_AGENT)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default()
        .chars()
        .take(AGENT_CHARS_MAX)
        .collect();
    let page = Page::of(&request);
    let (status, error) = match shared.primary.sign_in(entered.name.trim(), &entered.password, client, &agent).await {
        Ok((ticket, person)) => {
            let seconds = (person.expires - page.now()) / 1000;
            let cookie = session::cookie(request.app_config().secure(), &ticket, seconds.max(60));
            return Ok(HttpResponse::SeeOther()
                .cookie(cookie)
                .insert_header((header::LOCATION, safe_next(&entered.next)))
                .finish());
        }
        Err(SignInError::Refused) => (StatusCode::UNPROCESSABLE_ENTITY, page.t("sign-in-refused")),
        Err(SignInError::Throttled(wait)) => {
            let minutes = i64::try_from(wait.as_secs().div_ceil(60)).unwrap_or(i64::MAX).max(1);
            (StatusCode::TOO_MANY_REQUESTS, page.t1("sign-in-throttled", "minutes", minutes))
        }
        Err(SignInError::Unavailable(why)) => {
            tracing::error!(why, "sign-in failed");
            (StatusCode::SERVICE_UNAVAILABLE, page.t("sign-in-unavailable"))
        }
    };
    let template = SignInPage { page, next: safe_next(&entered.next), name: entered.name.trim(), error: Some(error) };
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(template.render()?))
}

/// `POST /sign-out`
pub(crate) async fn end(
    request: HttpRequest,
    session: Session,
    _guarded: Fields,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Fault> {
    for hook in &shared.signed_out {
        hook(&session.ticket);
    }
    shared.primary.sign_out(&session.ticket).await.map_err(|e| Fault::Unavailable(e.0))?;
    let gone = session::cookie(request.app_config().secure(), "", 0);
    // The browser also forgets what it may have kept of the pages.
    Ok(HttpResponse::SeeOther()
        .cookie(gone)
        .insert_header(("Clear-Site-Data", "\"cache\", \"storage\""))
        .insert_header((header::LOCATION, "/sign-in"))
        .finish())
}

#[cfg(test)]
mod tests {
    use super::{address, safe_next};

    #[test]
    fn next_never_leaves_the_site() {
        for bad in [
            "",
            "https://evil.test/",
            "//evil.test",
            "/\\evil.test",
            "javascript:alert(1)",
            "/a\nb",
            "\\\\evil",
            "/sign-in?next=/",
            "/a b",
        ] {
            assert_eq!(safe_next(bad), "/", "{bad}");
        }
        assert_eq!(safe_next("/mail/folder/INBOX?page=2"), "/mail/folder/INBOX?page=2");
        assert_eq!(address("/mail/?q=a&b"), "/sign-in?next=/mail/%3Fq%3Da%26b");
    }
}
