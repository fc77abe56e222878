//! Writing mail: new messages, answers, handing on, drafts, attachments, sending.
//!
//! Layout: [`begin`] the pages that begin a message, [`act`] the one form behind them all (save, attach, send, discard), [`page`] how
//! it is shown and answered. [`draft`] a message being written, with its [`attachment`]s, and how it is written as a message;
//! [`addresses`] recipients as typed, [`head`] and [`text`] what is read of the message that is answered, [`reply`] to whom and under
//! which subject, [`quote`] its words, [`rich`] formatted text. [`upload`] reads the form, [`signature`] ends them, [`shelf`] keeps drafts and copies by IMAP, [`submit`] sends,
//! [`desk`] lets one change of a draft happen at a time, [`people`] completes addresses.
//!
//! Invariants: what was typed comes back with every error. A version of a draft goes only when the next is safe. A message is sent once,
//! however often it is asked for: its Message-ID is given when it is begun, and what was sent is remembered and found in Sent. Nothing
//! typed can add a header field. Attachments are held in memory and in the draft, never in files.

mod act;
mod addresses;
mod attachment;
mod begin;
mod desk;
mod draft;
mod head;
mod page;
mod people;
mod quote;
mod reply;
mod rich;
mod shelf;
pub(crate) mod signature;
mod submit;
mod text;
mod upload;

pub(crate) use desk::Desk;

use crate::imap::Error;
use actix_web::web::{self, ServiceConfig};

/// Registers the addresses of writing.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .route("/mail/-/compose", web::get().to(begin::new))
        .route("/mail/-/compose", web::post().to(act::post))
        .route("/mail/-/compose/people", web::get().to(people::list))
        .route("/mail/-/compose/sent", web::get().to(page::sent))
        .route(r"/mail/{mailbox}/{uid:\d+}/reply", web::get().to(begin::reply))
        .route(r"/mail/{mailbox}/{uid:\d+}/reply-all", web::get().to(begin::reply_all))
        .route(r"/mail/{mailbox}/{uid:\d+}/forward", web::get().to(begin::forward))
        .route(r"/mail/{mailbox}/{uid:\d+}/edit", web::get().to(begin::edit));
}

/// Bytes up to which work is done at once; more of it goes to a thread where it holds up nobody.
const AT_ONCE_BYTES_MAX: usize = 256 * 1024;

/// Does work on so many bytes.
async fn heavy<T: Send + 'static>(bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    if bytes <= AT_ONCE_BYTES_MAX {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Protocol(error.to_string()))
}
