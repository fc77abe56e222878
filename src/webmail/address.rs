//! Addresses of the pages. Everything that is not about one mailbox stands under `/mail/-/`; there a mailbox of the name `-` does
//! no harm, because below a mailbox only numbers follow.

/// A message in a mailbox: `/mail/{mailbox}/{uid}`.
pub(crate) fn message(mailbox: &str, uid: u32) -> String {
    format!("{}/{uid}", self::mailbox(mailbox))
}

/// Something of a message: `body`, `source`, `print`, `part/2.1`, `reply`, `reply-all`, `forward`, `edit` ...
pub(crate) fn of_message(mailbox: &str, uid: u32, what: &str) -> String {
    format!("{}/{what}", message(mailbox, uid))
}

/// The list of a mailbox: `/mail/{mailbox}`.
pub(crate) fn mailbox(mailbox: &str) -> String {
    format!("/mail/{}", segment(mailbox))
}

/// Text as one segment of a path or one value of a query.
pub(crate) fn segment(text: &str) -> String {
    httpd::percent_encoded(text, "")
}

#[cfg(test)]
mod tests {
    use super::{mailbox, message};

    #[test]
    fn any_mailbox_is_one_segment() {
        assert_eq!(message("INBOX", 7), "/mail/INBOX/7");
        assert_eq!(mailbox("Work/Übersicht 50%?"), "/mail/Work%2F%C3%9Cbersicht%2050%25%3F");
        assert_eq!(mailbox("v1.2"), "/mail/v1.2");
    }
}
