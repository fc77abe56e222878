//! Bounds on connections, in all and per address (IPv6: per /64).

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Addresses remembered at once, those with open connections apart.
const ADDRESSES_MAX: usize = 32_768;
/// The time over which new connections are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// Counts the connections of one protocol. Cloning is cheap; all clones count together.
#[derive(Debug, Clone)]
pub struct ConnectionLimits {
    shared: Arc<Shared>,
}

/// A counted connection; dropping it gives its place back.
#[derive(Debug)]
pub struct Permit {
    shared: Arc<Shared>,
    network: IpAddr,
}

/// Why a connection is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// All places are taken.
    #[error("too many connections")]
    Full,
    /// This address has too many connections.
    #[error("too many connections from your address")]
    Address,
    /// This address connects too often.
    #[error("too many new connections from your address")]
    Rate,
    /// This address is banned.
    #[error("your address is banned here for a while")]
    Banned,
}

#[derive(Debug)]
struct Shared {
    open_max: usize,
    remote: Bounds,
    /// A proxy or a load test on this machine is one address for many people.
    local: Bounds,
    counts: Mutex<Counts>,
}

#[derive(Debug, Clone, Copy)]
struct Bounds {
    open_max: usize,
    per_minute_max: usize,
}

#[derive(Debug, Default)]
struct Counts {
    open: usize,
    networks: HashMap<IpAddr, Network>,
}

/// New connections are counted by two fixed windows; the older one counts by the part of it that is still within the
/// last minute. That is a sliding rate in constant memory.
#[derive(Debug)]
struct Network {
    open: usize,
    window_begin: Instant,
    window_count: usize,
    previous_count: usize,
}

