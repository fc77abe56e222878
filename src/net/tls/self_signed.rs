//! The certificate of the first start, so that there is TLS before there is a real certificate.

use super::{Error, pem, pem::Identity};
use std::{net::IpAddr, path::Path, time::Duration};

/// Longest lifetime that all clients accept, even of a certificate that was trusted by hand.
const LIFETIME: Duration = Duration::from_secs(820 * 86_400);
/// Allows for clients whose clock is behind.
const BACKDATE: Duration = Duration::from_secs(86_400);

/// The one kept on disk, or a new one where it is missing, old, or for another name.
pub(super) fn load_or_make(folder: &Path, hostname: &str) -> Result<Identity, Error> {
    let path = folder.join("self-signed.pem");
    match Identity::read(&path, &path) {
        Ok(identity) if identity.renew_at() > pem::now_ms() && identity.names.iter().any(|name| name == hostname) => {
            Ok(identity)
        }
        _ => make(folder, hostname),
    }
}

pub(super) fn make(folder: &Path, hostname: &str) -> Result<Identity, Error> {
    let path = folder.join("self-signed.pem");
    let fault = |error: rcgen::Error| Error::file(&path, error);
    let mut names = vec![hostname.to_owned()];
    if hostname != "localhost" {
        names.push("localhost".into());
    }
    let mut params = rcgen::CertificateParams::new(names).map_err(fault)?;
    for loopback in [IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])] {
        params.subject_alt_names.push(rcgen::SanType::IpAddress(loopback));
    }
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, hostname);
    params.distinguished_name.push(rcgen::DnType::OrganizationName, "Gatepost self-signed");
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let now = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_millis(pem::now_ms().unsigned_abs());
    params.not_before = now - BACKDATE;
    params.not_after = now + LIFETIME;
    let key = rcgen::KeyPair::generate().map_err(fault)?;
    let certificate = params.self_signed(&key).map_err(fault)?;
    pem::write_secret(&path, &format!("{}{}", key.serialize_pem(), certificate.pem()))?;
    tracing::info!(hostname, path = %path.display(), "made a self-signed TLS certificate");
    Identity::read(&path, &path)
}
