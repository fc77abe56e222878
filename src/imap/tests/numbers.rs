//! Whatever several sessions do to one mailbox, each can tell from what it was told which message a number means.

use crate::{Client, Server};
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};

/// Sessions on the mailbox.
const SESSIONS: usize = 3;

#[derive(Debug, Clone)]
enum Act {
    Noop,
    Append,
    /// Of the message at a place: tell its UID, mark it, unmark it, search for it, move it within.
    FetchUid(usize),
    UidFetch,
    Delete(usize),
    Flag(usize),
    Expunge,
    UidExpunge,
    Search,
    MoveWithin(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        Just(Act::Noop),
        Just(Act::Append),
        (0usize..12).prop_map(Act::FetchUid),
        Just(Act::UidFetch),
        (0usize..12).prop_map(Act::Delete),
        (0usize..12).prop_map(Act::Flag),
        Just(Act::Expunge),
        Just(Act::UidExpunge),
        Just(Act::Search),
        (0usize..12).prop_map(Act::MoveWithin),
    ]
}

/// A session, and the UIDs that it was told, by number; 0 for one that it knows by number only.
struct Told {
    client: Client,
    uids: Vec<u32>,
}

impl Told {
    /// Runs a command and follows what is told. EXPUNGE must not come where `held`.
    async fn run(&mut self, command: &str, held: bool) {
        for line in self.client.run_any(command).await {
            let words: Vec<&str> = line.split([' ', '(', ')']).filter(|word| !word.is_empty()).collect();
            let number = || words[1].parse::<usize>().expect("a number");
            match words.get(2) {
                Some(&"EXISTS") => {
                    assert!(number() >= self.uids.len(), "EXISTS only grows: {line}");
                    self.uids.resize(number(), 0);
                }
                Some(&"EXPUNGE") => {
                    assert!(!held, "{command} was answered with {line}");
                    self.uids.remove(number() - 1);
                }
                Some(&"FETCH") => {
                    if let Some(at) = words.iter().position(|word| *word == "UID") {
                        self.learn(number(), words[at + 1].parse().expect("a UID"), &line);
                    }
                }
                _ => {}
            }
        }
    }

    fn learn(&mut self, number: usize, uid: u32, line: &str) {
        let known = &mut self.uids[number - 1];
        assert!(*known == 0 || *known == uid, "number {number} is {known}: {line}");
        *known = uid;
    }

    async fn act(&mut self, act: &Act) {
        let number = |at: &usize| (!self.uids.is_empty()).then(|| at % self.uids.len() + 1);
        match act {
            Act::Noop => self.run("NOOP", false).await,
            Act::Append => self.run("APPEND INBOX {4+}\r\na: b", false).await,
            Act::FetchUid(at) => {
                if let Some(number) = number(at) {
                    self.run(&format!("FETCH {number} (UID FLAGS)"), true).await;
                }
            }
            Act::UidFetch => self.run("UID FETCH 1:* FLAGS", false).await,
            Act::Delete(at) => {
                if let Some(number) = number(at) {
                    self.run(&format!("STORE {number} +FLAGS (\\Deleted)"), true).await;
                }
            }
            Act::Flag(at) => {
                if let Some(number) = number(at) {
                    self.run(&format!("STORE {number} FLAGS.SILENT (\\Flagged)"), true).await;
                }
            }
            Act::Expunge => self.run("EXPUNGE", false).await,
            Act::UidExpunge => self.run("UID EXPUNGE 1:*", false).await,
            Act::Search => self.run("SEARCH NOT FLAGGED", true).await,
            Act::MoveWithin(at) => {
                if let Some(number) = number(at) {
                    self.run(&format!("MOVE {number} INBOX"), false).await;
                }
            }
        }
    }
}

#[test]
fn numbers_mean_what_was_told() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(Server::start());
    let mut runner = TestRunner::new(ProptestConfig { cases: 40, ..ProptestConfig::default() });
    let result = runner.run(&vec((0..SESSIONS, act()), 0..40), |acts| {
        runtime.block_on(async {
            let mut sessions = Vec::new();
            for _ in 0..SESSIONS {
                let client = server.inbox().await;
                let mut told = Told { client, uids: Vec::new() };
                told.run("SELECT INBOX", false).await;
                sessions.push(told);
            }
            for (session, act) in &acts {
                sessions[*session].act(act).await;
            }
            for told in &mut sessions {
                told.run("NOOP", false).await;
                told.run("UID FETCH 1:* FLAGS", false).await;
            }
            let account = server.alice.id;
            let inbox = server.store().mailbox_by_name(account, "INBOX").unwrap().id;
            let kept: Vec<u32> = server.store().view(account, inbox).unwrap().uids.iter().collect();
            for told in &sessions {
                assert_eq!(told.uids, kept);
            }
        });
        Ok(())
    });
    result.unwrap();
}
