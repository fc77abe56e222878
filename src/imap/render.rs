//! The data items of a FETCH response that need no body (RFC 3501 section 7.4.2, RFC 7162, 8474, 8514, 8970).

use crate::proto::{
    response, store,
    string::{write_number, write_string},
};
use ::store::{BodyId, Flags, ThreadId};
use mail::date;

/// `FLAGS (...)`
pub(crate) fn write_flags(out: &mut Vec<u8>, flags: &Flags, recent: bool) {
    out.extend_from_slice(b"FLAGS ");
    store::write_flags(out, flags, recent);
}

/// `UID n`
pub(crate) fn write_uid(out: &mut Vec<u8>, uid: u32) {
    out.extend_from_slice(b"UID ");
    write_number(out, u64::from(uid));
}

/// `RFC822.SIZE n`
pub(crate) fn write_size(out: &mut Vec<u8>, size: u32) {
    out.extend_from_slice(b"RFC822.SIZE ");
    write_number(out, u64::from(size));
}

/// `MODSEQ (n)`: RFC 7162 section 3.1.
pub(crate) fn write_modseq(out: &mut Vec<u8>, modseq: u64) {
    out.extend_from_slice(b"MODSEQ (");
    write_number(out, modseq);
    out.push(b')');
}

/// `INTERNALDATE` or `SAVEDATE` and the instant.
pub(crate) fn write_date(out: &mut Vec<u8>, name: &str, ms: i64) {
    out.extend_from_slice(name.as_bytes());
    out.push(b' ');
    out.extend_from_slice(date::imap(ms).as_bytes());
}

/// `EMAILID (M...)`: RFC 8474 section 5.1.
pub(crate) fn write_email_id(out: &mut Vec<u8>, body: &BodyId) {
    out.extend_from_slice(b"EMAILID (");
    out.extend_from_slice(body.email_id().as_bytes());
    out.push(b')');
}

/// `THREADID (T...)`: RFC 8474 section 5.2.
pub(crate) fn write_thread_id(out: &mut Vec<u8>, thread: ThreadId) {
    out.extend_from_slice(b"THREADID (");
    out.extend_from_slice(thread_id(thread).as_bytes());
    out.push(b')');
}

/// A thread as clients know it: `T` and 16 hexadecimal digits.
pub(crate) fn thread_id(thread: ThreadId) -> String {
    format!("T{:016x}", thread.0)
}

/// `PREVIEW`: RFC 8970 section 3.1 has it in UTF-8, so it is a literal where it is not ASCII.
pub(crate) fn write_preview(out: &mut Vec<u8>, preview: &str) {
    out.extend_from_slice(b"PREVIEW ");
    write_string(out, preview.as_bytes());
}

/// `ENVELOPE (...)`
pub(crate) fn write_envelope(out: &mut Vec<u8>, envelope: &mail::summary::Envelope, utf8: bool) {
    out.extend_from_slice(b"ENVELOPE ");
    response::write_envelope(out, envelope, utf8);
}

/// `BODY (...)` or, with extension data, `BODYSTRUCTURE (...)`
pub(crate) fn write_structure(out: &mut Vec<u8>, root: &mail::summary::Part, extended: bool, utf8: bool) {
    out.extend_from_slice(if extended { b"BODYSTRUCTURE " } else { b"BODY " });
    response::write_structure(out, root, extended, utf8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn items() {
        let mut flags = Flags::system(Flags::SEEN | Flags::DRAFT);
        assert_eq!(written(|out| write_flags(out, &Flags::default(), false)), "FLAGS ()");
        flags.add_keyword("$Forwarded");
        assert_eq!(written(|out| write_flags(out, &flags, true)), r"FLAGS (\Seen \Draft $Forwarded \Recent)");
        assert_eq!(written(|out| write_modseq(out, 12)), "MODSEQ (12)");
        assert_eq!(written(|out| write_date(out, "SAVEDATE", 0)), "SAVEDATE \" 1-Jan-1970 00:00:00 +0000\"");
        assert_eq!(written(|out| write_thread_id(out, ThreadId(255))), "THREADID (T00000000000000ff)");
        assert_eq!(written(|out| write_preview(out, "Grüße")), "PREVIEW {7}\r\nGrüße");
    }
}
