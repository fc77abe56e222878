//! Networks that are shut out for a while: by what they did, or by an admin. Kept in the store, shown, and taken back at any time.
//!
//! Offences (failed sign-ins, unknown recipients, attempts to relay, wrong commands) are counted for each address (IPv6: each
//! /64) over all protocols, in memory. This machine itself is never banned.

use crate::{
    Directory, Error, locked, now_ms,
    row::{self, Records as _},
};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

/// Bans at once; beyond it no further ones are made by offences.
const BANS_MAX: usize = 5000;
/// Addresses whose offences are counted at once.
const COUNTED_MAX: usize = 32_768;
/// Octets of a reason.
const REASON_BYTES_MAX: usize = 500;

/// A network that is shut out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// Network.
    pub network: IpNet,
    /// Since when, milliseconds since 1970.
    pub since: i64,
    /// Until when, milliseconds since 1970.
    pub until: i64,
    /// Why, in words.
    pub reason: String,
}

/// What a client did. Each counts by its weight; [`config::Limits::offences_max`] is their sum within
/// [`config::Limits::SIGN_IN_WINDOW`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offence {
    /// A wrong name or password.
    SignIn,
    /// Mail to an address that is not here.
    UnknownRecipient,
    /// Mail for elsewhere without having signed in.
    Relaying,
    /// Too many wrong commands in one session.
    Commands,
}

impl Offence {
    fn weight(self) -> u32 {
        match self {
            Self::SignIn | Self::Relaying => 5,
            Self::UnknownRecipient => 2,
            Self::Commands => 10,
        }
    }
    fn words(self) -> &'static str {
        match self {
            Self::SignIn => "failed sign-ins",
            Self::UnknownRecipient => "mail to unknown recipients",
            Self::Relaying => "attempts to relay",
            Self::Commands => "sessions with wrong commands",
        }
    }
}

/// In memory: the bans that hold, and what was counted.
#[derive(Default)]
pub(crate) struct Bans {
    held: Vec<Ban>,
    counted: HashMap<IpAddr, (u32, Instant)>,
}

impl Directory {
    /// Bans that hold, the newest last.
    pub fn bans(&self) -> Vec<Ban> {
        let now = now_ms();
        let mut bans = locked(&self.inner.bans);
        bans.held.retain(|ban| ban.until > now);
        bans.held.clone()
    }

    /// Whether an address is shut out.
    pub fn is_banned(&self, client: IpAddr) -> bool {
        let (client, now) = (client.to_canonical(), now_ms());
        locked(&self.inner.bans).held.iter().any(|ban| ban.until > now && ban.network.contains(&client))
    }

    /// Shuts a network out.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a network that holds this machine or nearly everybody, or when there are too many bans.
    pub async fn ban(&self, network: IpNet, time: Duration, reason: &str) -> Result<Ban, Error> {
        let network = network.trunc();
        let too_wide = network.prefix_len() < if network.addr().is_ipv4() { 8 } else { 16 };
        if too_wide || holds_loopback(&network) {
            return Err(Error::Invalid(format!("{network} cannot be banned: it holds too many, or this machine")));
        }
        let ban = new(network, time, reason);
        if !self.hold(&ban) {
            return Err(Error::Invalid(format!("there are {BANS_MAX} bans already: take some back first")));
        }
        self.keep_ban(ban.clone()).await?;
        Ok(ban)
    }

    /// Takes a ban back, and forgets what the network did.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub async fn unban(&self, network: IpNet) -> Result<(), Error> {
        let network = network.trunc();
        let key = row::ban(&network.to_string());
        self.commit(move |tx| {
            tx.record_remove(&key);
            Ok(())
        })
        .await?;
        let mut bans = locked(&self.inner.bans);
        let before = bans.held.len();
        bans.held.retain(|ban| ban.network != network);
        bans.counted.retain(|address, _| !network.contains(address));
        if bans.held.len() == before {
            return Err(Error::NotFound(format!("a ban of {network}")));
        }
        tracing::info!(%network, "ban taken back");
        Ok(())
    }

    /// Counts what a client did; too much of it shuts its network out for [`config::Limits::ban_time`].
    pub fn offence(&self, client: IpAddr, offence: Offence) {
        let client = client.to_canonical();
        if client.is_loopback() || client.is_unspecified() {
            return;
        }
        let limits = &self.inner.ban_limits;
        let network = network_of(client);
        if !locked(&self.inner.bans).count(network.addr(), offence.weight(), limits.0, Instant::now()) {
            return;
        }
        let ban = new(network, limits.1, &format!("too many offences, the last kind: {}", offence.words()));
        if !self.hold(&ban) {
            tracing::warn!(%network, "not banned: there are too many bans");
            return;
        }
        metrics::counter!("gatepost_bans_total").increment(1);
        tracing::warn!(%network, reason = ban.reason, "banned");
        let directory = self.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = directory.keep_ban(ban).await {
                    tracing::error!(%error, "a ban holds until the next start only");
                }
            });
        }
    }

    fn hold(&self, ban: &Ban) -> bool {
        let now = now_ms();
        let mut bans = locked(&self.inner.bans);
        bans.held.retain(|held| held.until > now && held.network != ban.network);
        let room = bans.held.len() < BANS_MAX;
        if room {
            bans.held.push(ban.clone());
        }
        room
    }

    async fn keep_ban(&self, ban: Ban) -> Result<(), Error> {
        let now = now_ms();
        self.commit(move |tx| {
            for (key, old) in tx.all::<Ban>(row::BANS)? {
                if old.until <= now {
                    tx.record_remove(&key);
                }
            }
            row::put(tx, &row::ban(&ban.network.to_string()), &ban)
        })
        .await
    }
}

