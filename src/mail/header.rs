//! The raw header block (RFC 5322 section 2.2).

/// Length of the header block with the blank line that ends it; the whole message when there is none.
pub fn header_length(_message: &[u8]) -> usize {
    todo!()
}

/// The fields in order: name as written, and the raw value after the colon with its folding, without the last line end.
pub fn fields(_message: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::empty()
}
