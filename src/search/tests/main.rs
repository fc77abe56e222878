//! The index over a real store.

use mail::summary::summarize;
use search::{Index, Needle, Options, Part, Question, Scope, Status};
use std::{path::PathBuf, sync::Arc};
use store::{AccountId, Error, Flags, MailboxId, NewBody, NewMessage, Role, Store, TraceId, Tx, Uid, UidSet};
use tempfile::TempDir;

const ALICE: AccountId = AccountId(1);
/// In the same shard as Alice.
const BOB: AccountId = AccountId(5);

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

struct Fixture {
    store: Store,
    index: Index,
    folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Store::open(&folder.path().join("store"), &store::Options::default()).unwrap().0;
        wait(store.commit::<_, Error, _>(Vec::new(), |tx| {
            tx.account_create(ALICE)?;
            tx.account_create(BOB)
        }))
        .unwrap();
        let index = open(&folder, &store);
        Self { store, index, folder }
    }

    fn index_dir(&self) -> PathBuf {
        self.folder.path().join("search")
    }

    /// Ends the index, lets `meanwhile` do something to its folder, and opens it again.
    fn reopen_after(&mut self, meanwhile: impl FnOnce(PathBuf)) {
        self.index.close();
        meanwhile(self.index_dir());
        self.index = open(&self.folder, &self.store);
    }

    fn run<T: Send + 'static>(&self, work: impl FnMut(&mut Tx<'_>) -> Result<T, Error> + Send + 'static) -> T {
        wait(self.store.commit(Vec::new(), work)).unwrap()
    }

    fn inbox(&self, account: AccountId) -> MailboxId {
        self.store.mailbox_by_role(account, Role::Inbox).unwrap().id
    }

    fn append(&self, account: AccountId, text: &str) -> Uid {
        let text = text.replace('\n', "\r\n").into_bytes();
        let body = NewBody::new(&text);
        let message = NewMessage {
            body: body.id(),
            size: u32::try_from(text.len()).unwrap(),
            received: 1_790_000_000_000,
            saved: 1_790_000_000_000,
            flags: Flags::default(),
            trace: TraceId(1),
            summary: Arc::new(summarize(&text)),
        };
        let inbox = self.inbox(account);
        wait(self.store.commit::<_, Error, _>(vec![body], move |tx| Ok(tx.append(account, inbox, &message)?.uid)))
            .unwrap()
    }

    fn status(&self) -> Status {
        wait(self.index.caught_up());
        self.index.status()
    }

    /// UIDs that the index finds in all mailboxes of an account, once it holds everything.
    fn found(&self, account: AccountId, part: Part, text: &str) -> Vec<Uid> {
        wait(self.index.caught_up());
        let snapshot = self.index.snapshot(account).unwrap();
        let question = Question::Words(part, Needle::new(text).unwrap());
        let all = snapshot.find(Scope::Account, &question).unwrap();
        let mut uids: Vec<Uid> = all.values().flat_map(UidSet::iter).collect();
        let inbox = self.inbox(account);
        let here = snapshot.find(Scope::Mailbox(inbox), &question).unwrap();
        assert_eq!(here.get(&inbox), all.get(&inbox), "a mailbox is a part of its account");
        uids.sort_unstable();
        uids
    }
}

fn open(folder: &TempDir, store: &Store) -> Index {
    let options = Options { heap_bytes: 16 << 20, is_gentle: false };
    let index = Index::open(&folder.path().join("search"), store, options).unwrap();
    index.start().unwrap();
    index
}

fn mail(subject: &str, text: &str) -> String {
    format!("From: Jürgen Müller <juergen@example.org>\nTo: alice@example.test\nSubject: {subject}\n\n{text}\n")
}

#[test]
fn words_are_found_where_they_are() {
    let fixture = Fixture::new();
    let first = fixture.append(ALICE, &mail("Quarterly report", "The figures are in the annex. Straße"));
    let second = fixture.append(ALICE, &mail("=?utf-8?q?=E6=9D=B1=E4=BA=AC=E9=83=BD?=", "nothing quarterly; résumé"));
    for (part, text, found) in [
        (Part::Subject, "quarterly", vec![first]),
        (Part::Text, "QUARTERLY", vec![first, second]),
        (Part::Body, "quarter", vec![second]),
        (Part::Text, "\"quarter\"", vec![]),
        (Part::Text, "figures are in", vec![first]),
        (Part::Text, "are figures", vec![]),
        (Part::Text, "strasse", vec![first]),
        (Part::Text, "resume", vec![second]),
        (Part::From, "muller", vec![first, second]),
        (Part::From, "mueller", vec![first, second]),
        (Part::From, "Müller", vec![first, second]),
        (Part::From, "Jürgen Müller", vec![first, second]),
        (Part::From, "juergen mueller", vec![first, second]),
        (Part::From, "juergen@example.org", vec![first, second]),
        (Part::To, "alice@example.test", vec![first, second]),
        (Part::To, "juergen", vec![]),
        (Part::Subject, "京都", vec![second]),
        (Part::Subject, "東京都", vec![second]),
        (Part::Subject, "都", vec![second]),
        (Part::Subject, "京東", vec![]),
    ] {
        assert_eq!(fixture.found(ALICE, part, text), found, "{part:?} {text}");
    }
}

