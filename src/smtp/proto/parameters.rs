//! Parameters of MAIL and RCPT that extensions define.

use super::reply::{self, Reply};
use mail::xtext;
use store::terms::{Notify, Returned};

/// Octets of ENVID (RFC 3461 section 4.4).
const ENVELOPE_ID_BYTES_MAX: usize = 100;
/// Octets of ORCPT (RFC 3461 section 4.2).
const ORIGINAL_RECIPIENT_BYTES_MAX: usize = 500;
/// Digits of a time in seconds (RFC 2852 section 4, RFC 4865 section 4.1).
const SECONDS_DIGITS_MAX: usize = 9;

/// Parameters of MAIL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailParameters {
    /// SIZE (RFC 1870).
    pub size: Option<u64>,
    /// `BODY=8BITMIME` (RFC 6152).
    pub eight_bit: bool,
    /// SMTPUTF8 (RFC 6531).
    pub utf8: bool,
    /// RET (RFC 3461).
    pub returned: Option<Returned>,
    /// ENVID (RFC 3461), still in xtext.
    pub envelope_id: Option<String>,
    /// HOLDFOR or HOLDUNTIL (RFC 4865).
    pub hold: Option<Hold>,
    /// BY (RFC 2852).
    pub by: Option<By>,
    /// REQUIRETLS (RFC 8689).
    pub require_tls: bool,
}

/// How long a message is to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Seconds from now.
    For(u64),
    /// A time, milliseconds since 1970.
    Until(i64),
}

/// By when a message is to be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct By {
    /// Seconds from now; the time may be over already when the sender is only to be told.
    pub seconds: i64,
    /// Give up then, rather than tell the sender.
    pub give_up: bool,
    /// Report each hand-over.
    pub trace: bool,
}

/// Parameters of RCPT.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RcptParameters {
    /// NOTIFY (RFC 3461).
    pub notify: Option<Notify>,
    /// ORCPT (RFC 3461), still in xtext.
    pub original_recipient: Option<String>,
}

/// Key and value of each parameter.
fn pairs(text: &str) -> impl Iterator<Item = (String, Option<&str>)> {
    text.split_ascii_whitespace().map(|parameter| match parameter.split_once('=') {
        Some((key, value)) => (key.to_ascii_uppercase(), Some(value)),
        None => (parameter.to_ascii_uppercase(), None),
    })
}

impl MailParameters {
    /// Reads what follows the reverse-path.
    ///
    /// # Errors
    /// The reply that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, Reply> {
        let mut read = Self::default();
        for (key, value) in pairs(text) {
            match (key.as_str(), value) {
                ("SMTPUTF8", None) => read.utf8 = true,
                ("REQUIRETLS", None) => read.require_tls = true,
                ("SIZE", Some(value)) => read.size = Some(decimal(value).ok_or(reply::SYNTAX_PARAMETERS)?),
                ("BODY", Some(value)) if value.eq_ignore_ascii_case("8BITMIME") => read.eight_bit = true,
                ("BODY", Some(value)) if value.eq_ignore_ascii_case("7BIT") => read.eight_bit = false,
                ("RET", Some(value)) if value.eq_ignore_ascii_case("FULL") => read.returned = Some(Returned::Full),
                ("RET", Some(value)) if value.eq_ignore_ascii_case("HDRS") => read.returned = Some(Returned::Headers),
                ("ENVID", Some(value)) => {
                    let fits = value.len() <= ENVELOPE_ID_BYTES_MAX && xtext::decode(value).is_some();
                    read.envelope_id = Some(value).filter(|_| fits).map(str::to_owned);
                    read.envelope_id.as_ref().ok_or(reply::SYNTAX_PARAMETERS)?;
                }
                // One of the two at most (RFC 4865 section 4.1).
                ("HOLDFOR" | "HOLDUNTIL", Some(_)) if read.hold.is_some() => return Err(reply::SYNTAX_PARAMETERS),
                ("HOLDFOR", Some(value)) => read.hold = Some(Hold::For(seconds(value)?)),
                ("HOLDUNTIL", Some(value)) => {
                    let until = mail::date::parse_rfc3339(value).ok_or(reply::SYNTAX_PARAMETERS)?;
                    read.hold = Some(Hold::Until(until));
                }
                ("BY", Some(value)) => read.by = Some(by(value)?),
                // Who first submitted it (RFC 4954 section 5) is not used here and must be allowed.
                ("AUTH", Some(_)) => {}
                ("RET", Some(_)) => return Err(reply::SYNTAX_PARAMETERS),
                _ => return Err(reply::UNKNOWN_PARAMETER),
            }
        }
        Ok(read)
    }
}

