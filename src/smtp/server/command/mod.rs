//! The commands of a session, a file for each group: [`hello`] EHLO, HELO and STARTTLS, `auth` AUTH, `envelope` MAIL,
//! RCPT and RSET, [`data`] DATA and BDAT, [`held`] XHELD and XCANCEL, [`trusted`] XCLIENT and LHLO.

mod auth;
pub(super) mod data;
mod envelope;
pub mod held;
pub(super) mod hello;
pub mod trusted;
