//! File systems for tests. They need root; where they cannot be had this says so, and the test that asked passes without having tested.

use super::*;
use std::{
    io::Write as _,
    process::{Command, Output},
};

/// Set in a process that runs one test within a name space of its own.
const INSIDE: &str = "STORE_TEST_INSIDE";

/// A mounted file system. It goes away with this.
pub(crate) struct Mount {
    pub(crate) dir: TempDir,
}

impl Mount {
    /// A file system in memory.
    pub(crate) fn memory(bytes: u64) -> Result<Self, String> {
        Self::at(&["-t", "tmpfs", "-o", &format!("size={bytes}"), "none"])
    }

    /// The file system in an image, on a loop device.
    pub(crate) fn image(image: &Path) -> Result<Self, String> {
        Self::at(&["-t", "ext4", "-o", "loop", image.to_str().unwrap()])
    }

    fn at(arguments: &[&str]) -> Result<Self, String> {
        let dir = TempDir::new().unwrap();
        run(Command::new("mount").args(arguments).arg(dir.path()))?;
        Ok(Self { dir })
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily, for a test that failed may have a file open still.
        if let Err(error) = run(Command::new("umount").arg("--lazy").arg(self.dir.path())) {
            say(&error);
        }
    }
}

/// Runs a command that is to succeed.
///
/// # Errors
/// What it said.
pub(crate) fn run(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    Err(format!("{command:?}: {} {}", output.status, String::from_utf8_lossy(&output.stderr).trim()))
}

/// Says something in spite of the capture of the output of tests.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "\n*** {text}\n");
}

/// Says that a test did not test anything.
pub(crate) fn say_skipped(test: &str, why: &str) {
    say(&format!("{test} WAS NOT RUN: {why}"));
}

/// Runs `work` with a file system in memory: here, or, without root, in a process with name spaces of its own.
pub(crate) fn with_memory(test: &str, bytes: u64, work: impl FnOnce(&Mount)) {
    match Mount::memory(bytes) {
        Ok(mount) => work(&mount),
        Err(error) if std::env::var_os(INSIDE).is_some() => panic!("{error}"),
        Err(error) => {
            let probe = run(Command::new("unshare").args(["--user", "--map-root-user", "--mount", "true"]));
            if let Err(also) = probe {
                return say_skipped(test, &format!("{error}; {also}"));
            }
            let mut command = Command::new("unshare");
            command.args(["--user", "--map-root-user", "--mount"]).arg(std::env::current_exe().unwrap());
            command.args([test, "--exact", "--nocapture"]).env(INSIDE, "1");
            if let Err(error) = run(&mut command) {
                panic!("{error}");
            }
        }
    }
}
