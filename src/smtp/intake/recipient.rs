//! From an envelope recipient to the mailboxes and next hops it stands for.

use directory::{AccountState, Directory, Resolution};
use mail::address::Address;
use store::{AccountId, Terms};

/// A recipient as named, and where its mail goes.
#[derive(Debug, Clone)]
pub struct Recipient {
    /// As named in the envelope.
    pub address: Address,
    /// Mailboxes here.
    pub accounts: Vec<Target>,
    /// Addresses elsewhere.
    pub remote: Vec<Address>,
    /// What was agreed on for this recipient: NOTIFY and ORCPT (RFC 3461).
    pub terms: Terms,
}

/// A mailbox here.
#[derive(Debug, Clone)]
pub struct Target {
    /// The account.
    pub account: AccountId,
    /// The address it was reached by.
    pub address: Address,
    /// Bytes that the account may hold in all, by its quota and its domain's.
    pub bytes_max: Option<u64>,
    /// Whether it goes to Junk where nothing else is said.
    pub junk: bool,
}

/// Why a recipient is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// No such address in a domain of ours.
    #[error("no such address")]
    Unknown,
    /// Not a domain of ours, and the client may not relay.
    #[error("relaying denied")]
    Relaying,
    /// The account is closed.
    #[error("closed")]
    Closed,
    /// No room now.
    #[error("mailbox full")]
    Full,
    /// More than the whole mailbox may hold.
    #[error("larger than the mailbox")]
    TooLarge,
    /// The directory cannot say.
    #[error(transparent)]
    Directory(#[from] directory::Error),
}

impl Recipient {
    /// Resolves an address. `relay`: whether other domains are allowed. `size`: bytes of the message as far as known,
    /// checked against quotas; `None` leaves quotas out.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn resolve(directory: &Directory, address: Address, relay: bool, size: Option<u64>) -> Result<Self, Refusal> {
        match directory.resolve(&address)? {
            Resolution::Unknown => Err(Refusal::Unknown),
            Resolution::Disabled => Err(Refusal::Closed),
            Resolution::Remote if relay => {
                Ok(Self { remote: vec![address.clone()], accounts: Vec::new(), address, terms: Terms::default() })
            }
            Resolution::Remote => Err(Refusal::Relaying),
            Resolution::Deliver { accounts, remote } => {
                let mut targets = Vec::with_capacity(accounts.len());
                let mut full = None;
                for (account, reached_by) in accounts {
                    let (bytes_max, used) = room(directory, account, size.is_some())?;
                    if let (Some(max), Some(size)) = (bytes_max, size) {
                        // A message of unknown size needs at least one byte.
                        let size = size.max(1);
                        if size > max {
                            full = Some(Refusal::TooLarge);
                        } else if used.saturating_add(size) > max {
                            full = Some(Refusal::Full);
                        }
                    }
                    targets.push(Target { account, address: reached_by, bytes_max, junk: false });
                }
                // With several targets the queue takes care of the full ones; with one the client is told at once.
                match full {
                    Some(refusal) if targets.len() == 1 && remote.is_empty() => Err(refusal),
                    _ => Ok(Self { address, accounts: targets, remote, terms: Terms::default() }),
                }
            }
        }
    }
}

/// Bytes that an account may hold and does hold.
fn room(directory: &Directory, account: AccountId, wanted: bool) -> Result<(Option<u64>, u64), directory::Error> {
    if !wanted {
        return Ok((None, 0));
    }
    let Some(left) = directory.quota_left(account)? else { return Ok((None, 0)) };
    let used = directory.store().usage(account)?.bytes;
    Ok((Some(used.saturating_add(left)), used))
}

/// Whether the account may send now.
///
/// # Errors
/// Machine faults, and an account that is gone.
pub fn may_send(directory: &Directory, account: AccountId) -> Result<bool, directory::Error> {
    Ok(directory.account(account)?.state == AccountState::Active)
}
