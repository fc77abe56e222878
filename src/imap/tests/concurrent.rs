//! Many clients on one mailbox at once: whatever way a client is told, in the end it knows the mailbox as it is; no message was
//! missed, none shown twice, and no number ever meant another message.

use crate::{Client, Server};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use store::{Flags, Uid};

/// Commands of each client that changes the mailbox.
const CHANGES: usize = 60;
/// Clients that change the mailbox.
const WRITERS: u64 = 4;
/// The last message; it is appended when nobody changes anything any more.
const END: &str = "$End";

/// A mailbox as a client was told of it.
#[derive(Default)]
struct Model {
    /// UIDs by sequence number; 0 for one that is known by its number only.
    uids: Vec<Uid>,
    flags: BTreeMap<Uid, BTreeSet<String>>,
    gone: BTreeSet<Uid>,
    /// The client has switched sequence numbers off.
    uid_only: bool,
}

impl Model {
    /// Takes in a line.
    fn take(&mut self, line: &str) {
        let Some(line) = line.strip_prefix("* ") else { return };
        let words: Vec<&str> = line.split(' ').collect();
        let number = || words[0].parse::<usize>().expect("a number");
        if let Some(set) = line.strip_prefix("VANISHED (EARLIER) ") {
            uids_of(set).for_each(|uid| self.went(uid, false));
        } else if let Some(set) = line.strip_prefix("VANISHED ") {
            uids_of(set).for_each(|uid| self.went(uid, true));
        } else {
            match words.get(1) {
                Some(&"EXISTS") => {
                    assert!(number() >= self.uids.len(), "EXISTS only grows: {line}, {} known", self.uids.len());
                    self.uids.resize(number(), 0);
                }
                Some(&"EXPUNGE") => {
                    let uid = self.uids.remove(number() - 1);
                    self.forget(uid);
                }
                Some(&"FETCH") => {
                    let uid = value(line, "UID ").expect("a UID").parse().expect("a number");
                    let known = &mut self.uids[number() - 1];
                    assert!(*known == 0 || *known == uid, "number {} meant {known}, now {line}", number());
                    let is_new = *known == 0;
                    *known = uid;
                    self.told(uid, line, is_new);
                }
                Some(&"UIDFETCH") => {
                    let uid = words[0].parse().expect("a UID");
                    let is_new = !self.uids.contains(&uid);
                    if is_new {
                        let place = self.uids.iter().position(|known| *known == 0).expect("EXISTS before it");
                        self.uids[place] = uid;
                    }
                    self.told(uid, line, is_new);
                }
                _ => {}
            }
        }
    }

    fn told(&mut self, uid: Uid, line: &str, is_new: bool) {
        assert!(!self.gone.contains(&uid), "{uid} was gone: {line}");
        assert!(is_new != self.flags.contains_key(&uid), "{uid} is shown twice: {line}");
        if let Some(flags) = flags_of(line) {
            self.flags.insert(uid, flags);
        }
    }

    /// One of those that were there is gone. A client that knows only its number knows only that there is one less.
    fn went(&mut self, uid: Uid, must_be_known: bool) {
        let place = self
            .uids
            .iter()
            .position(|known| *known == uid)
            .or_else(|| self.uids.iter().position(|known| *known == 0).filter(|_| must_be_known));
        assert!(place.is_some() || !must_be_known, "{uid} vanished and was not there");
        if let Some(place) = place {
            self.uids.remove(place);
        }
        self.forget(uid);
    }

    fn forget(&mut self, uid: Uid) {
        if uid != 0 {
            self.flags.remove(&uid);
            assert!(self.gone.insert(uid), "{uid} is gone twice");
        }
    }

