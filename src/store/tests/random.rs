//! Random operations on a store, as people, servers and the store itself do them.

use super::*;
use proptest::prelude::*;
use store::{
    FlagChange, SpoolId,
    trace::{Step, TraceEvent},
};

const ACCOUNTS: [AccountId; 3] = [ALICE, BOB, AccountId(3)];

/// One commit. The numbers choose among what is there.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    Append {
        mailbox: u8,
        subject: u8,
        id: u8,
        reply: u8,
        length: u16,
        flags: u8,
        copies: u8,
    },
    Flags {
        mailbox: u8,
        first: u8,
        count: u8,
        change: u8,
        flags: u8,
        keyword: u8,
    },
    Transfer {
        from: u8,
        to: u8,
        first: u8,
        count: u8,
        take: bool,
    },
    Expunge {
        mailbox: u8,
        first: u8,
        count: u8,
    },
    Restore(u8),
    Purge {
        age: u8,
        limit: u8,
    },
    Create(u8),
    Rename {
        from: u8,
        to: u8,
    },
    Delete(u8),
    Subscribe(u8),
    Queue {
        text: u8,
        due: i8,
    },
    Requeue {
        entry: u8,
        due: i8,
        held: bool,
    },
    Unqueue(u8),
    Trace {
        message: u8,
        step: bool,
    },
    Record {
        key: u8,
        value: Option<u16>,
    },
    Create3,
    Remove3(u8),
    /// Fails after it has changed something.
    Fail(u8),
    Snapshot,
}

pub(crate) fn operations() -> impl Strategy<Value = Vec<(u8, Operation)>> {
    use Operation::*;
    let small = 0..12u8;
    let one = prop_oneof![
        10 => (any::<u8>(), small.clone(), any::<u8>(), any::<u8>(), any::<u16>(), any::<u8>(), 1..3u8).prop_map(
            |(mailbox, subject, id, reply, length, flags, copies)| Append { mailbox, subject, id, reply, length, flags, copies }
        ),
        5 => (any::<u8>(), small.clone(), 1..6u8, any::<u8>(), any::<u8>(), 0..4u8).prop_map(
            |(mailbox, first, count, change, flags, keyword)| Flags { mailbox, first, count, change, flags, keyword }
        ),
        4 => (any::<u8>(), any::<u8>(), small.clone(), 1..6u8, any::<bool>())
            .prop_map(|(from, to, first, count, take)| Transfer { from, to, first, count, take }),
        3 => (any::<u8>(), small.clone(), 1..6u8).prop_map(|(mailbox, first, count)| Expunge { mailbox, first, count }),
        2 => any::<u8>().prop_map(Restore),
        1 => (any::<u8>(), 1..4u8).prop_map(|(age, limit)| Purge { age, limit }),
        2 => small.clone().prop_map(Create),
        1 => (any::<u8>(), small.clone()).prop_map(|(from, to)| Rename { from, to }),
        1 => any::<u8>().prop_map(Delete),
        1 => any::<u8>().prop_map(Subscribe),
        3 => (any::<u8>(), any::<i8>()).prop_map(|(text, due)| Queue { text, due }),
        2 => (any::<u8>(), any::<i8>(), any::<bool>()).prop_map(|(entry, due, held)| Requeue { entry, due, held }),
        1 => any::<u8>().prop_map(Unqueue),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(message, step)| Trace { message, step }),
        2 => (small, any::<Option<u16>>()).prop_map(|(key, value)| Record { key, value }),
        1 => Just(Create3),
        1 => (1..9u8).prop_map(Remove3),
        1 => any::<u8>().prop_map(Fail),
        1 => Just(Snapshot),
    ];
    prop::collection::vec((0..3u8, one), 30..80)
}

/// Does one operation. What is refused is refused; what fails for a fault of the machine fails the test.
pub(crate) fn run(store: &Fixture, account: u8, operation: &Operation, number: u32) {
    if matches!(operation, Operation::Snapshot) {
        return store.snapshot().unwrap();
    }
    let account = ACCOUNTS[usize::from(account)];
    let at = NOW + i64::from(number);
    let bodies: Vec<_> = match operation {
        Operation::Append { subject, id, reply, length, .. } => {
            let reply = if reply % 3 == 0 { format!("In-Reply-To: <{reply}@example.test>\r\n") } else { String::new() };
            let subject = format!("{}Subject {}", if subject % 2 == 0 { "Re: " } else { "" }, subject / 2);
            vec![[mail(&subject, &id.to_string(), &reply), noise(u64::from(*id), usize::from(length / 16))].concat()]
        }
        Operation::Queue { text, .. } => vec![format!("queued {}", text % 5).into_bytes()],
        _ => Vec::new(),
    };
    let messages: Vec<_> = bodies.iter().map(|text| message(text)).collect();
    let new = messages.first().map(|(_, message)| message.clone());
    let operation = operation.clone();
    let work = move |tx: &mut Tx<'_>| apply(tx, account, &operation, new.as_ref(), at);
    let result = wait(store.commit(messages.into_iter().map(|(body, _)| body).collect(), work));
    if let Err(error) = result {
        let refused = matches!(error, Error::NotFound(_) | Error::Exists(_) | Error::Invalid(_) | Error::Limit(_));
        assert!(refused, "{error}");
    }
}

