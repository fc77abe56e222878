//! Mail as data: addresses, headers, dates, MIME views, and the texts that servers write themselves.
//!
//! Layout: [`address`] mailboxes and paths, [`header`] the raw header block, [`date`] date-times, [`summary`] what is
//! kept of a message beside its bytes, [`subject`] base subjects, [`received`] trace headers, [`report`] delivery
//! status notifications, [`text`] readable text of a body,
//! [`xtext`] text in parameters.
//!
//! Invariants: pure; no IO, no clock, no tokio. Every parser takes any bytes, has a bound and cannot panic.

pub mod address;
mod address_list;
mod attachment;
mod charset;
pub mod date;
pub mod encoded_word;
mod envelope;
pub mod header;
mod html;
pub mod mime;
mod parameter;
mod preview;
pub mod received;
pub mod report;
pub mod subject;
pub mod summary;
pub mod text;
mod transfer;
pub mod xtext;
