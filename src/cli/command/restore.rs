//! `gatepost restore`

use crate::{
    args::Global,
    compose, output,
    progress::{Shown, Unit},
};
use anyhow::{Context as _, bail, ensure};
use config::Settings;
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
};
use store::{Store, Verified};

/// Make a server out of a backup, in a new folder; every byte is verified
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  gatepost restore --from /backup/monday --dir /var/lib/gatepost\n\nThe new folder appears only when all of it has been copied and found to be right."
)]
pub(crate) struct Restore {
    /// Folder that gatepost backup has made
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The new folder; empty or not there yet
    #[arg(long, value_name = "NEW")]
    dir: PathBuf,
}

impl Restore {
    pub(crate) fn run(self, global: &Global) -> anyhow::Result<()> {
        ensure!(
            self.from.join("store/format").exists() && self.from.join("gatepost.toml").exists(),
            "{} is not a whole backup: name a folder that gatepost backup has made",
            self.from.display()
        );
        let occupied =
            self.dir.exists() && fs::read_dir(&self.dir).map_or(true, |mut entries| entries.next().is_some());
        ensure!(!occupied, "{} is not empty: name a new folder", self.dir.display());
        let target = std::path::absolute(&self.dir)?;
        let partial = partial(&target)?;
        let _ = fs::remove_dir_all(&partial);
        let (verified, settings) = match fill(&self.from, &partial) {
            Ok(done) => done,
            Err(error) => {
                let _ = fs::remove_dir_all(&partial);
                return Err(error);
            }
        };
        // An empty folder of that name is replaced.
        fs::rename(&partial, &target).with_context(|| format!("cannot make {}", target.display()))?;
        fs::File::open(target.parent().unwrap_or(Path::new("/")))?.sync_all()?;
        let file = target.join("gatepost.toml");
        let elsewhere = elsewhere(&settings, &target);
        let value = json!({
            "dir": target, "config": file, "commits": verified.commits, "messages": verified.bodies,
            "bytes": verified.bytes, "check": elsewhere,
        });
        output::show(global, &value, |_| {
            let mut text = format!(
                "restored to {}: {} messages, {} commits, all verified\n",
                target.display(),
                verified.bodies,
                verified.commits
            );
            for path in &elsewhere {
                text += &format!(
                    "{path} is named by the configuration and is not here; its copy is in {}\n",
                    target.join("files").display()
                );
            }
            text + &format!("Start it: gatepost serve --config {}", file.display())
        });
        Ok(())
    }
}

fn partial(target: &Path) -> anyhow::Result<PathBuf> {
    let name = target.file_name().with_context(|| format!("{} cannot be made: name a new folder", target.display()))?;
    let mut name = name.to_owned();
    name.push(".partial");
    Ok(target.with_file_name(name))
}

/// Copies, opens what was copied and reads all of it.
fn fill(from: &Path, to: &Path) -> anyhow::Result<(Verified, Settings)> {
    compose::make_private(to)?;
    copy(from, to)?;
    let file = to.join("gatepost.toml");
    let text = fs::read_to_string(&file)?;
    fs::write(&file, here(&text))?;
    fs::File::open(&file)?.sync_all()?;
    let settings = Settings::load(&file)?;
    let options = compose::store_options(&settings);
    let mut shown = Shown::new("replaying the log", Unit::Commits);
    let (store, recovery) =
        Store::open_showing(&compose::store_dir(&settings), &options, &mut |progress| shown.at(progress))?;
    drop(shown);
    let mut shown = Shown::new("verifying", Unit::Bytes);
    let verified = store.verify(&mut |progress| shown.at(progress));
    // The last one that holds the store closes it.
    drop(store);
    let verified = verified?;
    if let Some(first) = recovery.discarded.as_ref().or(verified.problems.first()) {
        bail!("the backup is damaged ({} problems): {first}; use another one", verified.problems.len().max(1));
    }
    Ok((verified, settings))
}

/// The configuration with its data beside it, wherever they were.
fn here(text: &str) -> String {
    let mut top = true;
    let lines = text.lines().map(|line| {
        top &= !line.trim_start().starts_with('[');
        if top && line.trim_start().strip_prefix("data_dir").is_some_and(|rest| rest.trim_start().starts_with('=')) {
            "data_dir = \".\""
        } else {
            line
        }
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// Files that the configuration names and that are not on this machine.
fn elsewhere(settings: &Settings, target: &Path) -> Vec<String> {
    let smarthost = settings.queue.smarthost.as_ref().and_then(|smarthost| smarthost.password_file.as_ref());
    let named = [settings.tls.certificate.as_ref(), settings.tls.key.as_ref(), smarthost];
    // Relative names were read beside the folder's temporary name.
    let missing = |path: &&PathBuf| !path.exists() && path.file_name().is_none_or(|name| !target.join(name).exists());
    named.into_iter().flatten().filter(missing).map(|path| path.display().to_string()).collect()
}

/// Copies a folder. Nothing is shared with the backup, so that neither can spoil the other.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            fs::create_dir(&target)?;
            copy(&source, &target)?;
        } else if kind.is_file() {
            fs::copy(&source, &target).with_context(|| format!("cannot copy {}", source.display()))?;
            fs::File::open(&target)?.sync_all()?;
        }
    }
    fs::File::open(to)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::here;

    #[test]
    fn only_the_data_folder_of_the_configuration_changes() {
        let text = "hostname = \"a.test\"\ndata_dir = \"/var/lib/gatepost\"\n[log]\ndata_dir = 1\n";
        assert_eq!(here(text), "hostname = \"a.test\"\ndata_dir = \".\"\n[log]\ndata_dir = 1\n");
    }
}
