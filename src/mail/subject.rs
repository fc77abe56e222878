//! Base subjects (RFC 5256 section 2.1).

/// The base subject, lower case, and whether the subject was that of a reply or forward.
pub fn base_subject(_subject: &str) -> (String, bool) {
    todo!()
}
