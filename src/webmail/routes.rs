//! Every address of webmail and its handler. `-` takes the place of a mailbox where none is meant.

use actix_web::{
    HttpResponse,
    http::header,
    web::{self, ServiceConfig},
};

/// Registers them. The writing part registers its own in `compose::configure`:
/// `/mail/-/compose...` and `/mail/{mailbox}/{uid}/{reply,reply-all,forward,edit}`.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config.route("/mail", web::get().to(inbox)).route("/mail/", web::get().to(inbox));
}

/// `GET /mail/`
async fn inbox() -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, crate::address::mailbox("INBOX"))).finish()
}
