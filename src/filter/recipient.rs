//! What depends on the recipient: people whom an account has written to, and greylisting.
//!
//! ```text
//! filter/known/ACCOUNT HASH   day on which the account last wrote to an address
//! filter/known-sum/ACCOUNT    how many those are
//! filter/grey/HASH            day on which a network last came again with mail of a domain
//! ```
//! Messages that are waited for stand in memory only: after a restart they are asked for once more.

use crate::{client, policy::GreylistMode};
use config::Limits;
use mail::address::Address;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use store::{AccountId, Store, Tx};

const KNOWN: &[u8] = b"filter/known/";
const KNOWN_SUMS: &[u8] = b"filter/known-sum/";
const GREY: &[u8] = b"filter/grey/";
/// Time within which a message has to come again.
const COMES_AGAIN_WITHIN: Duration = Duration::from_secs(24 * 3600);
/// Days for which a network that came again is trusted to do so.
const TRUSTED_DAYS: u32 = 36;

pub(crate) fn hash(parts: &[&[u8]]) -> [u8; 8] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_be_bytes()).update(part);
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    first
}

/// Days since 1970.
pub(crate) fn day(at: i64) -> u32 {
    u32::try_from(at / 86_400_000).unwrap_or(0)
}

fn known_key(account: AccountId, address: &str) -> Vec<u8> {
    [KNOWN, &account.0.to_be_bytes(), &hash(&[address.to_lowercase().as_bytes()])].concat()
}

/// Whether an account has written to an address.
pub(crate) fn knows(store: &Store, account: AccountId, address: &str) -> Result<bool, store::Error> {
    Ok(store.record::<u32>(&known_key(account, address))?.is_some())
}

/// Those of the addresses that an account has not written to yet.
pub(crate) fn unknown(store: &Store, account: AccountId, to: &[Address]) -> Result<Vec<String>, store::Error> {
    let mut unknown = Vec::new();
    for address in to {
        let key = address.key();
        if !knows(store, account, &key)? {
            unknown.push(key);
        }
    }
    Ok(unknown)
}

/// Notes that an account writes to these. When there are too many, no more are noted.
pub(crate) fn note(tx: &mut Tx<'_>, account: AccountId, to: &[String], day: u32) -> Result<(), store::Error> {
    let sum_key = [KNOWN_SUMS, &account.0.to_be_bytes()].concat();
    let mut sum: u32 = tx.record(&sum_key)?.unwrap_or_default();
    for address in to {
        let key = known_key(account, address);
        if tx.record::<u32>(&key)?.is_none() && (sum as usize) < Limits::KNOWN_PER_ACCOUNT_MAX {
            tx.record_put(&key, &day)?;
            sum += 1;
        }
    }
    tx.record_put(&sum_key, &sum)
}

/// Messages that are to come again.
#[derive(Debug, Default)]
pub(crate) struct Greylist {
    waiting: Mutex<HashMap<[u8; 8], i64>>,
}

/// What greylisting says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grey {
    /// The network is known to come again.
    Trusted,
    /// It has come again just now; to be noted.
    CameAgain,
    /// It is to come again.
    Wait,
}

impl Greylist {
    /// Looks at one recipient of a message. `at`: milliseconds since 1970.
    pub(crate) fn look(
        &self,
        store: &Store,
        client: IpAddr,
        sender: &str,
        recipient: &str,
        at: i64,
        delay: Duration,
    ) -> Result<Grey, store::Error> {
        let network = network(client);
        if store.record::<u32>(&trusted_key(&network, sender))?.is_some_and(|last| day(at) <= last + TRUSTED_DAYS) {
            return Ok(Grey::Trusted);
        }
        let triplet = hash(&[&network, sender.to_lowercase().as_bytes(), recipient.to_lowercase().as_bytes()]);
        let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = waiting.get(&triplet).copied() {
            let waited = at.saturating_sub(since);
            if waited < millis(delay) {
                return Ok(Grey::Wait);
            }
            waiting.remove(&triplet);
            if waited < millis(COMES_AGAIN_WITHIN) {
                return Ok(Grey::CameAgain);
            }
        }
        if waiting.len() >= Limits::GREYLIST_WAITING_MAX {
            waiting.retain(|_, since| at.saturating_sub(*since) < millis(COMES_AGAIN_WITHIN));
        }
        // A table that is still full is being filled on purpose: then nobody has to wait.
        if waiting.len() >= Limits::GREYLIST_WAITING_MAX {
            return Ok(Grey::Trusted);
        }
        waiting.insert(triplet, at);
        Ok(Grey::Wait)
    }
}

/// Notes that a network came again.
pub(crate) fn trust(tx: &mut Tx<'_>, client: IpAddr, sender: &str, at: i64) -> Result<(), store::Error> {
    tx.record_put(&trusted_key(&network(client), sender), &day(at))
}

/// Forgets networks that have not come for long; at most so many.
pub(crate) fn forget(store: &Store, tx: &mut Tx<'_>, today: u32, limit: usize) -> Result<(), store::Error> {
    let rows = store.records::<u32>(GREY)?;
    let old = rows.into_iter().filter(|(_, last)| today > last + TRUSTED_DAYS).take(limit);
    old.for_each(|(key, _)| tx.record_remove(&key));
    Ok(())
}

fn trusted_key(network: &[u8], sender: &str) -> Vec<u8> {
    let domain = sender.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase();
    [GREY, &hash(&[network, domain.as_bytes()])].concat()
}

/// A sender may come again from a neighbour: /24 of IPv4, /64 of IPv6.
fn network(client: IpAddr) -> Vec<u8> {
    match client {
        IpAddr::V4(four) => four.octets()[..3].to_vec(),
        IpAddr::V6(six) => six.octets()[..8].to_vec(),
    }
}

/// Whether a client has to wait at all in a mode.
pub(crate) fn applies(mode: GreylistMode, client: IpAddr, is_suspicious: bool) -> bool {
    match mode {
        GreylistMode::Off => false,
        GreylistMode::Suspicious => is_suspicious && !client::is_private(client),
        GreylistMode::All => true,
    }
}
