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

/// When an entry bounces.
pub fn expires(entry: &SpoolEntry, lifetime: Duration) -> i64 {
    entry.created.saturating_add(i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX))
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
