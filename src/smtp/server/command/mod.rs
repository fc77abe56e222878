//! The commands of a session, a file for each group: [`hello`] EHLO, HELO and STARTTLS, `auth` AUTH, `envelope` MAIL,
//! RCPT and RSET, [`data`] DATA and BDAT.

mod auth;
pub(super) mod data;
mod envelope;
pub(super) mod hello;
