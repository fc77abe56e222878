//! Readable text of a message.

use crate::summary::Part;

/// Decodes the transfer encoding of a part's body.
pub fn decode(_part: &Part, _message: &[u8]) -> Vec<u8> {
    todo!()
}
/// Decodes transfer encoding and charset of a text part.
pub fn decode_text(_part: &Part, _message: &[u8]) -> String {
    todo!()
}
