//! Every address of webmail and its handler. `-` takes the place of a mailbox where none is meant.

use crate::{
    actions, attachment, body, choices, conversation, images, jobs, list, live, manage, message, source, undo,
    unsubscribe, zip,
};
use actix_web::{
    HttpResponse,
    http::header,
    web::{ServiceConfig, get, post},
};

/// Registers them. The writing part registers its own in `compose::configure`:
/// `/mail/-/compose...` and `/mail/{mailbox}/{uid}/{reply,reply-all,forward,edit}`.
pub(crate) fn configure(config: &mut ServiceConfig) {
    crate::compose::configure(config);
    crate::filters::configure(config);
    config
        .route("/mail", get().to(inbox))
        .route("/mail/", get().to(inbox))
        .route("/mail/-/events", get().to(live::events))
        .route("/mail/-/image", get().to(images::image))
        .route("/mail/-/act", post().to(actions::act))
        .route("/mail/-/undo", post().to(undo::undo))
        .route("/mail/-/jobs/{id}", get().to(jobs::show))
        .route("/mail/-/settings", get().to(choices::show))
        .route("/mail/-/settings", post().to(choices::change))
        .route("/mail/-/folders", get().to(manage::show))
        .route("/mail/-/folders", post().to(manage::change))
        .route("/mail/{mailbox}", get().to(list::show))
        .route(r"/mail/{mailbox}/{uid:\d+}", get().to(conversation::show))
        .route(r"/mail/{mailbox}/{uid:\d+}/card", get().to(conversation::card))
        .route(r"/mail/{mailbox}/{uid:\d+}/images", post().to(choices::allow_images))
        .route(r"/mail/{mailbox}/{uid:\d+}/unsubscribe", post().to(unsubscribe::unsubscribe))
        .route(r"/mail/{mailbox}/{uid:\d+}/files", get().to(zip::download))
        .route(r"/mail/{mailbox}/{uid:\d+}/body", get().to(body::frame))
        .route(r"/mail/{mailbox}/{uid:\d+}/print", get().to(message::print))
        .route(r"/mail/{mailbox}/{uid:\d+}/source", get().to(source::show))
        .route(r"/mail/{mailbox}/{uid:\d+}/file", get().to(source::download))
        .route(r"/mail/{mailbox}/{uid:\d+}/part/{section}", get().to(attachment::download));
}

/// `GET /mail/`
async fn inbox() -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, crate::address::mailbox("INBOX"))).finish()
}
