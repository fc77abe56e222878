//! Senders of forwarded mail (SRS): the sender of a message that is passed on becomes an address of ours, so that the next
//! server's SPF check passes, and a bounce to it finds its way back.
//!
//! `alice@origin.example`, forwarded by `here.example`, becomes `SRS0=KHHHHHHHH=TT=origin.example=alice@here.example`: K the
//! id of the key, H its HMAC over the rest, T the day. What is an SRS address of somebody else becomes SRS1 and
//! keeps their part as it is. Keys are kept in the store; those before the newest are valid for bounces still.

use crate::{
    Directory, Error, now_ms, random,
    row::{self, Records as _},
};
use aws_lc_rs::{constant_time, hmac};
use mail::address::Address;
use serde::{Deserialize, Serialize};

/// Letters of ids, hashes and days: base32, which survives servers that change case.
const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Letters of a hash: 40 bits.
const HASH_LETTERS: usize = 8;
const DAY_MS: i64 = 24 * 3600 * 1000;
/// Days for which a bounce is taken.
const VALID_DAYS: i64 = 21;
/// Days are counted in two letters.
const DAYS_MODULO: i64 = 1024;
/// Keys that are kept; the id of a key is its number modulo 32.
const KEYS_MAX: usize = 4;

/// A key.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Key {
    /// Letter in addresses.
    id: u8,
    secret: [u8; 32],
    /// When it was made, milliseconds since 1970.
    since: i64,
}

impl Directory {
    /// The address of ours that stands for a sender from elsewhere; `None` when it cannot be made: no key yet, or it would be
    /// longer than the 64 octets of a local part. `ours` is a domain of ours.
    ///
    /// # Errors
    /// Machine faults.
    pub fn srs_forward(&self, sender: &Address, ours: &str, now: i64) -> Result<Option<Address>, Error> {
        let keys: Vec<Key> = self.store().get(row::SRS)?.unwrap_or_default();
        let Some(key) = keys.last() else { return Ok(None) };
        Ok(forward(key, sender, ours, now))
    }

    /// The sender that an address of ours stands for; `None` when it is none, was not made here, or is too old.
    ///
    /// # Errors
    /// Machine faults.
    pub fn srs_back(&self, address: &Address, now: i64) -> Result<Option<Address>, Error> {
        if !is_srs(address.local()) {
            return Ok(None);
        }
        let keys: Vec<Key> = self.store().get(row::SRS)?.unwrap_or_default();
        Ok(back(&keys, address.local(), now))
    }

    /// Makes the first key, if there is none.
    ///
    /// # Errors
    /// Machine faults.
    pub async fn srs_ensure(&self) -> Result<(), Error> {
        if self.store().get::<Vec<Key>>(row::SRS)?.is_some_and(|keys| !keys.is_empty()) {
            return Ok(());
        }
        self.srs_add(true).await
    }

    /// Makes a new key; bounces to addresses made with those before it are taken still.
    ///
    /// # Errors
    /// Machine faults.
    pub async fn srs_rotate(&self) -> Result<(), Error> {
        self.srs_add(false).await
    }

    async fn srs_add(&self, first: bool) -> Result<(), Error> {
        let (secret, since) = (random::<32>(), now_ms());
        self.commit(move |tx| {
            let mut keys: Vec<Key> = tx.get(row::SRS)?.unwrap_or_default();
            if first && !keys.is_empty() {
                return Ok(());
            }
            let id = keys.last().map_or(b'A', |last| LETTERS[(value(last.id).unwrap_or(0) + 1) % LETTERS.len()]);
            keys.push(Key { id, secret, since });
            let spare = keys.len().saturating_sub(KEYS_MAX);
            keys.drain(..spare);
            row::put(tx, row::SRS, &keys)
        })
        .await
    }
}

/// After the tag `+` and `-` are met too. Octets: an address may be any UTF-8.
fn is_srs(local: &str) -> bool {
    match local.as_bytes() {
        [a, b, c, b'0' | b'1', b'=' | b'+' | b'-', ..] => [a, b, c].map(u8::to_ascii_uppercase) == *b"SRS",
        _ => false,
    }
}

fn forward(key: &Key, sender: &Address, ours: &str, now: i64) -> Option<Address> {
    let (local, domain) = (sender.local(), mail::address::domain_to_ascii(sender.domain()));
    let plain = local.is_ascii() && !local.contains(|c: char| c.is_ascii_control() || c.is_whitespace() || c == '"');
    if !plain {
        return None;
    }
    let (tag, rest) = match local.get(..4) {
        // The first forwarder's part stays as it is; the address leads back to that forwarder alone.
        Some(tag) if is_srs(local) && tag.eq_ignore_ascii_case("SRS0") => ("SRS1", format!("{domain}={}", &local[4..])),
        Some(_) if is_srs(local) => {
            let (first, inner) = local[5..].split_once('=')?.1.split_once('=')?;
            ("SRS1", format!("{first}={inner}"))
        }
        _ => ("SRS0", format!("{}={domain}={local}", day_letters(now / DAY_MS))),
    };
    let made = format!("{tag}={}{}={rest}", char::from(key.id), hash(key, &rest));
    // A sender that is too long for a local part (RFC 5321 section 4.5.3.1.1) goes out as it is.
    format!("{made}@{ours}").parse().ok()
}