/// Ends a removal of the third account that was begun.
pub(crate) fn finish(store: &Fixture) {
    if store.mailboxes(ACCOUNTS[2]).unwrap().is_empty() {
        wait(store.commit(Vec::new(), |tx| tx.account_remove(ACCOUNTS[2]))).unwrap();
    }
}

/// A mailbox by its number, among those that there may be.
fn mailbox(tx: &Tx<'_>, account: AccountId, number: u8) -> Result<Mailbox, Error> {
    let roles = Role::ALL.len() as u8;
    match number % (roles + 6) {
        number if number < roles => tx.mailbox_by_role(account, Role::ALL[usize::from(number)].0),
        number => tx.mailbox_by_name(account, &name(number - roles)),
    }
}

fn name(number: u8) -> String {
    ["a", "a/b", "a/b/c", "d", "d/e", "Ärger"][usize::from(number) % 6].to_owned()
}

fn range(first: u8, count: u8) -> UidSet {
    uids(u32::from(first) + 1..u32::from(first) + 1 + u32::from(count))
}

fn apply(
    tx: &mut Tx<'_>,
    account: AccountId,
    operation: &Operation,
    new: Option<&NewMessage>,
    at: i64,
) -> Result<(), Error> {
    match *operation {
        Operation::Append { mailbox: number, flags, copies, .. } => {
            let new = NewMessage { received: at, saved: at, flags: Flags::system(flags), ..new.unwrap().clone() };
            for copy in 0..copies {
                let mailbox = mailbox(tx, account, number.wrapping_add(copy))?;
                tx.append(account, mailbox.id, &new)?;
            }
        }
        Operation::Flags { mailbox: number, first, count, change, flags, keyword } => {
            let mailbox = mailbox(tx, account, number)?;
            let change = [FlagChange::Add, FlagChange::Remove, FlagChange::Replace][usize::from(change) % 3];
            let flags = Flags { system: flags, keywords: (0..keyword).map(|n| format!("word{n}")).collect() };
            tx.flags_change(account, mailbox.id, &range(first, count), change, &flags, None)?;
        }
        Operation::Transfer { from, to, first, count, take } => {
            let (from, to) = (mailbox(tx, account, from)?, mailbox(tx, account, to)?);
            if take {
                tx.move_messages(account, from.id, &range(first, count), to.id, at)?;
            } else {
                tx.copy(account, from.id, &range(first, count), to.id, at)?;
            }
        }
        Operation::Expunge { mailbox: number, first, count } => {
            let mailbox = mailbox(tx, account, number)?;
            tx.expunge(account, mailbox.id, &range(first, count), at)?;
        }
        Operation::Restore(number) => drop(tx.vault_restore(account, u64::from(number % 16) + 1, at)?),
        Operation::Purge { age, limit } => {
            tx.vault_purge(at - i64::from(age), limit.into())?;
            tx.trace_purge(at - i64::from(age), limit.into())?;
        }
        Operation::Create(number) => drop(tx.mailbox_create(account, &name(number), None)?),
        Operation::Rename { from, to } => {
            let from = mailbox(tx, account, from)?;
            tx.mailbox_rename(account, &from.name, &name(to))?;
        }
        Operation::Delete(number) => {
            let mailbox = mailbox(tx, account, number)?;
            tx.mailbox_delete(account, &mailbox.name)?;
        }
        Operation::Subscribe(number) => {
            let mailbox = mailbox(tx, account, number)?;
            tx.mailbox_subscribe(account, &mailbox.name, !mailbox.subscribed)?;
        }
        Operation::Queue { due, .. } => {
            let entry = kill::queued(new.unwrap(), "someone");
            tx.spool_put(store::spool::SpoolEntry { next_attempt: at + i64::from(due), ..entry })?;
        }
        Operation::Requeue { entry, due, held } => {
            let found = tx.spool_entry(SpoolId(u64::from(entry % 16) + 1))?.ok_or(Error::NotFound("queue entry"))?;
            tx.spool_update(&store::spool::SpoolEntry { next_attempt: at + i64::from(due), held, ..found })?;
        }
        Operation::Unqueue(entry) => drop(tx.spool_remove(SpoolId(u64::from(entry % 16) + 1))?),
        Operation::Trace { message, step } => {
            let step = if step { Step::Sent } else { Step::Deferred };
            let (reverse_path, detail) = (String::new(), format!("{message}"));
            let id = TraceId(u128::from((at - i64::from(message)).cast_unsigned()) << 80);
            tx.trace(id, &TraceEvent { at, step, reverse_path, recipients: vec!["x@y".into()], detail });
        }
        Operation::Record { key, value } => {
            let key = [b"r/".as_slice(), &[key]].concat();
            tx.next_id("records")?;
            match value {
                Some(value) => tx.record_put(&key, &value)?,
                None => tx.record_remove(&key),
            }
        }
        Operation::Create3 => tx.account_create(ACCOUNTS[2])?,
        Operation::Remove3(limit) => drop(tx.account_remove_step(ACCOUNTS[2], limit.into())?),
        Operation::Fail(number) => {
            tx.mailbox_create(account, &format!("never {number}"), None)?;
            let inbox = tx.mailbox_by_role(account, Role::Inbox)?;
            tx.expunge(account, inbox.id, &all(), at)?;
            return Err(Error::Invalid("it was to fail".into()));
        }
        Operation::Snapshot => unreachable!("it is no commit"),
    }
    Ok(())
}
