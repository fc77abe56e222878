//! NAMESPACE (RFC 2342): the personal one, and that of other people's mailboxes.

use crate::{
    error::Error,
    session::{Completed, Session},
};

pub(super) fn namespace(session: &mut Session) -> Result<Completed, Error> {
    session.wire.out.extend_from_slice(b"* NAMESPACE ((\"\" \"/\")) ((\"Shared/\" \"/\")) NIL\r\n");
    Ok(Completed::new("NAMESPACE completed"))
}
