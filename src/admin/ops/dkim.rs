//! The keys that sign a domain's mail.

use crate::{Context, OpError};
use directory::dkim::{DkimKey, KeyState, RETIRED_KEPT_MS};
use serde::{Deserialize, Serialize};

/// A key with its DNS record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyView {
    /// Selector.
    pub selector: String,
    /// `rsa` or `ed25519`.
    pub algorithm: directory::dkim::Algorithm,
    /// State.
    pub state: KeyState,
    /// When it came into this state, milliseconds since 1970.
    pub since: i64,
    /// Until when the record of a retired key is to stay, milliseconds since 1970.
    pub keep_until: Option<i64>,
    /// Name of its record.
    pub name: String,
    /// Text of its record.
    pub record: String,
}

/// What to do with the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Only show them; pending keys whose records are in the DNS begin to sign.
    Show,
    /// Make new keys that take over once their records are in the DNS.
    Rotate,
    /// Let pending keys sign although their records were not seen.
    Activate,
}

/// Does it, and shows the keys of the domain as they are then.
///
/// # Errors
/// [`OpError::NotFound`] for the domain or when no key waits; [`OpError::Exists`] for a rotation within another.
pub async fn keys(context: &Context, domain: &str, action: Action) -> Result<Vec<KeyView>, OpError> {
    let domain = context.directory.domain(domain)?.name;
    let keys = match action {
        Action::Show => context.queue.keep_keys(&domain).await?,
        Action::Rotate => {
            context.directory.dkim_ensure(&domain).await?;
            context.directory.dkim_rotate(&domain).await?
        }
        Action::Activate => context.directory.dkim_activate(&domain, None).await?,
    };
    Ok(keys.into_iter().map(|key| view(&domain, key)).collect())
}

fn view(domain: &str, key: DkimKey) -> KeyView {
    let keep_until = (key.state == KeyState::Retired).then(|| key.since.saturating_add(RETIRED_KEPT_MS));
    KeyView {
        name: record_name(domain, &key),
        record: key.record(),
        selector: key.selector,
        algorithm: key.algorithm,
        state: key.state,
        since: key.since,
        keep_until,
    }
}

/// Name of a key's record.
pub(crate) fn record_name(domain: &str, key: &DkimKey) -> String {
    format!("{}._domainkey.{}", key.selector, mail::address::domain_to_ascii(domain))
}