fn back(keys: &[Key], local: &str, now: i64) -> Option<Address> {
    let (given, rest) = local.get(5..)?.split_once('=')?;
    let id = given.bytes().next()?.to_ascii_uppercase();
    let key = keys.iter().find(|key| key.id == id)?;
    let expected = hash(key, rest);
    let given = given.get(1..)?.to_ascii_uppercase();
    constant_time::verify_slices_are_equal(expected.as_bytes(), given.as_bytes()).ok()?;
    if local[..4].eq_ignore_ascii_case("SRS1") {
        let (first, inner) = rest.split_once('=')?;
        return format!("SRS0{inner}@{first}").parse().ok();
    }
    let mut parts = rest.splitn(3, '=');
    let (day, domain, user) = (parts.next()?, parts.next()?, parts.next()?);
    let age = (now / DAY_MS - day_number(day)?).rem_euclid(DAYS_MODULO);
    (age <= VALID_DAYS).then(|| format!("{user}@{domain}").parse().ok()).flatten()
}

/// Over the lower-case form: servers on the way may change case.
fn hash(key: &Key, rest: &str) -> String {
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &key.secret);
    let tag = hmac::sign(&secret, rest.to_ascii_lowercase().as_bytes());
    tag.as_ref().iter().take(HASH_LETTERS).map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

fn day_letters(day: i64) -> String {
    let day = usize::try_from(day.rem_euclid(DAYS_MODULO)).unwrap_or(0);
    [day / 32, day % 32].map(|at| char::from(LETTERS[at])).iter().collect()
}

fn day_number(letters: &str) -> Option<i64> {
    let [high, low]: [u8; 2] = letters.as_bytes().try_into().ok()?;
    i64::try_from(value(high)? * 32 + value(low)?).ok()
}

fn value(letter: u8) -> Option<usize> {
    LETTERS.iter().position(|known| *known == letter.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: u8) -> Key {
        Key { id, secret: [id; 32], since: 0 }
    }

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    const NOW: i64 = 20_000 * DAY_MS;

    #[test]
    fn a_sender_comes_back() {
        let keys = [key(b'A'), key(b'B')];
        for sender in ["alice@origin.example", "a+b=c@origin.example", "x@xn--bcher-kva.example"] {
            let made = forward(&keys[1], &address(sender), "here.example", NOW).unwrap();
            assert!(made.local().starts_with("SRS0=B"), "{made}");
            assert_eq!(back(&keys, made.local(), NOW).unwrap(), address(sender));
            assert_eq!(back(&keys, &made.local().to_lowercase(), NOW).unwrap(), address(sender));
            assert_eq!(back(&keys, made.local(), NOW + VALID_DAYS * DAY_MS).unwrap(), address(sender));
            assert_eq!(back(&keys, made.local(), NOW + (VALID_DAYS + 1) * DAY_MS), None);
            assert_eq!(back(&keys[..1], made.local(), NOW), None);
        }
    }

    #[test]
    fn a_second_forwarder_leads_back_to_the_first() {
        let first = forward(&key(b'A'), &address("alice@origin.example"), "one.example", NOW).unwrap();
        let second = forward(&key(b'B'), &first, "two.example", NOW).unwrap();
        assert!(second.local().starts_with("SRS1=B") && second.local().contains("=one.example=="), "{second}");
        assert_eq!(back(&[key(b'B')], second.local(), NOW).unwrap(), first);
        let third = forward(&key(b'C'), &second, "three.example", NOW).unwrap();
        assert_eq!(back(&[key(b'C')], third.local(), NOW).unwrap(), first);
    }

    #[test]
    fn nobody_else_can_make_one() {
        for other in ["", "abc\u{e9}x", "\u{20ac}\u{20ac}", "SRS", "SRS0", "srs2=x", "SRS0\u{e9}"] {
            assert!(!is_srs(other), "{other}");
        }
        let made = forward(&key(b'A'), &address("alice@origin.example"), "here.example", NOW).unwrap();
        let forged = made.local().replace("alice", "mallory");
        assert_eq!(back(&[key(b'A')], &forged, NOW), None);
        for wrong in ["SRS0=", "SRS0", "SRS0=A", "SRS0=AAAAAAAAA=A=x", "SRS1=AAAAAAAAA=x", "SRS0+A", "SRS0=\u{e9}=x"] {
            assert_eq!(back(&[key(b'A')], wrong, NOW), None, "{wrong}");
        }
    }
}
