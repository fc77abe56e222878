//! What machines ask: health, figures, ACME challenges.

use crate::{Fault, site::Shared};
use actix_web::{HttpRequest, HttpResponse, web};

/// `GET /healthz/live`: the process answers.
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// `GET /healthz/ready`: it can do its work; else 503 with the reason.
pub(crate) async fn ready(shared: web::Data<Shared>) -> HttpResponse {
    let draining = shared.shutdown.draining.is_cancelled();
    match (draining, (shared.ready)()) {
        (true, _) => HttpResponse::ServiceUnavailable().content_type("text/plain; charset=utf-8").body("draining\n"),
        (false, Err(why)) => {
            HttpResponse::ServiceUnavailable().content_type("text/plain; charset=utf-8").body(format!("{why}\n"))
        }
        (false, Ok(())) => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n"),
    }
}

/// `GET /metrics` in Prometheus text form, for this machine only.
pub(crate) async fn metrics(request: HttpRequest, shared: web::Data<Shared>) -> Result<HttpResponse, Fault> {
    if !request.peer_addr().is_some_and(|a| a.ip().to_canonical().is_loopback()) {
        return Err(Fault::NotFound);
    }
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body((shared.metrics)()))
}

/// `GET /.well-known/acme-challenge/{token}` (RFC 8555 section 8.3).
pub(crate) async fn acme(token: web::Path<String>, shared: web::Data<Shared>) -> Result<HttpResponse, Fault> {
    let answer = shared.certificates.as_ref().and_then(|c| c.acme_answer(&token)).ok_or(Fault::NotFound)?;
    Ok(HttpResponse::Ok().content_type("application/octet-stream").body(answer))
}
