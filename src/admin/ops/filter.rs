//! The filter: what a message would get and why, what was learned, and policies.

use crate::{Context, OpError, context::now};
use filter::{
    To, Visitor,
    learn::Learned,
    policy::{Overrides, Scope},
    rules,
};
use mail::address::ReversePath;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Octets of a message that is tried out.
const MESSAGE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Messages of one training.
const MESSAGES_MAX: usize = 200_000;

/// A message to be tried out, and how it would come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The client's address; this machine where it is not given.
    #[serde(default)]
    pub client: String,
    /// The name that the client gives.
    #[serde(default)]
    pub helo: String,
    /// Envelope sender; none where it is not given.
    #[serde(default)]
    pub from: String,
    /// A recipient here, for the policy; global policy where it is not given.
    #[serde(default)]
    pub to: String,
}

/// What a message would get.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Judged {
    /// What would be done.
    pub action: String,
    /// The sum.
    pub score: String,
    /// Score at which it is junk.
    pub junk_at: String,
    /// The reason that decides by itself, if one does.
    pub decisive: Option<String>,
    /// All reasons, the weightiest first.
    pub reasons: Vec<Why>,
    /// Sources that could not be asked.
    pub not_asked: Vec<String>,
    /// Header fields that would be put in front.
    pub fields: String,
}

/// A reason.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Why {
    /// Name of the rule.
    pub rule: String,
    /// In words.
    pub words: String,
    /// What it counts.
    pub score: String,
}

/// Judges a message without taking it in.
///
/// # Errors
/// [`OpError::Invalid`] for an address that is none.
pub async fn test(context: &Context, trial: &Trial, message: &[u8]) -> Result<Judged, OpError> {
    let or = |text: &str, other: &str| if text.trim().is_empty() { other.to_owned() } else { text.trim().to_owned() };
    let client = or(&trial.client, "127.0.0.1");
    let client = client.parse().map_err(|_| OpError::Invalid(format!("\"{client}\" is not an IP address")))?;
    let sender = match trial.from.trim() {
        "" | "<>" => None,
        from => Some(super::address(from)?),
    };
    let to = match trial.to.trim() {
        "" => Vec::new(),
        to => {
            let address = super::address(to)?;
            let account = match context.directory.resolve(&address)? {
                directory::Resolution::Deliver { accounts, .. } => accounts.first().map(|(account, _)| *account),
                _ => None,
            };
            vec![To { address, account }]
        }
    };
    let (helo, reverse_path) = (or(&trial.helo, "localhost.localdomain"), ReversePath(sender));
    let visitor = Visitor { client, helo: &helo, reverse_path: &reverse_path, at: now() };
    let message = crlf(message);
    let judgement = context.filter.judge(visitor, &to, "test", &message).await.map_err(machine)?;
    let verdict = judgement.mildest();
    let why = |reason: &filter::fact::Reason| Why {
        rule: reason.rule.to_owned(),
        words: rules::words(reason.rule, &reason.detail),
        score: reason.score.to_string(),
    };
    Ok(Judged {
        action: verdict.action.word().to_owned(),
        score: verdict.score.to_string(),
        junk_at: if verdict.junk_at.0 == i32::MAX { "off".to_owned() } else { verdict.junk_at.to_string() },
        decisive: verdict.decisive.map(str::to_owned),
        reasons: verdict.reasons.iter().map(why).collect(),
        not_asked: judgement.facts.dead.iter().map(|(source, why)| format!("{source}: {why}")).collect(),
        fields: judgement.fields.clone(),
    })
}

/// As [`fn@test`], of a file that the server can read.
///
/// # Errors
/// As [`fn@test`], and [`OpError::Invalid`] for a file that cannot be read.
pub async fn test_file(context: &Context, trial: &Trial, file: &Path) -> Result<Judged, OpError> {
    let message = read(file)?;
    test(context, trial, &message).await
}

fn read(file: &Path) -> Result<Vec<u8>, OpError> {
    let fault = |why: String| OpError::Invalid(format!("{}: {why}", file.display()));
    let length = std::fs::metadata(file).map_err(|error| fault(error.to_string()))?.len();
    if length > MESSAGE_BYTES_MAX {
        return Err(fault("larger than 64MB, so this is no message".to_owned()));
    }
    std::fs::read(file).map_err(|error| fault(error.to_string()))
}

/// Line ends as they are sent, without a first line of an mbox.
fn crlf(message: &[u8]) -> Vec<u8> {
    let start = if message.starts_with(b"From ") {
        message.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1)
    } else {
        0
    };
    let mut out = Vec::with_capacity(message.len());
    for line in message[start..].split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(bare) => {
                out.extend_from_slice(bare.strip_suffix(b"\r").unwrap_or(bare));
                out.extend_from_slice(b"\r\n");
            }
            None => out.extend_from_slice(line),
        }
    }
    out
}

/// How much was learned.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Trained {
    /// Messages of this training.
    pub messages: usize,
}

/// How much has been learned for everybody.
///
/// # Errors
/// Machine faults.
pub fn learned(context: &Context) -> Result<Learned, OpError> {
    context.filter.learned().map_err(machine)
}

