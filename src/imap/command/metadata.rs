//! GETMETADATA and SETMETADATA (RFC 5464). All entries of an account are its owner's; `/shared` of the server itself belongs to
//! the administrator, and nobody sets it here.

use crate::{
    error::Error,
    proto::{
        mailbox_name,
        metadata::{Depth, GetMetadata, SetMetadata},
        string::{write_astring, write_string},
    },
    session::{Completed, Session},
};
use store::annotation::{ANNOTATION_BYTES_MAX, ANNOTATION_NAME_BYTES_MAX, Annotated};

/// The mailbox of a name; the account for the empty one.
fn annotated(session: &Session, mailbox: &str) -> Result<Annotated, Error> {
    if mailbox.is_empty() {
        return Ok(None);
    }
    Ok(Some(session.store().mailbox_by_name(session.account(), mailbox)?.id))
}

pub(super) fn get(session: &mut Session, command: &GetMetadata) -> Result<Completed, Error> {
    let of = annotated(session, &command.mailbox)?;
    let mut found: Vec<(String, Option<Vec<u8>>)> = Vec::new();
    for name in &command.entries {
        let rows = session.store().annotations(session.account(), of, name)?;
        let is_asked = |row: &str| match row.strip_prefix(name.as_str()) {
            Some("") => true,
            Some(below) if below.starts_with('/') => match command.depth {
                Depth::Zero => false,
                Depth::One => !below[1..].contains('/'),
                Depth::Infinity => true,
            },
            _ => false,
        };
        let before = found.len();
        found.extend(rows.into_iter().filter(|(row, _)| is_asked(row)).map(|(row, value)| (row, Some(value))));
        if before == found.len() && command.depth == Depth::Zero {
            found.push((name.clone(), None));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found.dedup_by(|a, b| a.0 == b.0);
    let longest = found.iter().filter_map(|(_, value)| Some(value.as_ref()?.len())).max().unwrap_or_default();
    let bytes_max = command.bytes_max.map_or(usize::MAX, |bytes| bytes as usize);
    found.retain(|(_, value)| value.as_ref().is_none_or(|value| value.len() <= bytes_max));
    if !found.is_empty() {
        let utf8 = session.enabled.takes_utf8();
        let out = &mut session.wire.out;
        out.extend_from_slice(b"* METADATA ");
        mailbox_name::write(out, &command.mailbox, utf8);
        for (index, (name, value)) in found.iter().enumerate() {
            out.extend_from_slice(if index == 0 { b" (" } else { b" " });
            write_astring(out, name.as_bytes());
            out.push(b' ');
            match value {
                Some(value) => write_string(out, value),
                None => out.extend_from_slice(b"NIL"),
            }
        }
        out.extend_from_slice(b")\r\n");
    }
    let text = "GETMETADATA completed";
    match longest > bytes_max {
        true => Ok(Completed::with_code(format!("METADATA LONGENTRIES {longest}"), text)),
        false => Ok(Completed::new(text)),
    }
}

pub(super) async fn set(session: &mut Session, command: SetMetadata) -> Result<Completed, Error> {
    let of = annotated(session, &command.mailbox)?;
    if of.is_none() && command.entries.iter().any(|(name, _)| name.starts_with("/shared")) {
        return Err(Error::no("NOPERM", "what the server itself shares is set by its administrator"));
    }
    let is_long = |(name, value): &(String, Option<Vec<u8>>)| {
        name.len() > ANNOTATION_NAME_BYTES_MAX || value.as_ref().is_some_and(|v| v.len() > ANNOTATION_BYTES_MAX)
    };
    if command.entries.iter().any(is_long) {
        return Err(Error::no("METADATA MAXSIZE 12288", "the name or the value is too long"));
    }
    let account = session.account();
    let work = move |tx: &mut store::Tx<'_>| {
        command.entries.iter().try_for_each(|(name, value)| tx.annotation_set(account, of, name, value.as_deref()))
    };
    match session.store().commit(Vec::new(), work).await {
        Err(store::Error::Limit("annotations")) => {
            Err(Error::no("METADATA TOOMANY", "the mailbox has as many annotations as it can have"))
        }
        done => {
            done?;
            Ok(Completed::new("SETMETADATA completed"))
        }
    }
}

// The code above says the bound in a text that is fixed.
const _: () = assert!(ANNOTATION_BYTES_MAX == 12_288);