#[test]
fn html_and_attachments_are_read() {
    let fixture = Fixture::new();
    let text = "From: a@example.org\nSubject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
        --b\nContent-Type: text/html\n\n<style>hidden</style><p>Vis<b>ible</b> &uuml;ber</p>\n\
        --b\nContent-Type: text/csv; name=\"table.csv\"\nContent-Disposition: attachment; filename=\"Prices_2026.csv\"\n\n\
        apples;12\n--b--\n";
    let uid = fixture.append(ALICE, text);
    for (text, found) in
        [("visible", true), ("ueber", true), ("hidden", false), ("apples", true), ("prices", true), ("table", false)]
    {
        assert_eq!(fixture.found(ALICE, Part::Text, text), if found { vec![uid] } else { vec![] }, "{text}");
    }
    let snapshot = fixture.index.snapshot(ALICE).unwrap();
    let found = snapshot.find(Scope::Account, &Question::HasAttachment).unwrap();
    assert!(found[&fixture.inbox(ALICE)].contains(uid));
}

#[test]
fn another_account_is_never_found() {
    let fixture = Fixture::new();
    let hers = fixture.append(ALICE, &mail("secret of alice", "x"));
    let his = fixture.append(BOB, &mail("secret of bob", "x"));
    assert_eq!(fixture.found(ALICE, Part::Text, "secret"), [hers]);
    assert_eq!(fixture.found(ALICE, Part::Text, "bob"), Vec::<Uid>::new());
    assert_eq!(fixture.found(BOB, Part::Text, "secret"), [his]);
    let snapshot = fixture.index.snapshot(ALICE).unwrap();
    let newest = snapshot.newest([(fixture.inbox(BOB), UidSet::from_iter([(1, Uid::MAX)]))].into(), 10).unwrap();
    let newest = newest.into_sorted();
    assert!(newest.iter().all(|message| message.uid == hers) && newest.len() <= 1, "{newest:?}");
}

#[test]
fn what_goes_and_moves_is_followed() {
    let fixture = Fixture::new();
    let uid = fixture.append(ALICE, &mail("zebra", "x"));
    let other = fixture.append(ALICE, &mail("zebra", "y"));
    assert_eq!(fixture.found(ALICE, Part::Text, "zebra"), [uid, other]);
    let inbox = fixture.inbox(ALICE);
    fixture.run(move |tx| tx.expunge(ALICE, inbox, &UidSet::from_iter([(other, other)]), 1));
    let archive = fixture.store.mailbox_by_role(ALICE, Role::Archive).unwrap().id;
    fixture.run(move |tx| tx.move_messages(ALICE, inbox, &UidSet::from_iter([(uid, uid)]), archive, 2));
    assert_eq!(fixture.found(ALICE, Part::Text, "zebra"), [1]);
    let snapshot = fixture.index.snapshot(ALICE).unwrap();
    let question = Question::Words(Part::Text, Needle::new("zebra").unwrap());
    assert_eq!(snapshot.find(Scope::Account, &question).unwrap().keys().collect::<Vec<_>>(), [&archive]);
    fixture.run(|tx| tx.account_remove(ALICE));
    fixture.append(BOB, &mail("zebra", "z"));
    assert_eq!(fixture.status().messages, 1);
}

#[test]
fn what_is_missing_is_named() {
    let fixture = Fixture::new();
    fixture.append(ALICE, &mail("one", "x"));
    fixture.status();
    let before = fixture.index.snapshot(ALICE).unwrap();
    let uid = fixture.append(ALICE, &mail("two", "x"));
    let inbox = fixture.inbox(ALICE);
    let view = fixture.store.view(ALICE, inbox).unwrap();
    assert_eq!(before.missing(inbox, &view.uids).unwrap(), UidSet::from_iter([(uid, uid)]));
    fixture.status();
    let after = fixture.index.snapshot(ALICE).unwrap();
    assert!(after.missing(inbox, &view.uids).unwrap().is_empty());
}

#[test]
fn it_goes_on_where_it_was() {
    let mut fixture = Fixture::new();
    let first = fixture.append(ALICE, &mail("kept", "x"));
    assert_eq!(fixture.status().messages, 1);
    fixture.index.close();
    let second = fixture.append(ALICE, &mail("kept", "y"));
    fixture.reopen_after(|_| {});
    assert_eq!(fixture.found(ALICE, Part::Text, "kept"), [first, second]);
    assert_eq!(fixture.status().messages, 2);
    assert_eq!(fixture.status().set_aside, None);
}

