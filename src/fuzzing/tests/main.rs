//! The seeds of `fuzz/seeds`, as they are and broken, through every door.

use std::{
    fs,
    path::{Path, PathBuf},
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("reads").path()).collect();
    files.sort();
    files
}

/// Broken copies of a seed: cut off, with a byte changed, with a part twice. The same ones each time.
fn broken(seed: &[u8], copies: usize) -> Vec<Vec<u8>> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64 ^ seed.len() as u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).expect("is 31 bits") % below.max(1)
    };
    let odd = [0, b'\r', b'\n', b' ', b'"', b'<', b'{', 0x7f, 0x80, 0xff];
    let mut all = Vec::new();
    for _ in 0..copies {
        let mut copy = seed.to_vec();
        match next(3) {
            0 => copy.truncate(next(seed.len())),
            1 if !copy.is_empty() => {
                let at = next(copy.len());
                copy[at] = odd[next(odd.len())];
            }
            _ => {
                let (from, to) = (next(seed.len()), next(seed.len()));
                copy.extend_from_slice(&seed[from.min(to)..from.max(to)]);
            }
        }
        all.push(copy);
    }
    all
}

/// Slow doors get fewer broken copies.
fn copies(name: &str) -> usize {
    match name {
        "store_log" => 2,
        "html" | "mail_message" => 10,
        name if name.ends_with("_session") => 5,
        _ => 100,
    }
}

fn replay(name: &str) {
    let (_, check) = fuzzing::TARGETS.into_iter().find(|(known, _)| *known == name).expect("is a target");
    let seeds = files(&Path::new(ROOT).join("fuzz/seeds").join(name));
    assert!(!seeds.is_empty());
    for path in seeds {
        let seed = fs::read(&path).expect("reads");
        check(&seed);
        broken(&seed, copies(name)).iter().for_each(|copy| check(copy));
    }
}

macro_rules! replays {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            replay(stringify!($name));
        })*

        #[test]
        fn every_door_has_its_target_seeds_and_replay() {
            let names: Vec<&str> = fuzzing::TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
            let stems = |folder: &str| -> Vec<String> {
                let stem = |path: PathBuf| path.file_stem().expect("has a name").to_string_lossy().into_owned();
                files(&Path::new(ROOT).join(folder)).into_iter().map(stem).collect()
            };
            assert_eq!(stems("fuzz/targets"), names);
            assert_eq!(stems("fuzz/seeds"), names);
            let manifest = fs::read_to_string(Path::new(ROOT).join("fuzz/Cargo.toml")).expect("reads");
            for name in names {
                assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml lacks {name}");
            }
        }
    };
}

replays! {
    config_file
    html
    imap_command
    imap_session
    mail_message
    mail_words
    pop3_command
    pop3_session
    smtp_session
    store_log
}
