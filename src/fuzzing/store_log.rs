//! The log of a store, with whatever the disk made of it.

use crate::place::folder;
use std::{fs, path::Path};
use store::{AccountId, BodyId, Engine, Options, Store, UidSet};

const STORE: u128 = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef;
/// Bytes of a segment; the least that there is sense in.
const SEGMENT_BYTES: usize = 64 * 1024;

/// Opening gives a store or an error and harms nothing: a store that opened takes a commit and has it after the next start.
///
/// The first byte chooses the engine, and whether what follows is the log as it stands or is made into records whose
/// checksums are right, for what a checksum cannot tell.
pub fn check(data: &[u8]) {
    let [first, rest @ ..] = data else { return };
    let folder = folder();
    let dir = folder.path();
    let log = if first & 2 == 0 { rest.to_vec() } else { records(rest) };
    write(dir, &log[..log.len().min(SEGMENT_BYTES)]);
    let engine = if first & 1 == 0 { Engine::Redb } else { Engine::Sled };
    let options = Options { engine, cache_bytes: 1 << 20, segment_bytes: SEGMENT_BYTES as u64, ..Options::default() };
    let Ok((store, _)) = Store::open(dir, &options) else { return };
    read(&store);
    let account = AccountId(1 << 40);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("makes a runtime");
    let made = runtime.block_on(store.commit(Vec::new(), move |tx| tx.account_create(account)));
    runtime.block_on(store.close());
    drop(store);
    let (store, recovery) = Store::open(dir, &options).expect("what opened once and was closed opens again");
    assert_eq!(recovery.discarded, None, "what was damaged has been set aside");
    if made.is_ok() {
        assert!(store.mailbox_by_name(account, "inbox").is_ok(), "an acknowledged commit is there");
    }
    runtime.block_on(store.close());
}

/// Reads what stands in odd rows: they are told to be damaged, or taken for what they say.
fn read(store: &Store) {
    for account in [AccountId(0), AccountId(1)] {
        let _ = store.usage(account);
        let Ok(mailboxes) = store.mailboxes(account) else { continue };
        for mailbox in mailboxes {
            let _ = store.view(account, mailbox.id);
            let all = UidSet::from_iter([(1, u32::MAX)]);
            let _ = store.messages(account, mailbox.id, &all, &mut |message| {
                let _ = store.body(message.body);
                std::ops::ControlFlow::Continue(())
            });
        }
        let _ = store.vault(account, 10);
    }
    let _ = (store.body(BodyId([0; 32])), store.stats(), store.spool_len());
}

/// A store with one segment and no index.
fn write(dir: &Path, records: &[u8]) {
    fs::write(dir.join("format"), format!("gatepost store 1\n{STORE:032x}\n")).expect("writes");
    let mut segment = b"GATEPOST".to_vec();
    segment.extend_from_slice(&1u32.to_le_bytes());
    segment.extend_from_slice(&1u32.to_le_bytes());
    segment.extend_from_slice(&STORE.to_be_bytes());
    segment.extend_from_slice(&0u64.to_le_bytes());
    segment.extend_from_slice(&crc32fast::hash(&segment).to_le_bytes());
    segment.resize(64, 0);
    segment.extend_from_slice(records);
    segment.resize(SEGMENT_BYTES.max(segment.len()), 0);
    fs::create_dir(dir.join("log")).expect("makes a folder");
    fs::write(dir.join("log/00000001.seg"), segment).expect("writes");
}

/// Records out of made-up bytes: kind, how far the number is from the next one, length, payload. Bodies get a true checksum
/// too, and the first 32 bytes of a body are its name.
fn records(mut data: &[u8]) -> Vec<u8> {
    let mut log = Vec::new();
    let mut number = 0u64;
    while let [kind, jump, low, high, rest @ ..] = data {
        let length = usize::from(u16::from_le_bytes([*low, *high]) & 0x0fff).min(rest.len());
        let (payload, rest) = rest.split_at(length);
        data = rest;
        let kind = match kind % 8 {
            0..=3 => 2,
            4..=5 => 1,
            6 => 3,
            _ => *kind,
        };
        // Mostly the number that is due: of a seal the last, of others the next.
        let due = if kind == 3 { number } else { number + 1 };
        let given = if *jump < 0xf0 { due } else { number.wrapping_add(u64::from(jump & 0x0f)) };
        let mut header = vec![b'G', b'P', kind, 1];
        header.extend_from_slice(&u32::try_from(length).expect("is short").to_le_bytes());
        header.extend_from_slice(&given.to_le_bytes());
        header.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
        let crc = crc32fast::hash(&header);
        log.extend_from_slice(&header);
        log.extend_from_slice(&crc.to_le_bytes());
        log.extend_from_slice(payload);
        if kind == 2 {
            number = given;
        }
    }
    log
}
