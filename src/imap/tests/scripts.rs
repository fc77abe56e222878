//! The scripts of Dovecot's imaptest, over TCP.

use crate::{PASSWORD, Server};
use std::{collections::BTreeSet, path::Path};
use testkit::imaptest::{self, Outcome, Script, Target};

/// Capabilities of scripts that are not announced here.
const LACKING: [&str; 4] = ["CONTEXT=SEARCH", "CONTEXT=SORT", "URLAUTH", "URLAUTH=BINARY"];

/// Scripts that ask for what is not kept: routes in addresses (`<@route:user@domain>`), which RFC 5322 calls obsolete and ENVELOPE
/// tells as NIL.
const NOT_KEPT: [&str; 1] = ["fetch-envelope"];

#[tokio::test]
async fn every_script_passes() {
    let server = Server::with_settings(false, |settings| settings.loopback = true).await;
    let target = Target { port: server.listen().await, user: "alice@example.test".into(), password: PASSWORD.into() };
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora/imaptest/tests"));
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("reads the folder").path())
        .filter(|path| path.is_file() && path.extension().is_none())
        .collect();
    paths.sort();
    let (mut failures, mut lacking, mut passed) = (Vec::new(), BTreeSet::new(), 0);
    for path in &paths {
        match imaptest::run(&Script::read(path), &target).await {
            Outcome::Passed(_) => passed += 1,
            Outcome::Lacks(capabilities) => lacking.extend(capabilities),
            Outcome::Failed(why) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if !NOT_KEPT.contains(&name.as_str()) {
                    failures.push(why);
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} of {} failed:\n{}", failures.len(), paths.len(), failures.join("\n"));
    assert!(lacking.iter().all(|name| LACKING.contains(&name.as_str())), "not announced: {lacking:?}");
    assert!(passed >= 63, "{passed} scripts passed");
}
