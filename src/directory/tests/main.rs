//! The directory through a real store in a folder of its own.

mod accounts;
mod addresses;
mod passwords;
mod sasl;
mod sessions;

use config::Limits;
use directory::{Account, Directory, account::NewAccount};
use mail::address::Address;
use std::net::IpAddr;
use store::{Flags, NewBody, NewMessage, Options, Role, Store, TraceId};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse battery";
const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// A directory, and the folder that goes with it.
struct Fixture {
    directory: Directory,
    folder: TempDir,
}

impl std::ops::Deref for Fixture {
    type Target = Directory;
    fn deref(&self) -> &Directory {
        &self.directory
    }
}

/// An empty directory.
fn empty() -> Fixture {
    with_limits(&Limits::default())
}

fn with_limits(limits: &Limits) -> Fixture {
    let folder = TempDir::new().unwrap();
    let (store, _) = Store::open(folder.path(), &Options::default()).unwrap();
    Fixture { directory: Directory::new(store, limits), folder }
}

/// A directory with the domain example.test, alice who is admin, and bob.
async fn populated() -> (Fixture, Account, Account) {
    populate(empty()).await
}

async fn populate(directory: Fixture) -> (Fixture, Account, Account) {
    directory.domain_add("example.test").await.unwrap();
    let alice = directory.account_add(NewAccount { admin: true, ..new("alice@example.test") }).await.unwrap();
    let bob = directory.account_add(new("bob@example.test")).await.unwrap();
    (directory, alice, bob)
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn new(text: &str) -> NewAccount {
    NewAccount { address: address(text), name: String::new(), password: PASSWORD.into(), admin: false, quota: None }
}

/// Puts a message of this size into someone's inbox.
async fn deliver(directory: &Directory, account: &Account, size: usize) {
    let mut text = b"Subject: filler\r\n\r\n".to_vec();
    text.resize(size, b'x');
    let body = NewBody::new(&text);
    let message = NewMessage {
        body: body.id(),
        size: u32::try_from(size).unwrap(),
        received: 0,
        saved: 0,
        flags: Flags::default(),
        trace: TraceId::new(0),
        summary: mail::summary::summarize(&text).into(),
    };
    let id = account.id;
    let append = move |tx: &mut store::Tx<'_>| {
        let inbox = tx.mailbox_by_role(id, Role::Inbox)?.id;
        tx.append(id, inbox, &message).map(|_| ())
    };
    directory.store().commit(vec![body], append).await.map_err(|error: store::Error| error).unwrap();
}
