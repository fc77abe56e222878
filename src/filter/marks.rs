//! Header fields that tell mail programs of the verdict.

use crate::{milter::MilterFact, verdict::Verdict};
use mail::header;
use std::{fmt::Write as _, ops::Range};

/// Stars of X-Spam-Level.
const STARS_MAX: usize = 50;
/// Rules named in X-Spam-Status.
const RULES_MAX: usize = 40;

/// `X-Spam-Flag`, `X-Spam-Score`, `X-Spam-Level` and `X-Spam-Status`, as SpamAssassin has made them known.
pub(crate) fn fields(verdict: &Verdict) -> String {
    let mut fields = String::new();
    let flag = verdict.is_flagged();
    if flag {
        fields.push_str("X-Spam-Flag: YES\r\n");
    }
    let _ = write!(fields, "X-Spam-Score: {}\r\n", verdict.score);
    let stars = usize::try_from(verdict.score.0 / 100).unwrap_or(0).min(STARS_MAX);
    if stars > 0 {
        let _ = write!(fields, "X-Spam-Level: {}\r\n", "*".repeat(stars));
    }
    let _ = write!(fields, "X-Spam-Status: {}, score={}", if flag { "Yes" } else { "No" }, verdict.score);
    if verdict.junk_at.0 < i32::MAX {
        let _ = write!(fields, " required={}", verdict.junk_at);
    }
    let mut rules: Vec<&str> = verdict.reasons.iter().map(|reason| reason.rule).take(RULES_MAX).collect();
    rules.dedup();
    let rules = if rules.is_empty() { "none".to_owned() } else { rules.join(",\r\n\t") };
    let _ = write!(fields, "\r\n\ttests={rules}\r\n");
    fields
}

/// Where the fields stand that milters take out.
pub(crate) fn removed_by_milters(message: &[u8], facts: &[MilterFact]) -> Vec<Range<usize>> {
    let removed = facts.iter().flat_map(|fact| &fact.removed);
    let place = |(name, number): &(String, u32)| {
        let same = header::spans(message).filter(|field| field.name.eq_ignore_ascii_case(name.as_bytes()));
        same.skip((*number).saturating_sub(1) as usize).map(|field| field.span).next()
    };
    removed.filter_map(place).collect()
}

/// Fields that milters add; not those which only we may set.
pub(crate) fn of_milters(facts: &[MilterFact]) -> String {
    let mut fields = String::new();
    for (name, value) in facts.iter().flat_map(|fact| &fact.fields) {
        let lower = name.to_ascii_lowercase();
        if lower != "authentication-results" && !lower.starts_with("x-spam-") {
            let _ = write!(fields, "{name}: {value}\r\n");
        }
    }
    fields
}
