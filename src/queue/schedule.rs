//! When to try again.

use std::time::Duration;
use store::spool::SpoolEntry;

/// Minutes before the next try, by the number of tries so far; the last one repeats. RFC 5321 section 4.5.4.1 asks for 30
/// minutes at least in general and allows the first tries to be closer, which is what gets mail past greylisting.
const BACKOFF_MINUTES: [i64; 6] = [5, 15, 30, 60, 120, 240];

/// Time before the next try after `attempts` failed ones, milliseconds.
pub fn backoff_ms(attempts: u32) -> i64 {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX).min(BACKOFF_MINUTES.len() - 1);
    BACKOFF_MINUTES[index] * 60_000
}

/// Milliseconds after an entry could be sent at first: when it came, or when its sender let it go (RFC 4865).
fn after(entry: &SpoolEntry, time: Duration) -> i64 {
    let begin = entry.terms.release_at.map_or(entry.created, |at| at.max(entry.created));
    begin.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

/// When an entry bounces: at the end of its time here, or when its sender gives it up (RFC 2852).
pub fn expires(entry: &SpoolEntry, lifetime: Duration) -> i64 {
    let end = after(entry, lifetime);
    entry.terms.deliver_by.filter(|by| by.give_up).map_or(end, |by| by.at.min(end))
}

/// When the sender is told of a delay: after a time, or when it said that it wants to be told (RFC 2852).
pub fn warns(entry: &SpoolEntry, warn_after: Duration) -> i64 {
    let usual = after(entry, warn_after);
    entry.terms.deliver_by.filter(|by| !by.give_up).map_or(usual, |by| by.at.min(usual))
}

/// When an entry is tried next after a failure at `now`: never past its end, so that a last try is made there.
pub fn next_attempt(attempts: u32, now: i64, expires: i64) -> i64 {
    now.saturating_add(backoff_ms(attempts)).min(expires)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_grow_apart_and_end_at_the_end() {
        let minutes: Vec<i64> = (1..=8).map(|attempts| backoff_ms(attempts) / 60_000).collect();
        assert_eq!(minutes, [5, 15, 30, 60, 120, 240, 240, 240]);
        assert_eq!(next_attempt(1, 1_000, 10_000), 10_000);
        assert_eq!(next_attempt(1, 0, i64::MAX), 300_000);
    }
}
