//! The rules of this repository that a machine can hold.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Every file below a folder with one of these endings.
fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(ROOT).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("reads the folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if endings.iter().any(|ending| path.extension().is_some_and(|e| e == *ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no {endings:?} in {folder}");
    found
}

fn read(path: impl AsRef<Path>) -> String {
    let path = Path::new(ROOT).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The floors of the code map in ARCHITECTURE.md.
fn floors() -> BTreeMap<String, u32> {
    let map = read("ARCHITECTURE.md");
    let rows = map.lines().filter_map(|line| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let (floor, name) = (cells.next()?, cells.next()?);
        let name = name.strip_prefix('`')?.strip_suffix('`')?;
        let floor = if floor == "dev" { u32::MAX } else { floor.parse().ok()? };
        Some((name.to_owned(), floor))
    });
    rows.collect()
}

/// Names under a table of a Cargo.toml.
fn dependencies(manifest: &str, table: &str) -> Vec<String> {
    let lines = manifest.lines().skip_while(|line| *line != format!("[{table}]")).skip(1);
    let names = lines.take_while(|line| !line.starts_with('[')).filter_map(|line| line.split(['.', ' ', '=']).next());
    names.filter(|name| !name.is_empty() && !name.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn crates_import_from_lower_floors_only() {
    let floors = floors();
    let crates: BTreeSet<String> = fs::read_dir(Path::new(ROOT).join("src"))
        .expect("reads src")
        .filter_map(|entry| {
            let entry = entry.expect("reads src");
            entry.path().is_dir().then(|| entry.file_name().to_string_lossy().into_owned())
        })
        .collect();
    assert_eq!(crates, floors.keys().cloned().collect(), "ARCHITECTURE.md lists the crates that there are");
    for name in &crates {
        let manifest = read(format!("src/{name}/Cargo.toml"));
        for dependency in dependencies(&manifest, "dependencies") {
            if let Some(floor) = floors.get(&dependency) {
                assert!(floor < &floors[name], "{name} is not above {dependency}");
            }
        }
    }
}

#[test]
fn crates_open_with_what_they_are() {
    for name in floors().keys() {
        let lib = read(format!("src/{name}/lib.rs"));
        for part in ["//! Layout: ", "//! Invariants: "] {
            assert!(lib.contains(part), "src/{name}/lib.rs lacks {part:?}");
        }
    }
}

#[test]
fn only_the_store_names_an_index_engine() {
    for path in files("src", &["rs"]) {
        let inside = path.strip_prefix(ROOT).expect("is below the root");
        if inside.starts_with("src/store") {
            continue;
        }
        let text = read(inside);
        for engine in ["sled::", "redb::"] {
            assert!(!text.contains(engine), "{} names {engine}", inside.display());
        }
    }
}

#[test]
fn nothing_is_left_for_later() {
    for path in files("src", &["rs"]).into_iter().chain(files("templates", &["html", "ftl"])) {
        for (number, line) in read(&path).lines().enumerate() {
            for word in ["TODO", "FIXME", "todo!(", "unimplemented!("] {
                assert!(!line.contains(word), "{}:{}: {word}", path.display(), number + 1);
            }
        }
    }
}

/// Messages of a language: name and its arguments.
fn messages(language: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut messages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in files(&format!("templates/locales/{language}"), &["ftl"]) {
        let mut name = None;
        for line in read(&path).lines() {
            let starts = line.starts_with(|c: char| c.is_ascii_alphabetic());
            if let Some((head, _)) = line.split_once(" =").filter(|_| starts) {
                assert!(messages.insert(head.into(), BTreeSet::new()).is_none(), "{}: {head} twice", path.display());
                name = Some(head.to_owned());
            }
            let arguments = line.split('$').skip(1).map(|rest| {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').unwrap_or(rest.len());
                rest[..end].to_owned()
            });
            if let Some(name) = &name {
                messages.get_mut(name).expect("was put").extend(arguments);
            }
        }
    }
    messages
}

#[test]
fn every_language_has_every_message() {
    let languages: Vec<String> = fs::read_dir(Path::new(ROOT).join("templates/locales"))
        .expect("reads the languages")
        .map(|entry| entry.expect("reads the languages").file_name().to_string_lossy().into_owned())
        .collect();
    let english = messages("en");
    for language in languages {
        let own = messages(&language);
        let missing: Vec<_> = english.keys().filter(|key| !own.contains_key(*key)).collect();
        let more: Vec<_> = own.keys().filter(|key| !english.contains_key(*key)).collect();
        assert!(missing.is_empty() && more.is_empty(), "{language} lacks {missing:?} and alone has {more:?}");
        for (key, arguments) in &english {
            assert_eq!(&own[key], arguments, "{language} uses other arguments in {key}");
        }
    }
}

#[test]
fn every_message_is_used_and_every_one_used_exists() {
    let sources: Vec<String> = files("src", &["rs"])
        .into_iter()
        .chain(files("templates", &["html"]))
        .chain(files("static/js", &["js"]))
        .map(read)
        .collect();
    let all = sources.join("\n");
    // What stands between quotes, up to a brace: names are written whole, or as the start of a name that a value ends, as
    // "state-" for "state-active".
    let quoted: BTreeSet<&str> = all.split('"').map(|text| text.split('{').next().unwrap_or(text)).collect();
    let english = messages("en");
    let used = |key: &str| quoted.contains(key) || key.rmatch_indices('-').any(|(at, _)| quoted.contains(&key[..=at]));
    let unused: Vec<_> = english.keys().filter(|key| !used(key)).collect();
    assert!(unused.is_empty(), "not used: {unused:?}");
    let mut missing = BTreeSet::new();
    for call in [".t(\"", ".t1(\"", ".t2(\""] {
        for rest in all.split(call).skip(1) {
            let key = rest.split('"').next().unwrap_or_default();
            if !english.contains_key(key) && !key.ends_with('-') {
                missing.insert(key.to_owned());
            }
        }
    }
    assert!(missing.is_empty(), "used and not there: {missing:?}");
}

#[test]
fn vendored_files_are_as_they_were_published() {
    for folder in ["static/vendor", "src/testkit/vendor"] {
        let table = read(format!("{folder}/README.md"));
        let mut listed = BTreeSet::new();
        for line in table.lines().filter(|line| line.starts_with("| ") && line.contains(".js |")) {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let output = Command::new("sha256sum").arg(Path::new(ROOT).join(folder).join(cells[1])).output();
            let hash = String::from_utf8(output.expect("runs").stdout).expect("is text");
            assert_eq!(hash.split(' ').next(), Some(cells[4]), "{folder}/{}", cells[1]);
            listed.insert(cells[1].to_owned());
        }
        for path in files(folder, &["js"]) {
            let name = path.file_name().expect("has a name").to_string_lossy().into_owned();
            assert!(listed.contains(&name), "{folder}/README.md does not list {name}");
        }
    }
}

#[test]
fn the_paths_that_documents_name_are_there() {
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = read(document);
        let named = text
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|code| ["src/", "templates/", "static/", "docs/"].iter().any(|start| code.starts_with(start)));
        for path in named {
            assert!(Path::new(ROOT).join(path).exists(), "{document} names {path}, which is not there");
        }
    }
}

#[test]
fn what_the_documents_link_to_is_there() {
    let mut documents = files("docs", &["md"]);
    documents.extend(
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]
            .map(|name| Path::new(ROOT).join(name)),
    );
    for document in documents {
        let folder = document.parent().expect("has a folder");
        for rest in read(&document).split("](").skip(1) {
            let target = rest.split([')', '#']).next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") {
                assert!(folder.join(target).exists(), "{} links to {target}, which is not there", document.display());
            }
        }
    }
}
