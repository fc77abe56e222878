//! NAMESPACE (RFC 2342): one personal namespace, whose levels are separated by `/`.

use crate::{
    error::Error,
    session::{Completed, Session},
};

pub(super) fn namespace(session: &mut Session) -> Result<Completed, Error> {
    session.wire.out.extend_from_slice(b"* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n");
    Ok(Completed::new("NAMESPACE completed"))
}
