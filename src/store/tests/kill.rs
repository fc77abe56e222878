//! kill -9: a process that commits is killed at a moment that nobody chose, again and again, also while it recovers from the
//! kill before. Whatever it acknowledged is there, and nothing is there twice.

use super::*;
use mail::address::{Address, ReversePath};
use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader},
    ops::ControlFlow,
    path::PathBuf,
    process::{Child, Command, Stdio},
};
use store::{SpoolId, spool::SpoolEntry};

on_both_engines!(one_writer, sixteen_writers);

const KILLS: u32 = 30;
/// Kills between two looks: those between find a store that nobody has put in order.
const LOOK_EVERY: u32 = 3;

fn one_writer(engine: Engine) {
    kill_again_and_again(engine, 1);
}

fn sixteen_writers(engine: Engine) {
    kill_again_and_again(engine, 16);
}

fn kill_again_and_again(engine: Engine, writers: u32) {
    let folder = TempDir::new().unwrap();
    let mut acknowledged = Acknowledged::default();
    for run in 0..KILLS {
        let mut child = Writers::start(folder.path(), engine, writers, run);
        // Some die before they have opened the store, most in the middle of their work.
        let lines = if run % 5 == 4 { chance(4) } else { chance(40 + 10 * u64::from(writers)) };
        child.read_lines(lines, &mut acknowledged);
        child.process.kill().unwrap();
        child.read_rest(&mut acknowledged);
        if run % LOOK_EVERY == LOOK_EVERY - 1 {
            look(folder.path(), engine, &acknowledged);
        }
    }
    assert!(acknowledged.0.len() > 100, "{}", acknowledged.0.len());
}

/// Opens the store in this process and holds it against what was acknowledged.
pub(crate) fn look(dir: &Path, engine: Engine, acknowledged: &Acknowledged) -> Recovery {
    let (store, recovery) = Store::open(dir, &options(engine)).unwrap();
    acknowledged.check(&store);
    sound::check(&store, &[ALICE]);
    wait(store.close());
    recovery
}

/// What a process of writers said: name of the commit, and the UID that it was given.
#[derive(Default)]
pub(crate) struct Acknowledged(pub(crate) HashMap<String, u32>);

impl Acknowledged {
    /// An acknowledgement ends with a full stop, so that a line which the kill cut short is none.
    fn take(&mut self, line: &str) {
        if let Some((name, uid)) = line.strip_prefix("ack ").and_then(|rest| rest.strip_suffix('.')?.split_once(' ')) {
            assert_eq!(self.0.insert(name.to_owned(), uid.parse().unwrap()), None, "{name} was acknowledged twice");
        }
    }

    /// All of it is in the store, once; and what else is there is there as a whole.
    fn check(&self, store: &Store) {
        let Ok(inbox) = store.mailbox_by_role(ALICE, Role::Inbox) else { return assert!(self.0.is_empty()) };
        let mut found = HashMap::new();
        let each = &mut |message: store::Message| {
            let name = message.summary.envelope.subject.unwrap();
            assert_eq!(found.insert(name.clone(), message.uid), None, "{name} is there twice");
            ControlFlow::Continue(())
        };
        store.messages(ALICE, inbox.id, &all(), each).unwrap();
        for (name, uid) in &self.0 {
            assert_eq!(found.get(name), Some(uid), "{name} was acknowledged");
        }
        let queued: Vec<String> = store
            .spool_list(SpoolId(0), usize::MAX)
            .unwrap()
            .into_iter()
            .map(|entry| entry.recipient.local().to_owned())
            .collect();
        assert_eq!(queued.len(), found.len());
        assert!(queued.iter().all(|name| found.contains_key(name)), "half a commit");
        for (name, uid) in &found {
            assert_eq!(store.record::<u32>(name.as_bytes()).unwrap(), Some(*uid), "half a commit");
        }
    }
}