/// Learns from a file with one message, or from a folder of such files.
///
/// # Errors
/// [`OpError::Invalid`] for what cannot be read, [`OpError::NotFound`] for the account.
pub async fn train(context: &Context, path: &Path, junk: bool, account: Option<&str>) -> Result<Trained, OpError> {
    let account = account.map(|account| account_id(context, account)).transpose()?;
    let mut files = Vec::new();
    gather(path, &mut files)?;
    if files.is_empty() {
        return Err(OpError::Invalid(format!("{}: there is no message in it", path.display())));
    }
    let mut messages = 0;
    for files in files.chunks(200) {
        let batch: Vec<(Vec<u8>, bool)> =
            files.iter().map(|file| Ok((crlf(&read(file)?), junk))).collect::<Result<_, OpError>>()?;
        messages += context.filter.train(account, batch).await.map_err(machine)?;
    }
    Ok(Trained { messages })
}

fn gather(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), OpError> {
    let fault = |error: std::io::Error| OpError::Invalid(format!("{}: {error}", path.display()));
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries = std::fs::read_dir(path).map_err(fault)?.collect::<Result<Vec<_>, _>>().map_err(fault)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        if files.len() >= MESSAGES_MAX {
            return Err(OpError::Invalid(format!("more than {MESSAGES_MAX} messages: give a part of them")));
        }
        // A link may lead round in a circle.
        if entry.file_type().map_err(fault)?.is_symlink() {
            continue;
        }
        gather(&entry.path(), files)?;
    }
    Ok(())
}

/// A policy as it stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PolicyView {
    /// `global`, a domain, or an address.
    pub scope: String,
    /// Settings with their values; `default` is left to the next scope outward.
    pub settings: Vec<(String, String)>,
    /// Senders whose mail is taken.
    pub allow: Vec<String>,
    /// Senders whose mail is refused.
    pub block: Vec<String>,
}

/// A change of a policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyChange {
    /// A setting.
    Set {
        /// Its name.
        name: String,
        /// Its value; `default` leaves it to the next scope outward.
        value: String,
    },
    /// An entry of the allow list.
    Allow {
        /// An address, a domain, a network or `arc:domain`.
        entry: String,
        /// Whether it is taken off.
        remove: bool,
    },
    /// An entry of the block list.
    Block {
        /// An address, a domain or a network.
        entry: String,
        /// Whether it is taken off.
        remove: bool,
    },
}

/// The policy of a scope.
///
/// # Errors
/// [`OpError::NotFound`] for a domain or account that is not here.
pub fn policy(context: &Context, scope: &str) -> Result<PolicyView, OpError> {
    let known = self::scope(context, scope)?;
    let overrides = Overrides::load(context.store(), &known)?;
    let settings = overrides.shown().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let scope = if known == Scope::Global { "global".to_owned() } else { scope.trim().to_lowercase() };
    Ok(PolicyView { scope, settings, allow: overrides.allow, block: overrides.block })
}

/// Changes the policy of a scope.
///
/// # Errors
/// [`OpError::NotFound`] for a domain or account that is not here, [`OpError::Invalid`] with what is allowed.
pub async fn policy_change(context: &Context, scope: &str, change: PolicyChange) -> Result<PolicyView, OpError> {
    let known = self::scope(context, scope)?;
    let work = move |tx: &mut store::Tx<'_>| -> Result<(), Change> {
        let mut overrides = Overrides::load_in(tx, &known)?;
        match &change {
            PolicyChange::Set { name, value } => overrides.set(name, value),
            PolicyChange::Allow { entry, remove } => overrides.list(true, entry, !remove).map(|_| ()),
            PolicyChange::Block { entry, remove } => overrides.list(false, entry, !remove).map(|_| ()),
        }
        .map_err(Change::Refused)?;
        Ok(overrides.save(tx, &known)?)
    };
    context.store().commit(Vec::new(), work).await.map_err(|error| match error {
        Change::Refused(why) => OpError::Invalid(why),
        Change::Store(error) => error.into(),
    })?;
    policy(context, scope)
}

/// Why a change was not made.
enum Change {
    Refused(String),
    Store(store::Error),
}

impl From<store::Error> for Change {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

fn scope(context: &Context, text: &str) -> Result<Scope, OpError> {
    let text = text.trim();
    if text.is_empty() || text == "global" {
        return Ok(Scope::Global);
    }
    if text.contains('@') {
        return account_id(context, text).map(Scope::Account);
    }
    if !context.directory.is_local(text)? {
        return Err(OpError::NotFound(format!(
            "there is no domain {text} here; a scope is global, a domain or an address"
        )));
    }
    Ok(Scope::Domain(text.to_lowercase()))
}

fn account_id(context: &Context, text: &str) -> Result<store::AccountId, OpError> {
    let address = super::address(text)?;
    match context.directory.resolve(&address)? {
        directory::Resolution::Deliver { accounts, .. } if !accounts.is_empty() => Ok(accounts[0].0),
        _ => Err(OpError::NotFound(format!("there is no account {address} here"))),
    }
}

// It takes what `map_err` hands over.
#[expect(clippy::needless_pass_by_value)]
fn machine(error: filter::Error) -> OpError {
    OpError::Machine(error.to_string())
}
