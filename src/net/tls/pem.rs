//! Key and certificate chain in PEM files: read, checked against each other, written for the owner alone.

use super::{Error, provider};
use rustls::{
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
};
use std::{
    fs,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// Largest certificate or key file read, bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A certificate with its key, and what is known of it.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) key: Arc<CertifiedKey>,
    pub(super) names: Vec<String>,
    pub(super) not_before: i64,
    pub(super) not_after: i64,
    pub(super) stamp: Stamp,
}

/// What tells whether files have changed: modification time, inode and length of each. A missing file is zeros.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stamp(Vec<(i64, i64, u64, u64)>);

impl Stamp {
    pub(super) fn of(paths: &[&Path]) -> Self {
        let one = |path: &&Path| {
            fs::metadata(path)
                .map_or((0, 0, 0, 0), |found| (found.mtime(), found.mtime_nsec(), found.ino(), found.len()))
        };
        Self(paths.iter().map(one).collect())
    }
}

impl Identity {
    /// Reads chain and key, which may be one file.
    pub(super) fn read(certificate: &Path, key: &Path) -> Result<Self, Error> {
        // Taken before reading: a change in between is then seen as one.
        let stamp = Stamp::of(&[certificate, key]);
        let chain = CertificateDer::pem_slice_iter(&read(certificate)?)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Error::file(certificate, error))?;
        let secret = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|error| Error::file(key, error))?;
        let Some(leaf) = chain.first() else {
            return Err(Error::file(certificate, "no certificate in it"));
        };
        let (names, not_before, not_after) = describe(leaf).map_err(|what| Error::file(certificate, what))?;
        let certified = CertifiedKey::from_der(chain, secret, &provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                Error::file(key, format!("the key does not belong to the certificate in {}", certificate.display()))
            }
            other => Error::file(key, other),
        })?;
        Ok(Self { key: Arc::new(certified), names, not_before, not_after, stamp })
    }

    /// When two thirds of the lifetime are over, milliseconds since 1970.
    pub(super) fn renew_at(&self) -> i64 {
        self.not_before + (self.not_after - self.not_before) / 3 * 2
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let length = fs::metadata(path).map_err(|error| Error::file(path, error))?.len();
    if length > FILE_BYTES_MAX {
        return Err(Error::file(path, "too large for a certificate or key"));
    }
    fs::read(path).map_err(|error| Error::file(path, error))
}

fn describe(leaf: &CertificateDer<'_>) -> Result<(Vec<String>, i64, i64), String> {
    let (_, certificate) = X509Certificate::from_der(leaf).map_err(|error| error.to_string())?;
    let mut names = Vec::new();
    if let Ok(Some(alternatives)) = certificate.subject_alternative_name() {
        names.extend(alternatives.value.general_names.iter().filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        }));
    }
    let validity = certificate.validity();
    let ms = |time: x509_parser::time::ASN1Time| time.timestamp().saturating_mul(1000);
    Ok((names, ms(validity.not_before), ms(validity.not_after)))
}

/// Writes a file that only its owner can read, whole or not at all.
pub(super) fn write_secret(path: &Path, text: &str) -> Result<(), Error> {
    let fault = |error| Error::file(path, error);
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fault)?;
    }
    let unfinished = path.with_extension("new");
    let _ = fs::remove_file(&unfinished);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished).map_err(fault)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(fault)?;
    fs::rename(&unfinished, path).map_err(fault)
}

pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