/// A process that commits until it is killed.
pub(crate) struct Writers {
    pub(crate) process: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Writers {
    pub(crate) fn start(dir: &Path, engine: Engine, writers: u32, run: u32) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        as_child(&mut command, "kill::writers", "writers", dir, engine);
        command.env("STORE_TEST_WRITERS", writers.to_string()).env("STORE_TEST_RUN", run.to_string());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    pub(crate) fn read_lines(&mut self, count: u64, acknowledged: &mut Acknowledged) {
        for _ in 0..count {
            acknowledged.take(&self.lines.next().expect("the writers ended by themselves").unwrap());
        }
    }

    /// After it was killed: what it had said before.
    pub(crate) fn read_rest(mut self, acknowledged: &mut Acknowledged) {
        self.lines.by_ref().map_while(Result::ok).for_each(|line| acknowledged.take(&line));
        self.process.wait().unwrap();
    }
}

/// Makes the command run a test of this binary that is not one: another process of the test that asks.
pub(crate) fn as_child<'a>(
    command: &'a mut Command,
    test: &str,
    role: &str,
    dir: &Path,
    engine: Engine,
) -> &'a mut Command {
    command
        .args([test, "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env("STORE_TEST_ROLE", role)
        .env("STORE_TEST_DIR", dir)
        .env("STORE_TEST_ENGINE", if engine == Engine::Sled { "sled" } else { "redb" })
}

/// What [`as_child`] asked for, when it did.
pub(crate) fn child_of(role: &str) -> Option<(PathBuf, Options)> {
    if std::env::var("STORE_TEST_ROLE").ok()? != role {
        return None;
    }
    let engine = if std::env::var("STORE_TEST_ENGINE").unwrap() == "sled" { Engine::Sled } else { Engine::Redb };
    Some((std::env::var_os("STORE_TEST_DIR").unwrap().into(), options(engine)))
}

fn number(name: &str) -> u32 {
    std::env::var(name).unwrap().parse().unwrap()
}

/// The process that is killed.
#[test]
#[ignore = "the process that the tests in this file kill"]
fn writers() {
    let Some((dir, options)) = child_of("writers") else { return };
    let (writers, run) = (number("STORE_TEST_WRITERS"), number("STORE_TEST_RUN"));
    println!("\nopening");
    let (store, _) = Store::open(&dir, &options).unwrap();
    if store.mailboxes(ALICE).unwrap().is_empty() {
        wait(store.commit(Vec::new(), |tx| tx.account_create(ALICE))).unwrap();
    }
    println!("open");
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let store = &store;
            scope.spawn(move || {
                for number in 0.. {
                    let name = format!("{run}-{writer}-{number}");
                    let uid = wait(write(store, &name)).unwrap();
                    // It ends, by panicking, when nobody listens any more.
                    println!("ack {name} {uid}.");
                }
            });
        }
    });
}

/// One commit that has a part in most trees.
async fn write(store: &Store, name: &str) -> Result<u32, Error> {
    let text = [mail(name, name, ""), noise(chance(u64::MAX), chance(4000) as usize)].concat();
    let (body, message) = message(&text);
    let entry = queued(&message, name);
    let key = name.as_bytes().to_vec();
    let work = move |tx: &mut Tx<'_>| {
        let inbox = tx.mailbox_by_role(ALICE, Role::Inbox)?;
        let uid = tx.append(ALICE, inbox.id, &message)?.uid;
        tx.spool_put(entry.clone())?;
        tx.record_put(&key, &uid)?;
        Ok::<_, Error>(uid)
    };
    store.commit(vec![body], work).await
}

/// A queue entry for a message.
pub(crate) fn queued(message: &NewMessage, recipient: &str) -> SpoolEntry {
    SpoolEntry {
        id: SpoolId(0),
        body: message.body,
        size: message.size,
        reverse_path: ReversePath(None),
        recipient: format!("{recipient}@remote.test").parse::<Address>().unwrap(),
        original_recipient: None,
        account: None,
        utf8: false,
        eight_bit: false,
        trace: message.trace,
        created: NOW,
        next_attempt: NOW,
        attempts: 0,
        held: false,
        warned: false,
        last_reply: None,
        last_host: None,
        terms: store::Terms::default(),
    }
}
