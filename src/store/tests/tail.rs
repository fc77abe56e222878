//! A torn or garbled end of the log: exactly the valid prefix is kept, and the rest is reported and set aside. Damage in a part
//! that was sealed is an error that says where.

use super::{index::copy, *};
use std::ops::Range;

on_both_engines!(
    a_torn_end_is_cut_at_the_last_whole_commit,
    a_shortened_file_is_cut_at_the_last_whole_commit,
    garbage_after_the_end_is_set_aside,
    a_garbled_record_ends_the_log,
    a_segment_without_its_beginning_is_begun_again,
    a_log_that_ends_with_a_sealed_segment_goes_on_in_the_next,
    damage_in_a_sealed_segment_is_told,
);

const COMMITS: usize = 8;
const HEAD: &str = "log/00000001.seg";

/// A record as it lies in a segment: what it is, its commit, where.
#[derive(Debug, Clone)]
struct Record {
    kind: u8,
    number: u64,
    place: Range<usize>,
}

/// The records of a segment, read by the description of the format alone.
fn records(segment: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    let mut at = 64;
    while segment.get(at..at + 2) == Some(b"GP".as_slice()) {
        let length = u32::from_le_bytes(segment[at + 4..at + 8].try_into().unwrap()) as usize;
        let number = u64::from_le_bytes(segment[at + 8..at + 16].try_into().unwrap());
        records.push(Record { kind: segment[at + 2], number, place: at..at + 24 + length });
        at += 24 + length;
    }
    records
}

/// A row of the index.
type Row = (store::backend::Tree, Vec<u8>, Vec<u8>);

/// A log, and what the store held after each of its commits.
struct Log {
    engine: Engine,
    format: Vec<u8>,
    segment: Vec<u8>,
    states: Vec<Vec<Row>>,
}

impl Log {
    fn new(engine: Engine) -> Self {
        let store = Fixture::with(Options { segment_bytes: 128 << 10, ..options(engine) });
        let mut states = vec![sound::dump(&store)];
        store.run(|tx| tx.account_create(ALICE));
        states.push(sound::dump(&store));
        while states.len() <= COMMITS {
            store.append(ALICE, Role::Inbox, &mail("Hello", &states.len().to_string(), ""));
            states.push(sound::dump(&store));
        }
        let (folder, _) = store.close();
        let read = |name| std::fs::read(folder.path().join(name)).unwrap();
        Self { engine, format: read("format"), segment: read(HEAD), states }
    }

    fn records(&self) -> Vec<Record> {
        records(&self.segment)
    }

    fn end(&self) -> usize {
        self.records().last().unwrap().place.end
    }

    /// Opens a store that has this segment for its log; what it holds must be that of commit `number`. Then it goes on.
    fn check(&self, segment: &[u8], number: usize) -> Recovery {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("log")).unwrap();
        std::fs::write(folder.path().join("format"), &self.format).unwrap();
        std::fs::write(folder.path().join(HEAD), segment).unwrap();
        let options = options(self.engine);
        let (store, recovery) = Store::open(folder.path(), &options).unwrap();
        let store = Fixture { store, options, folder };
        assert_eq!(recovery.replayed, number as u64);
        assert_eq!(store.stats().unwrap().last_commit, number as u64);
        assert!(sound::dump(&store) == self.states[number], "it holds what it held after commit {number}");
        if number > 0 {
            store.append(ALICE, Role::Inbox, b"the log goes on");
        } else {
            store.run(|tx| tx.account_create(ALICE));
        }
        let after = sound::dump(&store);
        let (store, second) = store.reopen();
        assert_eq!((second.discarded, second.rebuilt), (None, None));
        assert!(sound::dump(&store) == after);
        recovery
    }
}

/// Offsets at which a write may end early: in headers, in payloads, and between.
fn cuts(records: &[Record]) -> Vec<(usize, usize)> {
    let mut cuts = Vec::new();
    for record in records.iter().rev().take(3) {
        // All that lies before the end of a commit's own record counts for the commit before it.
        let before = record.number as usize - 1;
        let Range { start, end } = record.place;
        for at in [start, start + 1, start + 23, start + 24, (start + end) / 2, end - 1] {
            cuts.push((at, before));
        }
    }
    cuts
}

fn a_torn_end_is_cut_at_the_last_whole_commit(engine: Engine) {
    let log = Log::new(engine);
    let records = log.records();
    assert_eq!(log.check(&log.segment, COMMITS).discarded, None);
    for (at, commit) in cuts(&records) {
        let mut segment = log.segment.clone();
        segment[at..].fill(0);
        let recovery = log.check(&segment, commit);
        let from = records.iter().rfind(|r| r.kind == 2 && r.number as usize == commit).unwrap().place.end;
        assert_eq!(recovery.discarded.is_none(), segment[from..].iter().all(|&byte| byte == 0), "{at}");
    }
}

fn a_shortened_file_is_cut_at_the_last_whole_commit(engine: Engine) {
    let log = Log::new(engine);
    for (at, commit) in cuts(&log.records()) {
        log.check(&log.segment[..at], commit);
    }
}

