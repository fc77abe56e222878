//! COMPRESS (RFC 4978); it begins once the answer is sent.

use crate::{
    error::Error,
    session::{Completed, Session},
};

pub(super) fn compress(session: &mut Session) -> Result<Completed, Error> {
    if session.wire.is_compressed() {
        return Err(Error::no("COMPRESSIONACTIVE", "it is compressed already"));
    }
    Ok(Completed::new("From here on all is compressed"))
}
