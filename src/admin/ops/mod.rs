//! Every admin action as one value, so that console, command line and control socket cannot do different things.
//!
//! An [`Operation`] travels as one JSON object tagged `op`. [`perform`] does it; the pages of the console call the typed
//! functions of the modules below directly.

pub mod accounts;
pub mod aliases;
pub mod backup;
pub mod bans;
pub mod deleted;
pub mod dkim;
pub mod dns;
pub mod domains;
pub mod filter;
pub mod queued;
pub mod scripts;
pub mod search;
pub mod setup;
pub mod status;
pub mod store;
pub mod traces;

use crate::{Context, OpError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// A password on its way to be hashed. Not printed by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// An action, or a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is documented by the type it holds or by its name")]
pub enum Operation {
    /// Figures, versions, warnings.
    Status,

    DomainList,
    DomainShow {
        name: String,
    },
    DomainAdd(domains::DomainAdd),
    DomainSet(domains::DomainSet),
    DomainRemove {
        name: String,
    },
    /// The DNS records that a domain needs, and what is found.
    DomainDns {
        name: String,
    },
    /// The keys that sign the domain's mail.
    DomainDkim {
        name: String,
        action: dkim::Action,
    },

    AccountList {
        domain: Option<String>,
    },
    AccountShow {
        address: String,
    },
    AccountAdd(accounts::AccountAdd),
    AccountSet(accounts::AccountSet),
    AccountPassword {
        address: String,
        password: Password,
    },
    AccountRemove {
        address: String,
    },
    /// What was deleted for good and can be brought back.
    DeletedList {
        address: String,
    },
    DeletedRestore(deleted::Restore),
    AppPasswordList {
        address: String,
    },
    AppPasswordAdd {
        address: String,
        name: String,
    },
    AppPasswordRemove {
        address: String,
        id: u64,
    },

    AliasList {
        domain: Option<String>,
    },
    AliasPut {
        address: String,
        targets: Vec<String>,
    },
    AliasRemove {
        address: String,
    },

    /// The Sieve scripts of an account.
    ScriptList {
        address: String,
    },
    ScriptShow {
        address: String,
        name: String,
    },
    ScriptPut(scripts::ScriptPut),
    /// Sets the script that runs; none without a name.
    ScriptActivate {
        address: String,
        name: Option<String>,
    },

    /// Networks that are shut out.
    BanList,
    BanAdd(bans::BanAdd),
    BanRemove {
        network: String,
    },
    /// Accounts whose sending was stopped.
    StopList,
    AllowSending {
        address: String,
    },

    QueueList(queued::QueueFilter),
    QueueShow {
        id: u64,
    },
    QueueAct(queued::QueueAct),

    /// What a message would get, and why.
    FilterTest {
        file: std::path::PathBuf,
        trial: filter::Trial,
    },
    /// Learns from a message or a folder of messages.
    FilterTrain {
        path: std::path::PathBuf,
        junk: bool,
        account: Option<String>,
    },
    FilterLearned,
    FilterPolicy {
        scope: String,
    },
    FilterPolicyChange {
        scope: String,
        change: filter::PolicyChange,
    },

    /// The steps of messages from or to an address.
    TraceFind {
        address: String,
        limit: usize,
    },
    TraceShow {
        id: String,
    },

    /// Figures of the store.
    StoreStats,
    /// Reads the whole store back.
    StoreVerify,
    /// How far the full-text index is.
    SearchStatus {
        wait: bool,
    },
    /// Makes the full-text index anew.
    SearchRebuild {
        wait: bool,
    },
    /// A consistent copy of the store and the configuration.
    Backup {
        dir: std::path::PathBuf,
    },
    /// A new one-time link for making the first admin.
    SetupLink,
}

/// Does it, and tells the outcome as JSON.
///
/// # Errors
/// See [`OpError`].
pub async fn perform(context: &Context, operation: Operation) -> Result<Value, OpError> {
    use Operation as Op;
    match operation {
        Op::Status => json(status::status(context)?),
        Op::DomainList => json(domains::list(context)?),
        Op::DomainShow { name } => json(domains::show(context, &name)?),
        Op::DomainAdd(add) => json(domains::add(context, add).await?),
        Op::DomainSet(set) => json(domains::set(context, set).await?),
        Op::DomainRemove { name } => json(domains::remove(context, &name).await?),
        Op::DomainDns { name } => json(dns::check(context, &name).await?),
        Op::DomainDkim { name, action } => json(dkim::keys(context, &name, action).await?),
        Op::AccountList { domain } => json(accounts::list(context, domain.as_deref())?),
        Op::AccountShow { address } => json(accounts::show(context, &address)?),
        Op::AccountAdd(add) => json(accounts::add(context, add).await?),
        Op::AccountSet(set) => json(accounts::set(context, set).await?),
        Op::AccountPassword { address, password } => json(accounts::password(context, &address, &password).await?),
        Op::AccountRemove { address } => json(accounts::remove(context, &address).await?),
        Op::DeletedList { address } => json(deleted::list(context, &address)?),
        Op::DeletedRestore(restore) => json(deleted::restore(context, &restore).await?),
        Op::AppPasswordList { address } => json(accounts::app_passwords(context, &address)?),
        Op::AppPasswordAdd { address, name } => json(accounts::app_password_add(context, &address, &name).await?),
        Op::AppPasswordRemove { address, id } => json(accounts::app_password_remove(context, &address, id).await?),
        Op::AliasList { domain } => json(aliases::list(context, domain.as_deref())?),
        Op::AliasPut { address, targets } => json(aliases::put(context, &address, &targets).await?),
        Op::AliasRemove { address } => json(aliases::remove(context, &address).await?),
        Op::ScriptList { address } => json(scripts::list(context, &address)?),
        Op::ScriptShow { address, name } => json(scripts::show(context, &address, &name)?),
        Op::ScriptPut(put) => json(scripts::put(context, put).await?),
        Op::ScriptActivate { address, name } => json(scripts::activate(context, &address, name).await?),
        Op::BanList => json(bans::list(context)),
        Op::BanAdd(add) => json(bans::add(context, &add).await?),
        Op::BanRemove { network } => json(bans::remove(context, &network).await?),
        Op::StopList => json(bans::stops(context)?),
        Op::AllowSending { address } => json(bans::allow_sending(context, &address).await?),
        Op::QueueList(filter) => json(queued::list(context, &filter)?),
        Op::QueueShow { id } => json(queued::show(context, id)?),
        Op::QueueAct(act) => json(queued::act(context, &act).await?),
        Op::FilterTest { file, trial } => json(filter::test_file(context, &trial, &file).await?),
        Op::FilterTrain { path, junk, account } => json(filter::train(context, &path, junk, account.as_deref()).await?),
        Op::FilterLearned => json(filter::learned(context)?),
        Op::FilterPolicy { scope } => json(filter::policy(context, &scope)?),
        Op::FilterPolicyChange { scope, change } => json(filter::policy_change(context, &scope, change).await?),
        Op::TraceFind { address, limit } => json(traces::find(context, &address, limit)?),
        Op::TraceShow { id } => json(traces::show(context, &id)?),
        Op::StoreStats => json(store::stats(context)?),
        Op::SearchStatus { wait } => json(search::status(context, wait).await?),
        Op::SearchRebuild { wait } => json(search::rebuild(context, wait).await?),
        Op::StoreVerify => json(store::verify(context, |_| {}).await?),
        Op::Backup { dir } => json(backup::backup(context, &dir).await?),
        Op::SetupLink => json(setup::link(context).await?),
    }
}

fn json<T: Serialize>(value: T) -> Result<Value, OpError> {
    serde_json::to_value(value).map_err(|error| OpError::Machine(error.to_string()))
}

/// An address as typed by an admin.
pub(crate) fn address(text: &str) -> Result<mail::address::Address, OpError> {
    text.trim().parse().map_err(|error| OpError::Invalid(format!("\"{text}\" is not a mail address: {error}")))
}
