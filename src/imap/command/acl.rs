//! SETACL, DELETEACL, GETACL, LISTRIGHTS and MYRIGHTS (RFC 4314). Identifiers are addresses of accounts; `anyone` and negative
//! rights are refused, so that nothing is ever shared beyond the accounts that are named.

use crate::{
    error::Error,
    place::Place,
    proto::{
        acl::{Acl, Ask, Change},
        mailbox_name,
        string::write_astring,
    },
    session::{Completed, Session},
};
use directory::Account;
use store::{Rights, Tx};

pub(super) async fn acl(session: &mut Session, command: Acl) -> Result<Completed, Error> {
    let place = session.place(&command.mailbox)?;
    if command.ask == Ask::Mine {
        start(session, "MYRIGHTS", &place);
        finish(session, &place.rights.to_string());
        return Ok(Completed::new("MYRIGHTS completed"));
    }
    place.need(Rights::ADMINISTER)?;
    match command.ask {
        Ask::Set { identifier, change, rights } => {
            set(session, &place, &identifier, change, rights).await?;
            Ok(Completed::new("SETACL completed"))
        }
        Ask::Delete { identifier } => {
            set(session, &place, &identifier, Change::Replace, Rights::default()).await?;
            Ok(Completed::new("DELETEACL completed"))
        }
        Ask::List { identifier } => {
            let of = account(session, &identifier)?;
            start(session, "LISTRIGHTS", &place);
            write_word(session, &identifier);
            // The owner has all, always; to others each right is given for itself.
            let rights = if of.id == place.account { "lrswipkxteacd" } else { "\"\" l r s w i p k x t e a c d" };
            finish(session, rights);
            Ok(Completed::new("LISTRIGHTS completed"))
        }
        Ask::Get | Ask::Mine => {
            let owner = session.context.directory.account(place.account)?;
            let granted = session.store().acl(place.account, place.mailbox.id)?;
            start(session, "ACL", &place);
            write_word(session, &owner.address.to_string());
            write_word(session, &Rights::ALL.to_string());
            for (of, rights) in granted {
                if let Ok(of) = session.context.directory.account(of) {
                    write_word(session, &of.address.to_string());
                    write_word(session, &rights.to_string());
                }
            }
            session.wire.out.extend_from_slice(b"\r\n");
            Ok(Completed::new("GETACL completed"))
        }
    }
}

async fn set(session: &Session, place: &Place, identifier: &str, change: Change, rights: Rights) -> Result<(), Error> {
    let of = account(session, identifier)?.id;
    let (owner, mailbox, me) = (place.account, place.mailbox.id, session.account());
    if of == owner {
        return Err(Error::no("CANNOT", "the owner has all rights"));
    }
    let work = move |tx: &mut Tx<'_>| {
        // Who lost the right meanwhile gives none.
        if !tx.rights(owner, mailbox, me)?.has(Rights::ADMINISTER) {
            return Err(Error::no("NOPERM", "you may not do this in this mailbox"));
        }
        let before = tx.rights(owner, mailbox, of)?;
        let after = match change {
            Change::Replace => rights,
            Change::Add => before.with(rights),
            Change::Remove => before.without(rights),
        };
        Ok(tx.acl_set(owner, mailbox, of, after)?)
    };
    session.store().commit(Vec::new(), work).await
}

fn account(session: &Session, identifier: &str) -> Result<Account, Error> {
    let unknown = || Error::no("CANNOT", "mailboxes are shared with accounts of this server, by their address");
    let address = identifier.parse().map_err(|_| unknown())?;
    match session.context.directory.account_by_address(&address) {
        Err(directory::Error::Store(error)) => Err(error.into()),
        found => found.map_err(|_| unknown()),
    }
}

fn start(session: &mut Session, name: &str, place: &Place) {
    let utf8 = session.enabled.takes_utf8();
    let out = &mut session.wire.out;
    out.extend_from_slice(format!("* {name} ").as_bytes());
    mailbox_name::write(out, &place.name, utf8);
}

fn write_word(session: &mut Session, word: &str) {
    session.wire.out.push(b' ');
    write_astring(&mut session.wire.out, word.as_bytes());
}

fn finish(session: &mut Session, rights: &str) {
    session.wire.out.extend_from_slice(format!(" {}\r\n", if rights.is_empty() { "\"\"" } else { rights }).as_bytes());
}
