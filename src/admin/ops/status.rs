//! How the server is.

use crate::{Context, OpError, figures::Snapshot};
use net::tls::Source;
use serde::{Deserialize, Serialize};

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
    /// Domains.
    pub domains: usize,
    /// Accounts.
    pub accounts: usize,
    /// Entries of the outbound queue.
    pub queue: u64,
}

/// How the server is.
///
/// # Errors
/// Machine faults.
pub fn status(context: &Context) -> Result<Status, OpError> {
    Ok(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        hostname: context.settings().hostname.clone(),
        running: context.figures.is_some(),
        figures: context.figures.as_ref().map(|figures| figures.now().as_ref().clone()),
        certificate: context.certificates.as_ref().map(|certificates| source_name(&certificates.source()).to_owned()),
        domains: context.directory.domains()?.len(),
        accounts: context.directory.accounts(None)?.len(),
        queue: context.store().spool_len(),
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