fn garbage_after_the_end_is_set_aside(engine: Engine) {
    let log = Log::new(engine);
    let end = log.end();
    for length in [1, 24, 4096] {
        let mut segment = log.segment.clone();
        segment[end..end + length].copy_from_slice(&noise(length as u64, length));
        segment[end + length - 1] |= 1;
        let told = log.check(&segment, COMMITS).discarded.unwrap();
        let wanted = format!("{length} bytes after offset {end} of log/00000001.seg are not a whole record");
        assert!(told.starts_with(&wanted), "{told}");
        assert!(told.ends_with(&format!("log/00000001.damaged-{end} and hold 0 sound records, 0 of them commits")));
    }
    // A sound record that does not follow: the first commit once more.
    let first = log.records().into_iter().find(|record| record.kind == 2).unwrap();
    let mut segment = log.segment.clone();
    segment.copy_within(first.place, end);
    let told = log.check(&segment, COMMITS).discarded.unwrap();
    assert!(told.ends_with("hold 1 sound records, 1 of them commits"), "{told}");
}

fn a_garbled_record_ends_the_log(engine: Engine) {
    let log = Log::new(engine);
    let records = log.records();
    for number in [COMMITS, COMMITS / 2] {
        let commit = records.iter().rfind(|r| r.kind == 2 && r.number as usize == number).unwrap();
        let body = records.iter().rfind(|r| r.kind == 1 && r.number as usize == number).unwrap();
        // Mark, length, number and checksum in the header; the payload; the same of its body.
        for at in [0, 4, 8, 16, 24, 40].map(|n| commit.place.start + n).into_iter().chain([body.place.start + 50]) {
            let mut segment = log.segment.clone();
            segment[at] ^= 0x40;
            let told = log.check(&segment, number - 1).discarded.unwrap();
            // Bodies and commits behind it are sound; nobody can tell what they were worth.
            let after = COMMITS - number;
            let sound = 2 * after + 1;
            assert!(
                told.ends_with(&format!("hold {sound} sound records, {after} of them commits"))
                    || told.ends_with(&format!("hold {sound} sound records, {} of them commits", after + 1)),
                "{at}: {told}"
            );
        }
    }
}

fn a_segment_without_its_beginning_is_begun_again(engine: Engine) {
    let log = Log::new(engine);
    // It was made, and the power went before anything was written.
    log.check(&vec![0; log.segment.len()], 0);
}

/// The process was killed between sealing a segment and beginning the next one. Later the index is found as it was then.
fn a_log_that_ends_with_a_sealed_segment_goes_on_in_the_next(engine: Engine) {
    let store = Fixture::with(Options { segment_bytes: 64 << 10, ..options(engine) });
    store.run(|tx| tx.account_create(ALICE));
    let second = store.folder.path().join("log/00000002.seg");
    for seed in 0.. {
        store.append(ALICE, Role::Inbox, &noise(seed, 5_000));
        if second.exists() {
            break;
        }
    }
    let (folder, options) = store.close();
    std::fs::remove_file(&second).unwrap();
    std::fs::remove_dir_all(folder.path().join("index")).unwrap();
    let last = records(&std::fs::read(folder.path().join(HEAD)).unwrap()).pop().unwrap();
    assert_eq!(last.kind, 3, "it ends with its seal");

    let (store, recovery) = Store::open(folder.path(), &options).unwrap();
    assert_eq!((recovery.replayed, recovery.discarded), (last.number, None));
    let then = TempDir::new().unwrap();
    let (store, _) = Fixture { store, options, folder }.reopen_after(|dir| copy(&dir.join("index"), then.path()));
    store.append(ALICE, Role::Inbox, b"the log goes on");
    let after = sound::dump(&store);
    let (store, recovery) = store.reopen_after(|dir| {
        std::fs::remove_dir_all(dir.join("index")).unwrap();
        copy(then.path(), &dir.join("index"));
    });
    assert_eq!((recovery.replayed, recovery.rebuilt), (1, None));
    assert!(sound::dump(&store) == after);
}

fn damage_in_a_sealed_segment_is_told(engine: Engine) {
    let store = Fixture::with(Options { segment_bytes: 64 << 10, ..options(engine) });
    store.run(|tx| tx.account_create(ALICE));
    for seed in 0..40 {
        store.append(ALICE, Role::Inbox, &noise(seed, 5_000));
    }
    let before = sound::dump(&store);
    let (folder, options) = store.close();
    let path = folder.path().join("log/00000002.seg");
    let sound_bytes = std::fs::read(&path).unwrap();
    let commit = records(&sound_bytes).into_iter().find(|record| record.kind == 2).unwrap();
    let mut segment = sound_bytes.clone();
    segment[commit.place.end - 1] ^= 1;
    std::fs::write(&path, segment).unwrap();

    // The index needs nothing of it, so mail goes on; verifying finds it.
    let (store, recovery) = Store::open(folder.path(), &options).unwrap();
    assert_eq!((recovery.replayed, recovery.discarded), (0, None));
    let problems = store.verify(&mut |_| {}).unwrap().problems;
    let place = format!("log/00000002.seg at offset {}: the checksum of a commit", commit.place.start);
    assert_eq!(problems, [place]);
    wait(store.close());

    // A rebuild needs it, and does not pass over it in silence.
    std::fs::remove_dir_all(folder.path().join("index")).unwrap();
    let error = Store::open(folder.path(), &options).err().unwrap();
    assert!(matches!(error, Error::Damaged(_)));
    let text = error.to_string();
    assert!(text.contains("00000002.seg") && text.contains(&commit.place.start.to_string()), "{text}");

    std::fs::write(&path, sound_bytes).unwrap();
    let (store, _) = Store::open(folder.path(), &options).unwrap();
    assert!(sound::dump(&store) == before);
}