impl Bans {
    /// What the store holds.
    pub(crate) fn load(store: &store::Store) -> Self {
        let rows = store.all::<Ban>(row::BANS).unwrap_or_else(|error| {
            tracing::error!(%error, "the bans cannot be read");
            Vec::new()
        });
        let mut held: Vec<Ban> = rows.into_iter().map(|(_, ban)| ban).collect();
        held.sort_by_key(|ban| ban.since);
        Self { held, counted: HashMap::new() }
    }

    /// Adds to an address's count; whether it is over the bound with this.
    fn count(&mut self, address: IpAddr, weight: u32, max: u32, now: Instant) -> bool {
        let window = config::Limits::SIGN_IN_WINDOW;
        if self.counted.len() >= COUNTED_MAX && !self.counted.contains_key(&address) {
            self.counted.retain(|_, (_, since)| now.duration_since(*since) < window);
            if self.counted.len() >= COUNTED_MAX {
                self.counted.clear();
            }
        }
        let entry = self.counted.entry(address).or_insert((0, now));
        if now.duration_since(entry.1) >= window {
            *entry = (0, now);
        }
        entry.0 = entry.0.saturating_add(weight);
        let over = entry.0 >= max;
        if over {
            self.counted.remove(&address);
        }
        over
    }
}

fn new(network: IpNet, time: Duration, reason: &str) -> Ban {
    let since = now_ms();
    let until = since.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
    let mut reason = reason.to_owned();
    reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
    Ban { network, since, until, reason }
}

fn holds_loopback(network: &IpNet) -> bool {
    [IpAddr::from([127, 0, 0, 1]), IpAddr::V6(Ipv6Addr::LOCALHOST)].iter().any(|address| network.contains(address))
}

/// One IPv4 address, or the /64 of an IPv6 address.
fn network_of(client: IpAddr) -> IpNet {
    match client {
        IpAddr::V4(_) => IpNet::from(client),
        IpAddr::V6(_) => IpNet::new(client, 64).map_or_else(|_| IpNet::from(client), |network| network.trunc()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offences_add_up_within_the_window() {
        let (mut bans, begin) = (Bans::default(), Instant::now());
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        assert!(!bans.count(one, 5, 10, begin));
        assert!(!bans.count(other, 5, 10, begin));
        assert!(bans.count(one, 5, 10, begin));
        assert!(!bans.count(one, 5, 10, begin), "the count begins anew after a ban");
        assert!(!bans.count(other, 5, 10, begin + config::Limits::SIGN_IN_WINDOW));
    }

    #[test]
    fn memory_is_bounded() {
        let (mut bans, begin) = (Bans::default(), Instant::now());
        for number in 0..(COUNTED_MAX as u32 + 100) {
            bans.count(IpAddr::V4((0x0a00_0000 + number).into()), 1, 10, begin);
        }
        assert!(bans.counted.len() <= COUNTED_MAX);
    }

    #[test]
    fn a_client_of_ipv6_is_its_network() {
        assert_eq!(network_of("2001:db8::1:2".parse().unwrap()).to_string(), "2001:db8::/64");
        assert_eq!(network_of("192.0.2.9".parse().unwrap()).to_string(), "192.0.2.9/32");
        assert!(holds_loopback(&"127.0.0.0/8".parse().unwrap()) && !holds_loopback(&"10.0.0.0/8".parse().unwrap()));
    }
}
