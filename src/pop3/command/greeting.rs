//! CAPA (RFC 2449 section 5) and LANG (RFC 6856 section 3).

use crate::{
    error::Error,
    language::{Language, Words},
    session::Session,
};
use directory::sasl;

/// Capabilities that are there in every state. Messages stay until they are deleted: EXPIRE NEVER.
const ALWAYS: &str = "TOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nEXPIRE NEVER\r\nLANG\r\nUTF8 USER\r\nIMPLEMENTATION Gatepost\r\n";

/// What can be had now. Before sign-in also how to sign in and, where it is possible, TLS.
pub(super) fn capa(session: &mut Session) {
    session.ok(&Words::new("pop3-capabilities"));
    session.out.extend_from_slice(ALWAYS.as_bytes());
    if !session.is_signed_in() {
        let mechanisms = sasl::mechanisms(session.secure, session.peer.trusted);
        if !mechanisms.is_empty() {
            session.out.extend_from_slice(format!("USER\r\nSASL {}\r\n", mechanisms.join(" ")).as_bytes());
        }
        if session.can_start_tls() {
            session.out.extend_from_slice(b"STLS\r\n");
        }
    }
    session.out.extend_from_slice(b".\r\n");
}

/// Without a range the languages are listed.
pub(super) fn lang(session: &mut Session, range: Option<&str>) -> Result<(), Error> {
    let Some(range) = range else {
        session.ok(&Words::new("pop3-languages"));
        for (_, tag, name) in Language::ALL {
            session.out.extend_from_slice(format!("{tag} {name}\r\n").as_bytes());
        }
        session.out.extend_from_slice(b".\r\n");
        return Ok(());
    };
    let Some(language) = Language::of_range(range) else { return Err(Error::no("", "pop3-unknown-language")) };
    session.language = language;
    let words = language.say(&Words::new("pop3-language-chosen"));
    session.out.extend_from_slice(format!("+OK {} {words}\r\n", language.tag()).as_bytes());
    Ok(())
}
