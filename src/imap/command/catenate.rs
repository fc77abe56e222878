//! CATENATE (RFC 4469): a message put together from text and from parts of messages that are here.

use crate::{
    error::Error,
    proto::{
        Lexer,
        command::Piece,
        fetch::{Fetch, Item, Section},
    },
    section::{self, Place},
    session::Session,
};
use bytes::Bytes;
use mail::summary;
use store::{AccountId, MailboxId, Message, Rights};

/// Puts a message together.
///
/// # Errors
/// `NO [BADURL ...]` for what no message here is named by, `NO [TOOBIG]`.
pub(super) fn assemble(session: &Session, pieces: &[Piece<'_>]) -> Result<Bytes, Error> {
    let bytes_max = session.settings.limits.message_bytes_max;
    let mut message = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => message.extend_from_slice(text),
            Piece::Url(url) => message.extend_from_slice(&read(session, url)?),
        }
        if message.len() > bytes_max {
            return Err(Error::no("TOOBIG", "the message is too large"));
        }
    }
    Ok(message.into())
}

/// What a URL names: `/mailbox[;UIDVALIDITY=n]/;UID=n[/;SECTION=s][/;PARTIAL=o[.l]]` (RFC 5092), or without the mailbox, in the
/// selected one.
#[derive(Debug, PartialEq, Eq)]
struct Url {
    /// Empty for the selected mailbox.
    mailbox: String,
    uid_validity: Option<u32>,
    uid: u32,
    section: String,
    partial: Option<(u32, Option<u32>)>,
}

impl Url {
    fn parse(url: &str) -> Option<Self> {
        let path = url.strip_prefix('/').unwrap_or(url);
        let at = find(path, ";uid=")?;
        let (mailbox, rest) = (path[..at].strip_suffix('/').unwrap_or(&path[..at]), &path[at..]);
        let (mailbox, uid_validity) = match find(mailbox, ";uidvalidity=") {
            Some(at) => (&mailbox[..at], Some(mailbox[at + ";uidvalidity=".len()..].parse().ok()?)),
            None => (mailbox, None),
        };
        let mut parsed =
            Self { mailbox: decoded(mailbox)?, uid_validity, uid: 0, section: String::new(), partial: None };
        for parameter in rest.split('/').filter(|parameter| !parameter.is_empty()) {
            let (key, value) = parameter.strip_prefix(';')?.split_once('=')?;
            match key.to_ascii_lowercase().as_str() {
                "uid" => parsed.uid = value.parse().ok()?,
                "section" => parsed.section = decoded(value)?,
                "partial" => {
                    let (offset, length) = value.split_once('.').map_or((value, None), |(o, l)| (o, Some(l)));
                    let length = length.map(str::parse).transpose().ok()?;
                    parsed.partial = Some((offset.parse().ok()?, length));
                }
                _ => return None,
            }
        }
        Some(parsed)
    }

    /// As FETCH would ask for it.
    fn section(&self) -> Option<Section> {
        let partial = self.partial.map(|(offset, length)| format!("<{offset}.{}>", length.unwrap_or(u32::MAX)));
        let text = format!("1 BODY.PEEK[{}]{}", self.section, partial.unwrap_or_default());
        let mut lexer = Lexer::new(text.as_bytes());
        let fetch = Fetch::parse(&mut lexer, false).ok().filter(|_| lexer.is_end())?;
        match fetch.items.into_iter().next()? {
            Item::Section(section) => Some(section),
            _ => None,
        }
    }
}

/// Where a text without regard to case stands in another.
fn find(text: &str, wanted: &str) -> Option<usize> {
    text.to_ascii_lowercase().find(wanted)
}

/// Without the percent encoding.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        rest = more;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(more.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &more[2..];
    }
    String::from_utf8(bytes).ok()
}

fn read(session: &Session, url: &str) -> Result<Bytes, Error> {
    let bad = || {
        let shown: String = url.chars().filter(|c| (' '..='~').contains(c) && !matches!(c, '"' | '\\' | ']')).collect();
        Error::no(format!("BADURL \"{shown}\""), "no message here is named so")
    };
    let parsed = Url::parse(url).ok_or_else(bad)?;
    let section = parsed.section().ok_or_else(bad)?;
    let (account, mailbox) = mailbox_of(session, &parsed).ok_or_else(bad)?;
    let message = session.store().message(account, mailbox, parsed.uid)?.ok_or_else(bad)?;
    bytes_of(session, &message, &section)?.ok_or_else(bad)
}

fn mailbox_of(session: &Session, url: &Url) -> Option<(AccountId, MailboxId)> {
    let (account, mailbox) = if url.mailbox.is_empty() {
        let selected = session.selected().ok()?;
        (selected.account, session.store().mailbox(selected.account, selected.mailbox).ok()?)
    } else {
        let place = session.place(&url.mailbox).ok().filter(|place| place.rights.has(Rights::READ))?;
        (place.account, place.mailbox)
    };
    let is_same = url.uid_validity.is_none_or(|validity| validity == mailbox.uid_validity);
    is_same.then_some((account, mailbox.id))
}

fn bytes_of(session: &Session, message: &Message, section: &Section) -> Result<Option<Bytes>, Error> {
    let store = session.store();
    let place = match &message.summary.structure {
        _ if section::is_whole(section) => section::whole(section, message.size),
        Some(root) => section::place(section, root, message.size),
        None => section::place(section, &summary::structure(&store.body(message.body)?), message.size),
    };
    Ok(match place {
        Place::Nowhere => None,
        Place::Bytes(range) => Some(store.body_range(message.body, range)?),
        Place::Fields(range) => Some(section::fields(section, &store.body_range(message.body, range)?).into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let url =
            Url::parse("/Entw%C3%BCrfe;UIDVALIDITY=385759045/;UID=20/;SECTION=1.MIME/;partial=10.5").expect("a URL");
        assert_eq!((url.mailbox.as_str(), url.uid_validity, url.uid), ("Entwürfe", Some(385_759_045), 20));
        assert_eq!((url.section.as_str(), url.partial), ("1.MIME", Some((10, Some(5)))));
        assert!(url.section().is_some());
        assert_eq!(Url::parse(";uid=3").expect("a URL").mailbox, "");
        assert_eq!(Url::parse("/a/b/;uid=3").expect("a URL").mailbox, "a/b");
        for bad in ["", "/x", "/x/;uid=a", "/x;uidvalidity=/;uid=1", "/x/;uid=1/;y=2", "/%zz/;uid=1"] {
            assert_eq!(Url::parse(bad), None, "{bad}");
        }
        assert!(Url::parse("/x/;uid=1/;section=1]%20FLAGS").expect("a URL").section().is_none());
    }
}
