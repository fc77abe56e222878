//! Failed sign-ins, counted by address (IPv6: by /64) and by the name that was tried, whether it exists or not. Both are
//! in memory and bounded.
//!
//! A network from which an account has signed in lately is not held up by what others try on that account; otherwise
//! anyone could keep a person out.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};
use store::AccountId;

/// Entries of each kind.
const ENTRIES_MAX: usize = 32_768;
/// Bytes of a name that are counted under it.
const NAME_BYTES_MAX: usize = 256;

pub(crate) struct Throttle {
    address_max: u32,
    name_max: u32,
    addresses: Failures<IpAddr>,
    names: Failures<String>,
    friends: HashMap<(AccountId, IpAddr), Instant>,
}

struct Failures<K>(HashMap<K, (u32, Instant)>);

impl Throttle {
    pub(crate) fn new(limits: &config::Limits) -> Self {
        Self {
            address_max: limits.sign_in_failures_per_address_max,
            name_max: limits.sign_in_failures_per_account_max,
            addresses: Failures(HashMap::new()),
            names: Failures(HashMap::new()),
            friends: HashMap::new(),
        }
    }

    /// How long to wait before a further try, if at all.
    pub(crate) fn wait(
        &self,
        client: IpAddr,
        name: &str,
        account: Option<AccountId>,
        now: Instant,
    ) -> Option<Duration> {
        let network = network(client);
        let by_address = self.addresses.wait(&network, self.address_max, now);
        let friend = account.is_some_and(|account| self.friends.contains_key(&(account, network)));
        let by_name = if friend { None } else { self.names.wait(&key(name), self.name_max, now) };
        by_address.max(by_name)
    }

    /// Counts a failure.
    pub(crate) fn failed(&mut self, client: IpAddr, name: &str, now: Instant) {
        self.addresses.count(network(client), now);
        self.names.count(key(name), now);
    }

    /// The network is a friend of the account from now on.
    pub(crate) fn succeeded(&mut self, client: IpAddr, account: AccountId, now: Instant) {
        make_room(&mut self.friends, |since| *since);
        self.friends.insert((account, network(client)), now);
    }
}

impl<K: Eq + Hash + Clone> Failures<K> {
    fn wait(&self, key: &K, max: u32, now: Instant) -> Option<Duration> {
        let (count, since) = self.0.get(key)?;
        let left = config::Limits::SIGN_IN_WINDOW.checked_sub(now.duration_since(*since))?;
        (*count >= max && !left.is_zero()).then_some(left)
    }

    fn count(&mut self, key: K, now: Instant) {
        make_room(&mut self.0, |(_, since)| *since);
        let entry = self.0.entry(key).or_insert((0, now));
        if now.duration_since(entry.1) >= config::Limits::SIGN_IN_WINDOW {
            *entry = (0, now);
        }
        entry.0 = entry.0.saturating_add(1);
    }
}

/// When full, the older half goes: once in many thousand failures, so its cost does not matter.
fn make_room<K: Eq + Hash + Clone, V>(map: &mut HashMap<K, V>, since: impl Fn(&V) -> Instant) {
    if map.len() < ENTRIES_MAX {
        return;
    }
    let mut ages: Vec<Instant> = map.values().map(&since).collect();
    let (_, middle, _) = ages.select_nth_unstable(ENTRIES_MAX / 2);
    let middle = *middle;
    map.retain(|_, value| since(value) > middle);
}

fn key(name: &str) -> String {
    name.chars().flat_map(char::to_lowercase).take(NAME_BYTES_MAX).collect()
}

fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle() -> Throttle {
        let limits = config::Limits {
            sign_in_failures_per_address_max: 3,
            sign_in_failures_per_account_max: 2,
            ..config::Limits::default()
        };
        Throttle::new(&limits)
    }

    #[test]
    fn failures_are_counted_by_address_and_by_name_within_the_window() {
        let mut throttle = throttle();
        let begin = Instant::now();
        let client: IpAddr = "2001:db8::1".parse().unwrap();
        let neighbour: IpAddr = "2001:db8::2".parse().unwrap();
        let other: IpAddr = "192.0.2.1".parse().unwrap();
        throttle.failed(client, "a@x", begin);
        throttle.failed(client, "A@x", begin);
        assert_eq!(throttle.wait(other, "a@X", None, begin), Some(config::Limits::SIGN_IN_WINDOW));
        assert_eq!(throttle.wait(neighbour, "b@x", None, begin), None);
        throttle.failed(client, "c@x", begin);
        assert!(throttle.wait(neighbour, "b@x", None, begin).is_some());
        let later = begin + config::Limits::SIGN_IN_WINDOW;
        assert_eq!(throttle.wait(client, "a@x", None, later), None);
    }

    #[test]
    fn a_known_network_is_not_kept_out_by_others() {
        let mut throttle = throttle();
        let now = Instant::now();
        let home: IpAddr = "192.0.2.1".parse().unwrap();
        let foe: IpAddr = "198.51.100.1".parse().unwrap();
        throttle.succeeded(home, AccountId(7), now);
        for _ in 0..3 {
            throttle.failed(foe, "a@x", now);
        }
        assert_eq!(throttle.wait(home, "a@x", Some(AccountId(7)), now), None);
        assert!(throttle.wait(foe, "a@x", Some(AccountId(7)), now).is_some());
        assert!(throttle.wait("192.0.2.2".parse().unwrap(), "a@x", Some(AccountId(7)), now).is_some());
    }

    #[test]
    fn memory_is_bounded() {
        let mut throttle = throttle();
        let now = Instant::now();
        for n in 0..(ENTRIES_MAX as u32 + 100) {
            let at = now + Duration::from_millis(n.into());
            throttle.failed(IpAddr::V4((0x0a00_0000 + n).into()), &format!("{n}@x"), at);
        }
        assert!(throttle.addresses.0.len() <= ENTRIES_MAX);
        assert!(throttle.names.0.len() <= ENTRIES_MAX);
    }
}
