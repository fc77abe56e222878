//! Filters and the vacation: one Sieve script that the pages write and read by ManageSieve, and any other as text.
//!
//! Layout: `client` ManageSieve; `shelf` the scripts there are; `book` our script, written and read back, made of `rule`s and the
//! vacation; pages: `list`, `edit` one rule, `vacation`, `script` as text; `run` rules over mail that is there.
//!
//! Invariants: a script that these pages did not write, or that was changed by hand, is shown as text and never written over
//! unasked; nothing is saved that the server has not found valid.

mod book;
mod client;
mod edit;
mod list;
mod rule;
mod run;
mod script;
mod shelf;
mod vacation;

pub(crate) use run::Runs;

use actix_web::web::{ServiceConfig, get, post};

/// Registers the pages.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .route("/mail/-/filters", get().to(list::show))
        .route("/mail/-/filters", post().to(list::change))
        .route("/mail/-/filters/rule", get().to(edit::show))
        .route("/mail/-/filters/rule", post().to(edit::save))
        .route("/mail/-/filters/script", get().to(script::show))
        .route("/mail/-/filters/script", post().to(script::change))
        .route("/mail/-/filters/run", post().to(run::begin))
        .route("/mail/-/filters/run/{id}", get().to(run::progress))
        .route(r"/mail/{mailbox}/{uid:\d+}/filter", get().to(edit::of_message))
        .route("/mail/-/vacation", get().to(vacation::show))
        .route("/mail/-/vacation", post().to(vacation::change));
}
