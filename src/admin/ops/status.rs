//! How the server is.

use crate::{Context, OpError, figures::Snapshot};
use net::tls::Source;
use serde::{Deserialize, Serialize};
use store::SpoolId;

/// How the server is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Status {
    /// Version of this program.
    pub version: String,
    /// Name of the host.
    pub hostname: String,
    /// Whether a server runs; otherwise the figures are left out.
    pub running: bool,
    /// Live figures.
    pub figures: Option<Snapshot>,
    /// Where the certificate comes from: `files`, `acme`, `self_signed`.
    pub certificate: Option<String>,
    /// Names that the certificate is valid for.
    pub certificate_names: Vec<String>,
    /// Until when it is valid, milliseconds since 1970.
    pub certificate_expires: Option<i64>,
    /// Why the last reload or order of it failed, if it did.
    pub certificate_fault: Option<String>,
    /// Number of the process that answers.
    pub process: u32,
    /// Accounts whose sending was stopped.
    pub sending_stopped: Vec<String>,
    /// Domains.
    pub domains: usize,
    /// Accounts.
    pub accounts: usize,
    /// Entries of the outbound queue.
    pub queue: u64,
    /// When the oldest of them was accepted, milliseconds since 1970.
    pub queue_oldest: Option<i64>,
}

/// How the server is.
///
/// # Errors
/// Machine faults.
pub fn status(context: &Context) -> Result<Status, OpError> {
    let certificate = context.certificates.as_ref().map(net::tls::Certificates::status);
    let certificate = certificate.as_ref();
    Ok(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        hostname: context.settings().hostname.clone(),
        running: context.figures.is_some(),
        figures: context.figures.as_ref().map(|figures| figures.now().as_ref().clone()),
        certificate: certificate.map(|status| source_name(&status.source).to_owned()),
        certificate_names: certificate.map(|status| status.names.clone()).unwrap_or_default(),
        certificate_expires: certificate.map(|status| status.not_after),
        certificate_fault: certificate.and_then(|status| status.fault.clone()),
        process: std::process::id(),
        sending_stopped: super::bans::stops(context)?.into_iter().map(|stop| stop.address).collect(),
        domains: context.directory.domains()?.len(),
        accounts: context.directory.accounts(None)?.len(),
        queue: context.store().spool_len(),
        queue_oldest: context.store().spool_list(SpoolId(0), 1)?.first().map(|entry| entry.created),
    })
}

/// Name of a certificate's source in JSON and in the keys of the pages.
pub fn source_name(source: &Source) -> &'static str {
    match source {
        Source::Files => "files",
        Source::Acme => "acme",
        Source::SelfSigned => "self_signed",
    }
}
