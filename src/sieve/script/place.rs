//! Mailboxes and flags as scripts name them.

use super::outcome::Place;
use config::Limits;
use store::{AccountId, Flags, Role, Store};

/// The special use that an attribute of RFC 6154 names.
pub(crate) fn role(attribute: &str) -> Option<Role> {
    let name = attribute.strip_prefix('\\')?;
    let known = [
        ("Drafts", Role::Drafts),
        ("Sent", Role::Sent),
        ("Archive", Role::Archive),
        ("Junk", Role::Junk),
        ("Trash", Role::Trash),
        ("Inbox", Role::Inbox),
    ];
    known.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, role)| *role)
}

/// Where `fileinto` puts a message: `None` when there is no such mailbox and it is not to be made.
///
/// # Errors
/// Machine faults.
pub(crate) fn resolve(
    store: &Store,
    account: AccountId,
    name: &str,
    special_use: Option<&str>,
    create: bool,
) -> Result<Option<Place>, store::Error> {
    // RFC 8579 section 4: the mailbox with the special use, if there is one.
    if let Some(role) = special_use.and_then(role) {
        match store.mailbox_by_role(account, role) {
            Ok(_) => return Ok(Some(Place::Role(role))),
            Err(store::Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    if name.eq_ignore_ascii_case("INBOX") {
        return Ok(Some(Place::Role(Role::Inbox)));
    }
    match store.mailbox_by_name(account, name) {
        Ok(mailbox) => Ok(Some(Place::Mailbox { name: mailbox.name, create })),
        Err(store::Error::NotFound(_)) if create => Ok(Some(Place::Mailbox { name: name.to_owned(), create })),
        Err(store::Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether all these mailboxes are there, with all these special uses (RFC 5490 section 3.1, RFC 8579 section 3).
///
/// # Errors
/// Machine faults.
pub(crate) fn exist(
    store: &Store,
    account: AccountId,
    names: &[String],
    special_use: &[String],
) -> Result<bool, store::Error> {
    let mut roles = Vec::new();
    for attribute in special_use {
        let Some(role) = role(attribute) else { return Ok(false) };
        roles.push(role);
    }
    for name in names {
        match store.mailbox_by_name(account, name) {
            // A mailbox has one special use at most.
            Ok(mailbox) if roles.iter().all(|role| mailbox.role == Some(*role)) => {}
            Ok(_) | Err(store::Error::NotFound(_)) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    if names.is_empty() {
        for role in roles {
            match store.mailbox_by_role(account, role) {
                Ok(_) => {}
                Err(store::Error::NotFound(_)) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }
    Ok(true)
}

/// Flags out of their names (RFC 5232); what cannot be a flag is passed over.
pub(crate) fn flags(names: &[String]) -> Flags {
    let mut flags = Flags::default();
    for name in names.iter().flat_map(|names| names.split_ascii_whitespace()) {
        let system = [
            ("\\Seen", Flags::SEEN),
            ("\\Answered", Flags::ANSWERED),
            ("\\Flagged", Flags::FLAGGED),
            ("\\Deleted", Flags::DELETED),
            ("\\Draft", Flags::DRAFT),
        ];
        match system.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, bit)) => flags.system |= bit,
            None if is_keyword(name) && flags.keywords.len() < Limits::KEYWORDS_PER_MESSAGE_MAX => {
                flags.add_keyword(name);
            }
            None => {}
        }
    }
    flags
}

/// `flag-keyword = atom` (RFC 9051 section 9).
fn is_keyword(name: &str) -> bool {
    let barred = |byte: u8| !byte.is_ascii_graphic() || b"(){%*\"\\]".contains(&byte);
    name.len() <= Limits::KEYWORD_BYTES_MAX && !name.is_empty() && !name.bytes().any(barred)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_those_that_imap_knows() {
        let names = ["\\seen \\Flagged".to_owned(), "$label1".into(), "\\Recent".into(), "a b(".into(), "x".repeat(65)];
        let flags = flags(&names);
        assert_eq!(flags.system, Flags::SEEN | Flags::FLAGGED);
        assert_eq!(flags.keywords, ["$label1", "a"]);
    }
}
