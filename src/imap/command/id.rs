//! ID (RFC 2971).

use crate::{
    error::Error,
    session::{Completed, Session},
};

pub(super) fn id(session: &mut Session, pairs: &[(String, Option<String>)]) -> Result<Completed, Error> {
    let said = |key: &str| {
        let pair = pairs.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        pair.and_then(|(_, value)| value.as_deref()).unwrap_or_default()
    };
    tracing::debug!(client = %session.peer.client, name = said("name"), version = said("version"), "imap client");
    let line = concat!("* ID (\"name\" \"Gatepost\" \"version\" \"", env!("CARGO_PKG_VERSION"), "\")\r\n");
    session.wire.out.extend_from_slice(line.as_bytes());
    Ok(Completed::new("ID completed"))
}
