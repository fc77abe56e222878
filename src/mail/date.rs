//! Date-times of mail: RFC 5322 section 3.3 and IMAP (RFC 3501 section 9 `date-time`). All instants are milliseconds since 1970 UTC.

/// `Tue, 24 Nov 2026 04:36:00 +0000`.
pub fn rfc5322(_ms: i64) -> String {
    todo!()
}
/// `"24-Nov-2026 04:36:00 +0000"`, with the quotes.
pub fn imap(_ms: i64) -> String {
    todo!()
}
/// Inverse of [`imap`], without the quotes; also accepts a leading space for the day.
pub fn parse_imap(_text: &str) -> Option<i64> {
    todo!()
}