    /// The command that asks for what is known by its number only.
    fn question(&self) -> Option<String> {
        let first = self.uids.iter().position(|uid| *uid == 0)?;
        if self.uid_only {
            let from = self.uids.iter().max().copied().unwrap_or(0) + 1;
            return Some(format!("UID FETCH {from}:* (FLAGS)"));
        }
        Some(format!("FETCH {}:* (UID FLAGS)", first + 1))
    }

    fn is_at_end(&self) -> bool {
        self.flags.values().any(|flags| flags.contains(END))
    }

    async fn run(&mut self, client: &mut Client, command: &str) {
        for line in client.run_any(command).await {
            self.take(&line);
        }
    }

    /// Asks for all that is known by its number only.
    async fn fill(&mut self, client: &mut Client) {
        while let Some(question) = self.question() {
            self.run(client, &question).await;
            // FETCH holds back that one of them may be gone.
            self.run(client, "NOOP").await;
        }
    }

    fn check(&self, way: &str, truth: &Model) {
        let mut told = self.uids.clone();
        if self.uid_only {
            // It has no numbers, and so no order.
            told.sort_unstable();
        }
        assert_eq!(told, truth.uids, "{way}: which messages there are");
        assert_eq!(self.flags, truth.flags, "{way}: their flags");
    }
}

fn uids_of(set: &str) -> impl Iterator<Item = Uid> + '_ {
    set.split(',').flat_map(|range| {
        let (first, last) = range.split_once(':').unwrap_or((range, range));
        first.parse().expect("a UID")..=last.parse::<Uid>().expect("a UID")
    })
}

fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.split(name).nth(1)?.split([' ', ')']).next()
}

/// Flags without `\Recent`, which is each session's own.
fn flags_of(line: &str) -> Option<BTreeSet<String>> {
    let list = line.split("FLAGS (").nth(1)?.split(')').next()?;
    Some(list.split(' ').filter(|flag| !flag.is_empty() && *flag != "\\Recent").map(str::to_owned).collect())
}

/// A client that changes the mailbox, without looking at what it is told.
async fn write(server: Arc<Server>, seed: u64) {
    let mut client = server.inbox().await;
    let mut state = seed;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..CHANGES {
        let uid = random(40) + 1;
        let command = match random(8) {
            0 | 1 => "APPEND INBOX {7+}\r\nA: b\r\n\r\n".replace("{7+}", "{8+}"),
            2 => format!("UID STORE {uid} +FLAGS.SILENT (\\Deleted)"),
            3 => format!("UID STORE {uid}:{} +FLAGS.SILENT (\\Flagged)", uid + 3),
            4 => format!("UID STORE {uid} -FLAGS.SILENT (\\Flagged \\Deleted)"),
            5 => "EXPUNGE".to_owned(),
            6 => format!("UID COPY {uid}:{} INBOX", uid + 1),
            _ => format!("UID MOVE {uid} INBOX"),
        };
        client.run_any(&command).await;
    }
}

/// Looks by NOOP, between commands that hold expunges back.
async fn by_noop(server: Arc<Server>, setup: &'static str) -> (Model, &'static str) {
    let mut client = server.alice().await;
    let mut model = Model { uid_only: setup.contains("UIDONLY"), ..Model::default() };
    if !setup.is_empty() {
        client.run(setup).await;
    }
    model.run(&mut client, "SELECT INBOX").await;
    while !model.is_at_end() {
        model.run(&mut client, "NOOP").await;
        model.fill(&mut client).await;
        if !model.uid_only && !model.uids.is_empty() {
            model.run(&mut client, "FETCH 1 (UID FLAGS)").await;
        }
    }
    model.run(&mut client, "NOOP").await;
    (model, setup)
}

async fn by_idle(server: Arc<Server>) -> (Model, &'static str) {
    let mut client = server.inbox().await;
    let mut model = Model::default();
    model.run(&mut client, "SELECT INBOX").await;
    model.fill(&mut client).await;
    while !model.is_at_end() {
        client.say("idle IDLE").await;
        client.expect("+ idling").await;
        let line = client.line().await.expect("news");
        model.take(&line);
        client.say("DONE").await;
        loop {
            let line = client.line().await.expect("a line");
            if line.starts_with("idle OK") {
                break;
            }
            model.take(&line);
        }
        model.fill(&mut client).await;
    }
    model.run(&mut client, "NOOP").await;
    (model, "IDLE")
}

