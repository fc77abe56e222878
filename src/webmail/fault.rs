//! IMAP errors as answers to the person.

use crate::imap::Error;
use httpd::Fault;

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Gone(why) => Self::Unavailable(why),
            Error::SignIn => Self::SignInNeeded,
            Error::No { code, .. } if matches!(code.as_str(), "NONEXISTENT" | "TRYCREATE") => Self::NotFound,
            Error::No { code, text } if matches!(code.as_str(), "UNAVAILABLE" | "INUSE" | "SERVERBUG") => {
                Self::Unavailable(text)
            }
            // The server's own words are all there is to say.
            Error::No { text, .. } => Self::Conflict(text),
            Error::Protocol(why) => Self::Internal(why),
        }
    }
}
