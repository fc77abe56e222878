//! CAPABILITY (RFC 3501 section 6.1.1) and ENABLE (RFC 5161).

use crate::{
    error::Error,
    session::{Completed, Session},
};
use directory::sasl;

/// What is there before sign-in and after.
const ALWAYS: &str = "IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE";
/// What is there for who has signed in. Nothing stands here that is not complete.
const SIGNED_IN: &str = "IDLE NAMESPACE UIDPLUS MOVE UNSELECT CHILDREN SPECIAL-USE CREATE-SPECIAL-USE LIST-EXTENDED \
     LIST-STATUS STATUS=SIZE CONDSTORE ESEARCH SEARCH=FUZZY MULTISEARCH WITHIN SAVEDATE MULTIAPPEND QUOTA SORT SORT=DISPLAY ESORT \
     THREAD=ORDEREDSUBJECT THREAD=REFERENCES OBJECTID PREVIEW METADATA X-GATEPOST-THREAD X-GATEPOST-NEWEST SEARCHRES BINARY \
     UTF8=ACCEPT PARTIAL QRESYNC COMPRESS=DEFLATE UNAUTHENTICATE UIDONLY INPROGRESS NOTIFY ACL RIGHTS=kxte REPLACE CATENATE";

/// `CAPABILITY ...` without the star: for the answer, and as a response code.
pub(crate) fn code(session: &Session) -> String {
    let mut text = format!("CAPABILITY {ALWAYS}");
    if session.is_signed_in() {
        let limit = session.settings.limits.message_bytes_max;
        return format!("{text} {SIGNED_IN} APPENDLIMIT={limit}");
    }
    if session.can_start_tls() {
        text.push_str(" STARTTLS");
    }
    if !session.secure && !session.peer.trusted {
        text.push_str(" LOGINDISABLED");
    }
    // LOGIN and XOAUTH2 are for submission; whoever asks for them here gets them all the same.
    let unsaid = ["LOGIN", "XOAUTH2"];
    let mechanisms = sasl::mechanisms(session.secure, session.peer.trusted).iter();
    for mechanism in mechanisms.filter(|mechanism| !unsaid.contains(mechanism)) {
        text.push_str(" AUTH=");
        text.push_str(mechanism);
    }
    text
}

pub(crate) fn capability(session: &mut Session) -> Result<Completed, Error> {
    let line = format!("* {}\r\n", code(session));
    session.wire.out.extend_from_slice(line.as_bytes());
    Ok(Completed::new("CAPABILITY completed"))
}

/// What is not known is passed over (RFC 5161 section 3.1).
pub(crate) fn enable(session: &mut Session, names: &[String]) -> Result<Completed, Error> {
    let mut enabled = session.enabled;
    let taken: Vec<&String> = names.iter().filter(|name| enabled.enable(name)).collect();
    if enabled.condstore {
        session.enable_condstore()?;
    }
    session.enabled = enabled;
    let mut line = String::from("* ENABLED");
    for name in taken {
        line.push(' ');
        line.push_str(if name == "IMAP4REV2" { "IMAP4rev2" } else { name });
    }
    line.push_str("\r\n");
    session.wire.out.extend_from_slice(line.as_bytes());
    Ok(Completed::new("ENABLE completed"))
}