impl RcptParameters {
    /// Reads what follows the forward-path.
    ///
    /// # Errors
    /// The reply that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, Reply> {
        let mut read = Self::default();
        for (key, value) in pairs(text) {
            match (key.as_str(), value) {
                ("NOTIFY", Some(value)) => read.notify = Some(notify(value).ok_or(reply::SYNTAX_PARAMETERS)?),
                ("ORCPT", Some(value)) => {
                    let typed = value.split_once(';').is_some_and(|(kind, address)| {
                        !kind.is_empty()
                            && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                            && !address.is_empty()
                    });
                    if !typed || value.len() > ORIGINAL_RECIPIENT_BYTES_MAX || xtext::decode(value).is_none() {
                        return Err(reply::SYNTAX_PARAMETERS);
                    }
                    read.original_recipient = Some(value.to_owned());
                }
                _ => return Err(reply::UNKNOWN_PARAMETER),
            }
        }
        Ok(read)
    }
}

/// `NEVER`, or a list of the others (RFC 3461 section 4.1).
fn notify(text: &str) -> Option<Notify> {
    let mut notify = Notify::default();
    if text.eq_ignore_ascii_case("NEVER") {
        return Some(notify);
    }
    for word in text.split(',') {
        match word.to_ascii_uppercase().as_str() {
            "SUCCESS" => notify.success = true,
            "FAILURE" => notify.failure = true,
            "DELAY" => notify.delay = true,
            _ => return None,
        }
    }
    Some(notify)
}

/// `by-time ";" by-mode [by-trace]` (RFC 2852 section 4).
fn by(text: &str) -> Result<By, Reply> {
    let (time, mode) = text.split_once(';').ok_or(reply::SYNTAX_PARAMETERS)?;
    let (negative, digits) = time.strip_prefix('-').map_or((false, time), |digits| (true, digits));
    let magnitude = i64::try_from(seconds(digits)?).map_err(|_| reply::SYNTAX_PARAMETERS)?;
    let (give_up, trace) = match mode.to_ascii_uppercase().as_str() {
        "N" => (false, false),
        "NT" => (false, true),
        "R" => (true, false),
        "RT" => (true, true),
        _ => return Err(reply::SYNTAX_PARAMETERS),
    };
    let seconds = if negative { -magnitude } else { magnitude };
    if give_up && seconds <= 0 { Err(reply::SYNTAX_PARAMETERS) } else { Ok(By { seconds, give_up, trace }) }
}

fn seconds(text: &str) -> Result<u64, Reply> {
    decimal(text).filter(|_| text.len() <= SECONDS_DIGITS_MAX).ok_or(reply::SYNTAX_PARAMETERS)
}

/// A number of at most 20 digits (RFC 1870 section 4).
pub(super) fn decimal(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 20 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Twenty digits may exceed 64 bits; that is beyond every bound anyway.
    Some(text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_of_the_extensions_are_read() {
        let read =
            MailParameters::parse("RET=HDRS ENVID=QQ+2B1 HOLDUNTIL=2026-11-26T08:00:00Z BY=-5;NT REQUIRETLS").unwrap();
        assert_eq!(read.returned, Some(Returned::Headers));
        assert_eq!(read.envelope_id.as_deref(), Some("QQ+2B1"));
        assert_eq!(read.hold, Some(Hold::Until(1_795_680_000_000)));
        assert_eq!(read.by, Some(By { seconds: -5, give_up: false, trace: true }));
        assert!(read.require_tls);
        let read = RcptParameters::parse("notify=success,Delay orcpt=rfc822;Bob@example.org").unwrap();
        assert_eq!(read.notify, Some(Notify { success: true, failure: false, delay: true }));
        assert_eq!(read.original_recipient.as_deref(), Some("rfc822;Bob@example.org"));
        assert_eq!(RcptParameters::parse("NOTIFY=NEVER").unwrap().notify, Some(Notify::default()));
    }

    #[test]
    fn wrong_parameters_are_refused() {
        for wrong in [
            "RET=ALL",
            "ENVID=",
            "ENVID=a+2",
            "HOLDFOR=",
            "HOLDFOR=1234567890",
            "HOLDFOR=1 HOLDFOR=2",
            "HOLDUNTIL=tomorrow",
            "BY=5",
            "BY=0;R",
            "BY=-1;R",
            "BY=5;X",
            "SIZE=x",
            "BODY=BINARYMIME",
            "X=1",
        ] {
            // An empty ENVID is xtext and harmless.
            assert!(MailParameters::parse(wrong).is_err() || wrong == "ENVID=", "{wrong}");
        }
        for wrong in ["NOTIFY=", "NOTIFY=NEVER,DELAY", "NOTIFY=NOW", "ORCPT=bob", "ORCPT=;x", "ORCPT=rfc822;a=b", "X"] {
            assert!(RcptParameters::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String) {
            let _ = (MailParameters::parse(&text), RcptParameters::parse(&text));
        }
    }
}
