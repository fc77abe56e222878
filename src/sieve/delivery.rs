//! What is run for a recipient of a message, on a thread for slow work: a script is somebody else's program.

use crate::{
    Error,
    script::{
        outcome::Outcome,
        run::{self, Job},
    },
};
use bytes::Bytes;
use directory::Directory;
use mail::address::{Address, ReversePath};
use sieve_engine::{SpamStatus, VirusStatus};
use std::net::IpAddr;
use store::AccountId;

/// Where a message comes from and what was found about it: what scripts can ask beside the message itself.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// Name of this server.
    pub hostname: String,
    /// The client's address; `None` for what was not brought by SMTP.
    pub client: Option<IpAddr>,
    /// What it called itself.
    pub helo: String,
    /// What the filter says (RFC 5235 section 2).
    pub spam: Spam,
    /// What the scanner says (RFC 5235 section 3).
    pub virus: Virus,
}

/// Whether it is spam.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Spam {
    /// Nobody looked.
    #[default]
    Untested,
    /// From 0, certainly not, to 1, certainly.
    Likely(f64),
}

/// Whether it holds a virus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Virus {
    /// Nobody looked.
    #[default]
    Untested,
    /// None found.
    Clean,
    /// Some found.
    Infected,
}

impl Spam {
    pub(crate) fn is_spam(self) -> bool {
        matches!(self, Self::Likely(likely) if likely >= 0.5)
    }

    pub(crate) fn to_engine(self) -> SpamStatus {
        match self {
            Self::Untested => SpamStatus::Unknown,
            Self::Likely(likely) if likely >= 1.0 => SpamStatus::Spam,
            Self::Likely(likely) if likely > 0.0 => SpamStatus::MaybeSpam(likely),
            Self::Likely(_) => SpamStatus::Ham,
        }
    }
}

impl Virus {
    pub(crate) fn to_engine(self) -> VirusStatus {
        match self {
            Self::Untested => VirusStatus::Unknown,
            Self::Clean => VirusStatus::Clean,
            Self::Infected => VirusStatus::Virus,
        }
    }
}

/// A message for one account.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Whose script is run.
    pub account: AccountId,
    /// The address it was reached by.
    pub address: Address,
    /// The address in the envelope, which may be an alias.
    pub named: Address,
    /// Whether that leads to others too.
    pub several: bool,
    /// Envelope sender.
    pub reverse_path: ReversePath,
    /// The message with its Return-Path in front.
    pub message: Bytes,
    /// Bytes of that Return-Path.
    pub return_path_bytes: usize,
    /// When it came, milliseconds since 1970.
    pub at: i64,
    /// Where it comes from.
    pub origin: Origin,
}

impl Delivery {
    /// The message as it goes to other servers.
    pub(crate) fn relayed(&self) -> Bytes {
        self.message.slice(self.return_path_bytes.min(self.message.len())..)
    }
}

/// Runs the account's active script over a message; `None` when it has none.
///
/// # Errors
/// Machine faults.
pub async fn run(directory: &Directory, delivery: Delivery) -> Result<Option<Outcome>, Error> {
    let Some((name, text)) = directory.store().script_running(delivery.account)? else { return Ok(None) };
    let account = directory.account(delivery.account)?;
    let work = {
        let (directory, delivery) = (directory.clone(), delivery.clone());
        let (account, name, text) = (account.clone(), name.clone(), text.clone());
        move || {
            run::run(&Job { directory: &directory, account: &account, delivery: &delivery, name: &name, text: &text })
        }
    };
    let outcome = match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome?,
        // The engine met a message or script that it was not made for. That is no reason to lose mail.
        Err(error) => {
            tracing::error!(account = %account.address, script = name, %error, "a script could not be run");
            let job = Job { directory, account: &account, delivery: &delivery, name: &name, text: &text };
            run::tell_owner(&job, Outcome::failed("it could not be run over this message"))?
        }
    };
    let result = if outcome.fault.is_some() { "failed" } else { "done" };
    metrics::counter!("gatepost_sieve_runs_total", "result" => result).increment(1);
    if let Some(fault) = &outcome.fault {
        tracing::warn!(account = %account.address, script = name, fault, "a script failed; the message is kept");
    }
    Ok(Some(outcome))
}
