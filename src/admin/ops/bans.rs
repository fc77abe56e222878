//! Networks that are shut out, and accounts whose sending was stopped: shown, made and taken back.

use super::address;
use crate::{Context, OpError};
use directory::ban::Ban;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Longest ban, seconds: a year.
const SECONDS_MAX: u64 = 366 * 86_400;

/// A network to be shut out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BanAdd {
    /// Network in CIDR form, or one address.
    pub network: String,
    /// For how long, seconds.
    pub seconds: u64,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// An account that may not send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopView {
    /// The account.
    pub address: String,
    /// Why.
    pub reason: String,
    /// Since when, milliseconds since 1970.
    pub since: i64,
}

/// Bans that hold.
pub fn list(context: &Context) -> Vec<Ban> {
    context.directory.bans()
}

/// Shuts a network out.
///
/// # Errors
/// [`OpError::Invalid`]
pub async fn add(context: &Context, add: &BanAdd) -> Result<Ban, OpError> {
    if add.seconds == 0 || add.seconds > SECONDS_MAX {
        return Err(OpError::Invalid("a ban holds for a second at least and for a year at most".into()));
    }
    let reason = if add.reason.trim().is_empty() { "by an administrator" } else { add.reason.trim() };
    Ok(context.directory.ban(network(&add.network)?, Duration::from_secs(add.seconds), reason).await?)
}

/// Takes a ban back.
///
/// # Errors
/// [`OpError::NotFound`], [`OpError::Invalid`].
pub async fn remove(context: &Context, text: &str) -> Result<(), OpError> {
    Ok(context.directory.unban(network(text)?).await?)
}

fn network(text: &str) -> Result<ipnet::IpNet, OpError> {
    let text = text.trim();
    let parsed = text.parse().or_else(|_| text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from));
    parsed.map_err(|_| OpError::Invalid(format!("\"{text}\" is no network: write 192.0.2.1 or 192.0.2.0/24")))
}

/// Accounts whose sending was stopped.
///
/// # Errors
/// Machine faults.
pub fn stops(context: &Context) -> Result<Vec<StopView>, OpError> {
    let view = |(account, stop): (directory::Account, directory::sending::SendingStop)| StopView {
        address: account.address.to_string(),
        reason: stop.reason,
        since: stop.since,
    };
    Ok(context.directory.sending_stops()?.into_iter().map(view).collect())
}

/// Lets an account send again.
///
/// # Errors
/// [`OpError::NotFound`] for the account, or when its sending was not stopped.
pub async fn allow_sending(context: &Context, text: &str) -> Result<(), OpError> {
    let account = context.directory.account_by_address(&address(text)?)?;
    if !context.directory.sending_stop_clear(account.id).await? {
        return Err(OpError::NotFound(format!("a stop of the sending of {}", account.address)));
    }
    tracing::info!(account = %account.address, "sending allowed again");
    Ok(())
}
