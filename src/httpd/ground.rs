//! What happens to every request: a request id, the session, the guard against cross-site requests, security headers,
//! errors as pages, figures and logs.

use crate::{
    Fault, Page, Session, page, session,
    site::{self, Shared},
};
use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use askama::Template;
use std::{sync::Arc, time::Instant};

/// Policy of our pages. Handlers that serve foreign content set a stricter one of their own, which is kept.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; \
     frame-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Names a request in logs, error pages and the header `X-Request-Id`; 16 hex digits.
#[derive(Debug, Clone)]
pub struct RequestId(pub Arc<str>);

impl RequestId {
    fn new() -> Self {
        let mut bytes = [0u8; 8];
        // An id of zeros only makes the log harder to read.
        let _ = getrandom::fill(&mut bytes);
        Self(format!("{:016x}", u64::from_be_bytes(bytes)).into())
    }
}

/// Whether htmx asks for a part of a page. When it restores history it needs the whole page.
pub fn is_fragment(request: &HttpRequest) -> bool {
    let is = |name: &str| request.headers().get(name).is_some_and(|v| v == "true");
    is("HX-Request") && !is("HX-History-Restore-Request") && !is("HX-Boosted")
}

/// The middleware.
pub(crate) async fn ground(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let id = RequestId::new();
    request.extensions_mut().insert(id.clone());
    let response = match guard(&request).await {
        // No copy of the request may be held here: the router writes into it.
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
        Err(refused) => request.into_response(refused).map_into_boxed_body(),
    };
    let mut response = dress(response, &id);
    protect(&mut response, &id);
    let status = response.status().as_u16();
    metrics::histogram!("gatepost_http_request_seconds", "class" => class(status))
        .record(began.elapsed().as_secs_f64());
    let http = response.request();
    tracing::debug!(trace = %id.0, method = %http.method(), path = http.path(), status, micros = began.elapsed().as_micros() as u64, "request");
    Ok(response)
}

/// What is answered before any handler is asked.
async fn guard(request: &ServiceRequest) -> Result<(), HttpResponse> {
    let http = request.request();
    if let Some(shared) = http.app_data::<web::Data<Shared>>()
        && !shared.loopback
        && !http.app_config().secure()
        && !site::answered_without_tls(http.path())
    {
        return Err(site::to_https(http, shared.https_port));
    }
    prepare(http).await.map_err(HttpResponse::from_error)
}

fn class(status: u16) -> &'static str {
    match status / 100 {
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

/// Guards and the session, before any handler.
async fn prepare(request: &HttpRequest) -> Result<(), Fault> {
    if !request.method().is_safe() && !same_origin(request) {
        return Err(Fault::Forbidden("cross-site"));
    }
    if request.path().starts_with("/static/") {
        return Ok(());
    }
    let Some(ticket) = session::presented(request) else { return Ok(()) };
    let Some(shared) = request.app_data::<web::Data<Shared>>() else { return Ok(()) };
    let found = shared.primary.session(&ticket).await.map_err(|e| Fault::Unavailable(e.0))?;
    if let Some(person) = found {
        request.extensions_mut().insert(Session { ticket: ticket.into(), person: Arc::new(person) });
    }
    Ok(())
}

/// Whether a request that may change something comes from a page of ours. Browsers tell by Sec-Fetch-Site or Origin;
/// programs send neither, and have no cookie that someone else could use.
fn same_origin(request: &HttpRequest) -> bool {
    let text = |name: HeaderName| request.headers().get(name).map(|v| v.to_str().unwrap_or("unreadable"));
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin" || site == "none";
    }
    match text(header::ORIGIN) {
        None => true,
        Some(origin) => {
            let host = text(header::HOST).unwrap_or_default();
            origin
                .split_once("://")
                .is_some_and(|(_, authority)| !host.is_empty() && authority.eq_ignore_ascii_case(host))
        }
    }
}

