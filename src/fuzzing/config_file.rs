//! `gatepost.toml`.

use config::Settings;
use std::path::Path;

/// A file is taken, or each fault is told with its line, in words that stay on theirs.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(error) = Settings::parse(text, Path::new("/etc/gatepost/gatepost.toml")) {
        let told = error.to_string();
        assert!(told.lines().all(|line| line.starts_with("/etc/gatepost/gatepost.toml:")), "{told:?}");
        assert!(!told.contains('\r'), "{told:?}");
    }
}
