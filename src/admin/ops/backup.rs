//! A copy from which a server can be brought back: the store, the configuration, and keys and certificates.
//!
//! It is made beside its place, as `DIR.partial`, and renamed when all of it is on disk, so that a folder of the final name is always a
//! whole backup. It has the layout of a data folder.

use crate::{Context, OpError};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// What was backed up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupDone {
    /// Where it is.
    pub dir: PathBuf,
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Copies store, configuration, keys and certificates to a new folder while the server runs.
///
/// # Errors
/// [`OpError::Exists`] for a folder with something in it, [`OpError::Machine`] when something cannot be read or written.
pub async fn backup(context: &Context, dir: &Path) -> Result<BackupDone, OpError> {
    let dir = std::path::absolute(dir)?;
    let partial = partial(&dir)?;
    if occupied(&dir)? {
        return Err(OpError::Exists(format!("{} is not empty: name a new folder", dir.display())));
    }
    let (store, settings, file) = (context.store().clone(), context.settings(), context.config_file.clone());
    let work = move || -> Result<BackupDone, OpError> {
        clear(&partial)?;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&partial)?;
        store.backup(&partial.join("store"), &mut |_| {})?;
        let mut done = BackupDone { dir, files: 0, bytes: 0 };
        done.count(&partial.join("store"))?;
        done.add(&file, &partial.join("gatepost.toml"))?;
        done.add_folder(&settings.data_dir.join("tls"), &partial.join("tls"))?;
        let named = [&settings.tls.certificate, &settings.tls.key];
        let hops = settings.queue.routes.iter().map(|route| &route.hop).chain(&settings.queue.smarthost);
        let smarthost = hops.filter_map(|hop| hop.password_file.as_ref());
        done.add_named(named.into_iter().flatten().chain(smarthost), &partial.join("files"))?;
        File::open(&partial)?.sync_all()?;
        // An empty folder of that name is replaced.
        fs::rename(&partial, &done.dir)?;
        File::open(done.dir.parent().unwrap_or(Path::new("/")))?.sync_all()?;
        Ok(done)
    };
    let done =
        tokio::task::spawn_blocking(work).await.map_err(|error| OpError::Machine(format!("the backup: {error}")))??;
    tracing::info!(dir = %done.dir.display(), files = done.files, bytes = done.bytes, "backup made");
    Ok(done)
}

/// Where the backup is made until it is whole.
fn partial(dir: &Path) -> Result<PathBuf, OpError> {
    let name = dir
        .file_name()
        .ok_or_else(|| OpError::Invalid(format!("{} cannot be a backup: name a new folder", dir.display())))?;
    let mut name = name.to_owned();
    name.push(".partial");
    Ok(dir.with_file_name(name))
}

/// Whether there is something at `dir` that a backup must not replace.
fn occupied(dir: &Path) -> io::Result<bool> {
    match fs::read_dir(dir) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(true),
        Err(error) => Err(error),
    }
}

/// Removes what an interrupted backup left.
fn clear(partial: &Path) -> io::Result<()> {
    match fs::remove_dir_all(partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

impl BackupDone {
    /// Counts the files below a folder.
    fn count(&mut self, dir: &Path) -> io::Result<()> {
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                self.count(&entry.path())?;
            } else {
                self.files += 1;
                self.bytes += metadata.len();
            }
        }
        Ok(())
    }

    /// Copies one file, readable by its owner alone.
    fn add(&mut self, from: &Path, to: &Path) -> Result<(), OpError> {
        let fault = |error: io::Error| OpError::Machine(format!("{}: {error}", from.display()));
        let mut source = File::open(from).map_err(fault)?;
        let mut target = File::options().write(true).create_new(true).mode(0o600).open(to).map_err(fault)?;
        self.bytes += io::copy(&mut source, &mut target).map_err(fault)?;
        target.sync_all().map_err(fault)?;
        self.files += 1;
        Ok(())
    }

    /// Copies the files of a folder that may not be there.
    fn add_folder(&mut self, from: &Path, to: &Path) -> Result<(), OpError> {
        if !from.is_dir() {
            return Ok(());
        }
        fs::create_dir(to)?;
        fs::set_permissions(to, fs::Permissions::from_mode(0o700))?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                self.add(&entry.path(), &to.join(entry.file_name()))?;
            }
        }
        File::open(to)?.sync_all()?;
        Ok(())
    }

    /// Copies files that the configuration names, wherever they are.
    fn add_named<'a>(&mut self, files: impl Iterator<Item = &'a PathBuf>, to: &Path) -> Result<(), OpError> {
        let mut made = false;
        for file in files {
            if !made {
                fs::create_dir(to)?;
                made = true;
            }
            let target = to.join(file.file_name().unwrap_or_default());
            if !target.exists() {
                self.add(file, &target)?;
            }
        }
        if made {
            File::open(to)?.sync_all()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{occupied, partial};
    use std::path::Path;

    #[test]
    fn a_folder_with_something_in_it_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!occupied(&dir.path().join("new")).unwrap());
        assert!(!occupied(dir.path()).unwrap());
        std::fs::write(dir.path().join("mail"), "x").unwrap();
        assert!(occupied(dir.path()).unwrap());
        assert!(occupied(&dir.path().join("mail")).unwrap(), "a file is not replaced either");
    }

    #[test]
    fn a_backup_is_made_beside_its_place() {
        assert_eq!(partial(Path::new("/backup/monday")).unwrap(), Path::new("/backup/monday.partial"));
        assert!(partial(Path::new("/")).is_err());
    }
}