impl ConnectionLimits {
    /// Bounds from the configuration.
    pub fn new(limits: &config::Limits) -> Self {
        let shared = Shared {
            open_max: limits.connections_max,
            remote: Bounds {
                open_max: limits.connections_per_address_max,
                per_minute_max: limits.connections_per_address_per_minute_max,
            },
            local: Bounds {
                open_max: limits.connections_local_max,
                per_minute_max: limits.connections_local_per_minute_max,
            },
            counts: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Counts a connection.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn admit(&self, client: IpAddr) -> Result<Permit, Refusal> {
        self.admit_at(client, Instant::now())
    }

    fn admit_at(&self, client: IpAddr, now: Instant) -> Result<Permit, Refusal> {
        let client = client.to_canonical();
        let bounds = if client.is_loopback() { self.shared.local } else { self.shared.remote };
        let network = network(client);
        let mut counts = self.shared.counts();
        if counts.open >= self.shared.open_max {
            return Err(Refusal::Full);
        }
        counts.make_room(now);
        let entry = counts.networks.entry(network).or_insert_with(|| Network::new(now));
        entry.slide(now);
        if entry.open >= bounds.open_max {
            return Err(Refusal::Address);
        }
        if entry.rate(now) >= bounds.per_minute_max {
            return Err(Refusal::Rate);
        }
        entry.window_count += 1;
        entry.open += 1;
        counts.open += 1;
        drop(counts);
        Ok(Permit { shared: self.shared.clone(), network })
    }

    /// Connections now.
    pub fn open(&self) -> usize {
        self.shared.counts().open
    }
}

impl Shared {
    /// The counts stay usable after a panic elsewhere: each change of them is complete before anything can fail.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// Keeps memory bounded: forgets addresses of which nothing is open, first those that count for nothing any more.
    fn make_room(&mut self, now: Instant) {
        if self.networks.len() < ADDRESSES_MAX + self.open {
            return;
        }
        self.networks.retain(|_, network| network.open > 0 || now.duration_since(network.window_begin) < WINDOW * 2);
        if self.networks.len() >= ADDRESSES_MAX + self.open {
            self.networks.retain(|_, network| network.open > 0);
        }
    }
}

impl Network {
    fn new(now: Instant) -> Self {
        Self { open: 0, window_begin: now, window_count: 0, previous_count: 0 }
    }

    fn slide(&mut self, now: Instant) {
        let age = now.duration_since(self.window_begin);
        if age >= WINDOW * 2 {
            (self.window_begin, self.previous_count, self.window_count) = (now, 0, 0);
        } else if age >= WINDOW {
            self.window_begin += WINDOW;
            (self.previous_count, self.window_count) = (self.window_count, 0);
        }
    }

    fn rate(&self, now: Instant) -> usize {
        let gone = now.duration_since(self.window_begin).as_secs_f64() / WINDOW.as_secs_f64();
        // Truncation errs by less than one connection.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let previous = (self.previous_count as f64 * (1.0 - gone).max(0.0)) as usize;
        previous + self.window_count
    }
}

/// One customer of an IPv6 provider has a whole /64 to choose addresses from.
fn network(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.shared.counts();
        counts.open -= 1;
        if let Some(network) = counts.networks.get_mut(&self.network) {
            network.open -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(open: usize, per_minute: usize) -> ConnectionLimits {
        ConnectionLimits::new(&config::Limits {
            connections_max: 5,
            connections_per_address_max: open,
            connections_per_address_per_minute_max: per_minute,
            ..config::Limits::default()
        })
    }

    #[test]
    fn an_address_and_the_whole_have_bounds() {
        let limits = limits(3, 100);
        let near: IpAddr = "2001:db8:0:1::1".parse().unwrap();
        let same_network: IpAddr = "2001:db8:0:1:ffff::2".parse().unwrap();
        let other: IpAddr = "2001:db8:0:2::1".parse().unwrap();
        let mut held: Vec<Permit> = (0..3).map(|_| limits.admit(near).unwrap()).collect();
        assert_eq!(limits.admit(same_network).unwrap_err(), Refusal::Address);
        held.push(limits.admit(other).unwrap());
        held.push(limits.admit(other).unwrap());
        assert_eq!(limits.admit(other).unwrap_err(), Refusal::Full);
        assert_eq!(limits.open(), 5);
        held.clear();
        assert_eq!(limits.open(), 0);
        assert!(limits.admit(same_network).is_ok());
    }

    #[test]
    fn the_rate_slides() {
        let limits = limits(3, 10);
        let client: IpAddr = "192.0.2.1".parse().unwrap();
        let begin = Instant::now();
        for _ in 0..10 {
            limits.admit_at(client, begin).unwrap();
        }
        assert_eq!(limits.admit_at(client, begin).unwrap_err(), Refusal::Rate);
        // Half of the old window still counts one and a half minutes later.
        let later = begin + Duration::from_secs(90);
        for _ in 0..5 {
            limits.admit_at(client, later).unwrap();
        }
        assert_eq!(limits.admit_at(client, later).unwrap_err(), Refusal::Rate);
        assert!(limits.admit_at(client, begin + Duration::from_secs(300)).is_ok());
    }

    #[test]
    fn memory_is_bounded() {
        let limits = limits(3, 10);
        let now = Instant::now();
        for n in 0..(ADDRESSES_MAX as u32 + 5000) {
            limits.admit_at(IpAddr::V4((0x0a00_0000 + n).into()), now).unwrap();
        }
        assert!(limits.shared.counts().networks.len() <= ADDRESSES_MAX + 1);
    }

    #[test]
    fn this_machine_has_its_own_bounds() {
        let limits = ConnectionLimits::new(&config::Limits::default());
        let held: Vec<_> = (0..500).map(|_| limits.admit("127.0.0.1".parse().unwrap()).unwrap()).collect();
        for _ in 0..5000 {
            limits.admit("::1".parse().unwrap()).unwrap();
            limits.admit("127.0.0.1".parse().unwrap()).unwrap();
        }
        assert_eq!(limits.open(), held.len());
    }
}
