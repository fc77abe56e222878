//! The demo's domain, accounts and mail, put into a store.

use super::{
    mailbox::{Placed, write},
    people::{ADMIN, ALICE, BOB, Person},
};
use admin::{
    Context, OpError,
    ops::{self, Password, accounts::AccountAdd, domains::DomainAdd},
};
use anyhow::Context as _;
use bytes::BufMut;
use directory::{AccountId, Protocol};
use mail::{
    address::{Address, ReversePath},
    summary::summarize,
};
use smtp::intake::{self, Draft, Incoming, Recipient};
use std::{collections::HashMap, net::IpAddr, sync::Arc};
use store::{NewBody, NewMessage, TraceId, Tx, trace::Step};

/// The demo's mail is the same each time but for its dates.
const SEED: u64 = 20;
/// Messages of one commit.
const GROUP: usize = 256;
/// The newest message is this old.
const NEWEST_MS: i64 = 4 * 60_000;

/// Makes what is missing, and sets the password of all three where it differs.
pub(crate) async fn seed(context: &Context, password: &str) -> anyhow::Result<()> {
    let domain = DomainAdd { name: "example.test".into(), catch_all: None, account_quota: Some(2 << 30), quota: None };
    made(ops::domains::add(context, domain).await)?;
    let (alice, bob, admin) = tokio::join!(
        account(context, ALICE, password),
        account(context, BOB, password),
        account(context, ADMIN, password)
    );
    let owners = HashMap::from([(ALICE.address, alice?), (BOB.address, bob?), (ADMIN.address, admin?)]);
    for (alias, targets) in [("studio", &[ALICE, BOB][..]), ("postmaster", &[ADMIN])] {
        let targets: Vec<String> = targets.iter().map(|person| person.address.to_owned()).collect();
        made(ops::aliases::put(context, &format!("{alias}@example.test"), &targets).await)?;
    }
    if context.store().usage(owners[ALICE.address])?.messages == 0 {
        fill(context, &owners).await?;
        send_out(context, owners[ALICE.address]).await?;
    }
    Ok(())
}

fn made<T>(outcome: Result<T, OpError>) -> Result<(), OpError> {
    match outcome {
        Ok(_) | Err(OpError::Exists(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn account(context: &Context, person: Person, password: &str) -> anyhow::Result<AccountId> {
    let add = AccountAdd {
        address: person.address.into(),
        name: person.name.into(),
        password: Password(password.into()),
        admin: person == ADMIN,
        quota: None,
    };
    made(ops::accounts::add(context, add).await)?;
    let account = context.directory.account_by_address(&person.address.parse()?)?;
    let here = IpAddr::from([127, 0, 0, 1]);
    // In a folder that is used again the password may be another one; its sessions go on where it is not.
    if context.directory.sign_in(person.address, password, here, Protocol::Web).await.is_err() {
        context.directory.password_set(account.id, password).await?;
    }
    Ok(account.id)
}

/// Puts all mail into its mailboxes, a few hundred messages a commit.
async fn fill(context: &Context, owners: &HashMap<&'static str, AccountId>) -> anyhow::Result<()> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let mut placed = write(SEED, intake::now() - NEWEST_MS, 1);
    let share = placed.len().div_ceil(threads).max(1);
    let mut work = Vec::new();
    while !placed.is_empty() {
        let rest = placed.split_off(share.min(placed.len()));
        let part = std::mem::replace(&mut placed, rest);
        work.push(tokio::task::spawn_blocking(move || part.into_iter().map(Ready::new).collect::<Vec<_>>()));
    }
    for part in work {
        let mut part = part.await.context("the demo's mail could not be written")?;
        while !part.is_empty() {
            let rest = part.split_off(GROUP.min(part.len()));
            let group = std::mem::replace(&mut part, rest);
            let bodies = group.iter().map(|ready| ready.body.clone()).collect();
            let owners = owners.clone();
            context.store().commit(bodies, move |tx| group.iter().try_for_each(|ready| ready.put(tx, &owners))).await?;
        }
    }
    Ok(())
}

/// A message, hashed and summarised.
struct Ready {
    owner: &'static str,
    mailbox: String,
    body: NewBody,
    message: NewMessage,
}

impl Ready {
    fn new(placed: Placed) -> Self {
        let Placed { owner, mailbox, flags, at, bytes } = placed;
        let body = NewBody::new(&bytes);
        let message = NewMessage {
            body: body.id(),
            size: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            received: at,
            saved: at,
            flags,
            trace: TraceId::new(at),
            summary: Arc::new(summarize(&bytes)),
        };
        Self { owner: owner.address, mailbox, body, message }
    }

    fn put(&self, tx: &mut Tx<'_>, owners: &HashMap<&'static str, AccountId>) -> Result<(), store::Error> {
        let owner = owners[self.owner];
        let mailbox = match tx.mailbox_by_name(owner, &self.mailbox) {
            Err(store::Error::NotFound(_)) => tx.mailbox_create(owner, &self.mailbox, None)?,
            found => found?,
        };
        tx.append(owner, mailbox.id, &self.message).map(drop)
    }
}

/// Two messages on their way to the outside, so that the queue is not empty.
async fn send_out(context: &Context, account: AccountId) -> anyhow::Result<()> {
    let letters = [
        (
            "clara.lindqvist@example.org",
            "Planting plan, last version",
            "attached is what we talked about. Do tell me if the birches are too many.",
            21,
        ),
        ("volkov@example.net", "Thursday", "Thursday at ten suits us both. We bring the level.", 3),
    ];
    for (to, subject, text, minutes) in letters {
        let at = intake::now() - minutes * 60_000;
        let to: Address = to.parse()?;
        let trace = TraceId::new(at);
        let from: Address = ALICE.address.parse()?;
        let reverse_path = ReversePath(Some(from));
        let mut draft = Draft::new(&reverse_path, "", 1024);
        let head = format!(
            "From: {} <{}>\r\nTo: <{to}>\r\nSubject: {subject}\r\nDate: {}\r\nMessage-ID: <{trace}@mail.example.test>\r\n",
            ALICE.name,
            ALICE.address,
            mail::date::rfc5322(at)
        );
        draft.bytes.put_slice(format!("{head}\r\nHello,\r\n\r\n{text}\r\n\r\nAlice\r\n").as_bytes());
        let incoming = Incoming {
            reverse_path,
            recipients: vec![Recipient {
                address: to.clone(),
                accounts: Vec::new(),
                remote: vec![to],
                terms: store::Terms::default(),
            }],
            account: Some(account),
            utf8: false,
            eight_bit: false,
            trace,
            at,
            step: Some(Step::Submitted),
            detail: "made by gatepost demo".into(),
            quota: true,
            terms: store::Terms::default(),
            origin: smtp::intake::Origin::default(),
            message: draft.finish(),
        };
        intake::accept(&context.directory, incoming).await?;
    }
    Ok(())
}