/// Gives a failed response its body: the sign-in page, a page, a line of text or JSON.
fn dress(response: ServiceResponse<BoxBody>, id: &RequestId) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let fault = response.response().error().and_then(|e| e.as_error::<Fault>());
    if fault.is_none()
        && response.response().error().is_none()
        && !matches!(
            response.response().body().size(),
            actix_web::body::BodySize::None | actix_web::body::BodySize::Sized(0)
        )
    {
        return response; // A handler wrote its own body.
    }
    let request = response.request();
    log(request, status, response.response().error(), id);
    let detail = fault.and_then(Fault::detail).map(str::to_owned);
    let dressed = match fault {
        Some(Fault::SignInNeeded) if !wants_json(request) => to_sign_in(request),
        _ => failure(request, status, detail.as_deref(), id),
    };
    let (request, _) = response.into_parts();
    ServiceResponse::new(request, dressed)
}

fn log(request: &HttpRequest, status: StatusCode, error: Option<&Error>, id: &RequestId) {
    let why = error.map(ToString::to_string).unwrap_or_default();
    if status.is_server_error() {
        tracing::error!(trace = %id.0, path = request.path(), status = status.as_u16(), why, "request failed");
    } else {
        tracing::debug!(trace = %id.0, path = request.path(), status = status.as_u16(), why, "request refused");
    }
}

fn to_sign_in(request: &HttpRequest) -> HttpResponse {
    let location =
        match request.method() == Method::GET && !is_fragment(request) && !request.path().starts_with("/mail/-/events")
        {
            true => crate::sign_in::address(request.uri().path_and_query().map_or("/", |p| p.as_str())),
            false => "/sign-in".to_owned(),
        };
    if request.headers().contains_key("HX-Request") {
        return HttpResponse::Unauthorized().insert_header(("HX-Redirect", location)).finish();
    }
    HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish()
}

fn wants_json(request: &HttpRequest) -> bool {
    request.path().starts_with("/api/")
        || request
            .headers()
            .get(header::ACCEPT)
            .and_then(|v| v.to_str().ok())
            .is_some_and(|v| v.starts_with("application/json"))
}

#[derive(Template)]
#[template(path = "shared/error.html")]
struct ErrorPage<'a> {
    page: Page,
    status: u16,
    title: String,
    text: String,
    detail: Option<&'a str>,
    id: &'a str,
}

/// Title and text of a status.
fn words(page: &Page, status: StatusCode) -> (String, String) {
    match status.as_u16() {
        400 | 405 | 415 => (page.t("error-400-title"), page.t("error-400-text")),
        401 | 403 => (page.t("error-403-title"), page.t("error-403-text")),
        404 => (page.t("error-404-title"), page.t("error-404-text")),
        409 => (page.t("error-409-title"), page.t("error-409-text")),
        413 => (page.t("error-413-title"), page.t("error-413-text")),
        503 => (page.t("error-503-title"), page.t("error-503-text")),
        code if code < 500 => (page.t("error-400-title"), page.t("error-400-text")),
        _ => (page.t("error-500-title"), page.t("error-500-text")),
    }
}

fn failure(request: &HttpRequest, status: StatusCode, detail: Option<&str>, id: &RequestId) -> HttpResponse {
    let page = Page::of(request);
    let (title, text) = words(&page, status);
    let mut response = HttpResponse::build(status);
    if wants_json(request) {
        let body = serde_json::json!({"error": {"status": status.as_u16(), "message": detail.unwrap_or(&title), "request": &*id.0}});
        return response.json(body);
    }
    if request.headers().contains_key("HX-Request") {
        return response.content_type("text/plain; charset=utf-8").body(detail.map_or(title, str::to_owned));
    }
    let template = ErrorPage { page, status: status.as_u16(), title, text, detail, id: &id.0 };
    match page::render(&template) {
        Ok(rendered) => rendered.map_body(|head, body| {
            head.status = status;
            body
        }),
        Err(_) => response.content_type("text/plain; charset=utf-8").body(template.title),
    }
}

/// Headers that every response has, unless its handler set a stricter one.
fn protect(response: &mut ServiceResponse<BoxBody>, id: &RequestId) {
    let request = response.request();
    let secure = request.app_config().secure();
    let loopback = request.app_data::<web::Data<Shared>>().is_some_and(|s| s.loopback);
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    );
    set(header::CACHE_CONTROL, "no-store");
    if secure && !loopback {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
}