#[test]
fn a_store_put_back_to_an_earlier_state_is_indexed_anew() {
    let fixture = Fixture::new();
    for number in 0..5 {
        fixture.append(ALICE, &mail(&format!("former{number}"), "x"));
    }
    assert_eq!(fixture.status().messages, 5);
    fixture.index.close();
    // Another past under the same numbers.
    let other = Fixture::new();
    let uid = other.append(ALICE, &mail("other", "x"));
    let options = Options { heap_bytes: 16 << 20, is_gentle: false };
    let index = Index::open(&fixture.index_dir(), &other.store, options).unwrap();
    index.start().unwrap();
    let other = Fixture { index, ..other };
    assert_eq!(other.found(ALICE, Part::Text, "former"), Vec::<Uid>::new());
    assert_eq!(other.found(ALICE, Part::Text, "other"), [uid]);
    assert_eq!(other.status().messages, 1);
}

#[test]
fn a_history_that_was_cut_is_made_good() {
    let mut fixture = Fixture::new();
    let uid = fixture.append(ALICE, &mail("marked", "x"));
    fixture.status();
    fixture.index.close();
    let inbox = fixture.inbox(ALICE);
    let gone = fixture.append(ALICE, &mail("marked", "y"));
    let last = fixture.append(ALICE, &mail("marked", "z"));
    fixture.run(move |tx| tx.expunge(ALICE, inbox, &UidSet::from_iter([(gone, gone), (uid, uid)]), 1));
    // One entry of the history each, until those above are not in it any more.
    wait(async {
        let mut marks = tokio::task::JoinSet::new();
        for number in 0..store::change::HISTORY_ENTRIES_MAX + 300 {
            let change = if number % 2 == 0 { store::FlagChange::Add } else { store::FlagChange::Remove };
            let store = fixture.store.clone();
            marks.spawn(async move {
                let flags = Flags::system(Flags::FLAGGED);
                let set = UidSet::from_iter([(last, last)]);
                let work = move |tx: &mut Tx<'_>| tx.flags_change(ALICE, inbox, &set, change, &flags, None).map(drop);
                store.commit::<_, Error, _>(Vec::new(), work).await.unwrap();
            });
        }
        marks.join_all().await;
    });
    fixture.reopen_after(|_| {});
    assert_eq!(fixture.found(ALICE, Part::Text, "marked"), [last]);
    assert_eq!(fixture.status().messages, 1);
}

#[test]
fn a_rebuilt_index_equals_the_original() {
    let fixture = Fixture::new();
    for number in 0..50 {
        fixture.append(ALICE, &mail(&format!("number{number} even{}", number % 2), "text"));
    }
    let asked = ["even0", "even1", "number7", "text", "juergen"];
    let before: Vec<_> = asked.iter().map(|text| fixture.found(ALICE, Part::Text, text)).collect();
    fixture.index.rebuild();
    let after: Vec<_> = asked.iter().map(|text| fixture.found(ALICE, Part::Text, text)).collect();
    assert_eq!(before, after);
    assert_eq!(fixture.status().messages, 50);
}

#[test]
fn a_damaged_index_is_set_aside() {
    let mut fixture = Fixture::new();
    let uid = fixture.append(ALICE, &mail("sound", "x"));
    fixture.status();
    // As after a kill, and with bytes that nobody wrote.
    fixture.reopen_after(|dir| {
        std::fs::remove_file(dir.join("clean")).unwrap();
        let shards = (0..4).map(|number| dir.join(format!("shard-{number}")));
        let files = shards.flat_map(|shard| std::fs::read_dir(shard).unwrap()).map(|entry| entry.unwrap().path());
        let mut garbled = 0;
        for path in files.filter(|path| path.extension().is_some_and(|ending| ending == "idx" || ending == "term")) {
            let mut bytes = std::fs::read(&path).unwrap();
            bytes.iter_mut().take(40).for_each(|byte| *byte ^= 0x55);
            std::fs::write(&path, bytes).unwrap();
            garbled += 1;
        }
        assert!(garbled > 0);
    });
    assert_eq!(fixture.found(ALICE, Part::Text, "sound"), [uid]);
    assert!(fixture.status().set_aside.is_some());
    assert!(fixture.folder.path().join("search.damaged").exists());
    // And with no meta at all.
    fixture.reopen_after(|dir| std::fs::write(dir.join("shard-1").join("meta.json"), "{").unwrap());
    assert_eq!(fixture.found(ALICE, Part::Text, "sound"), [uid]);
    assert!(fixture.status().set_aside.is_some());
}