async fn by_notify(server: Arc<Server>) -> (Model, &'static str) {
    let mut client = server.alice().await;
    let mut model = Model::default();
    client.run("NOTIFY SET (selected (MessageNew (UID FLAGS) MessageExpunge FlagChange))").await;
    model.run(&mut client, "SELECT INBOX").await;
    model.fill(&mut client).await;
    while !model.is_at_end() {
        let line = client.line().await.expect("news");
        model.take(&line);
    }
    model.run(&mut client, "NOOP").await;
    (model, "NOTIFY")
}

/// Comes again and again, and asks only for what is new since it left.
async fn by_resync(server: Arc<Server>) -> (Model, &'static str) {
    let mut model = Model::default();
    let mut known = String::new();
    loop {
        let mut client = server.alice().await;
        client.run("ENABLE QRESYNC").await;
        // What is not told of by SELECT is known from before.
        let lines = client.run(&format!("SELECT INBOX{known}")).await;
        let earlier = |line: &&String| line.contains("VANISHED (EARLIER)");
        model = Model { uids: model.uids, flags: model.flags, ..Model::default() };
        lines.iter().filter(earlier).for_each(|line| model.take(line));
        model.gone.clear();
        let count = lines.iter().position(|line| line.ends_with(" EXISTS")).expect("a count");
        let exists = lines[count].split(' ').nth(1).and_then(|count| count.parse().ok()).expect("a number");
        assert!(model.uids.len() <= exists, "more are known than there are: {lines:?}");
        model.uids.resize(exists, 0);
        lines[count + 1..].iter().filter(|line| !earlier(line)).for_each(|line| model.take(line));
        let code = |name: &str| {
            let line = lines.iter().find(|line| line.contains(name)).expect("a code");
            line.split(name).nth(1).and_then(|rest| rest.split(']').next()).expect("a number").to_owned()
        };
        model.fill(&mut client).await;
        known = format!(" (QRESYNC ({} {}))", code("UIDVALIDITY "), code("HIGHESTMODSEQ "));
        if model.is_at_end() {
            model.run(&mut client, "NOOP").await;
            return (model, "QRESYNC, again and again");
        }
        client.run("UNSELECT").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_missed_or_shown_twice() {
    let server = Arc::new(Server::start().await);
    let texts = ["A: b\r\n\r\n1"; 20];
    server.deliver_all("INBOX", &texts, &Flags::default()).await;
    let watchers = [
        tokio::spawn(by_noop(server.clone(), "")),
        tokio::spawn(by_noop(server.clone(), "ENABLE QRESYNC")),
        tokio::spawn(by_noop(server.clone(), "ENABLE UIDONLY")),
        tokio::spawn(by_noop(server.clone(), "ENABLE IMAP4rev2")),
        tokio::spawn(by_idle(server.clone())),
        tokio::spawn(by_notify(server.clone())),
        tokio::spawn(by_resync(server.clone())),
    ];
    let writers: Vec<_> = (1..=WRITERS).map(|seed| tokio::spawn(write(server.clone(), seed))).collect();
    for writer in writers {
        writer.await.expect("a writer");
    }
    let mut last = server.alice().await;
    last.run(&format!("APPEND INBOX ({END}) {{8+}}\r\nA: b\r\n\r\n")).await;
    let mut truth = Model::default();
    truth.run(&mut last, "SELECT INBOX").await;
    truth.fill(&mut last).await;
    for watcher in watchers {
        let (model, way) = watcher.await.expect("a watcher");
        model.check(way, &truth);
    }
}
