//! What words tell, learned from mail that people sorted: Robinson's and Fisher's way of putting many hints together.
//!
//! Layout: `words` from a message to what is counted, `memory` what is kept in the store, for everybody and for each account.

pub(crate) mod memory;
pub(crate) mod words;

use std::fmt;

/// Strength of the assumption about a word seldom seen, in messages.
const PRIOR_STRENGTH: f64 = 0.1;
/// What is assumed of a word never seen.
const PRIOR: f64 = 0.45;
/// Words nearer to one half than this tell nothing.
const DEVIATION_MIN: f64 = 0.15;
/// Words that are heard, the clearest first.
const HEARD_MAX: usize = 180;
/// Messages of each kind that must have been learned before anything is said.
const LEARNED_MIN: u32 = 20;

/// How often something was seen, in junk and in other mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// In junk.
    pub spam: u32,
    /// In other mail.
    pub ham: u32,
}

/// How likely a message is junk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Probability {
    /// Parts of a million.
    pub ppm: u32,
    /// Words that were heard.
    pub words: u32,
}

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02} %", self.ppm / 10_000, self.ppm % 10_000 / 100)
    }
}

/// Puts the hints of all words together. `None` while too little has been learned.
pub fn combine(counts: impl Iterator<Item = Count>, messages: Count) -> Option<Probability> {
    if messages.spam < LEARNED_MIN || messages.ham < LEARNED_MIN {
        return None;
    }
    let mut hints: Vec<f64> = counts
        .filter(|count| count.spam + count.ham > 0)
        .map(|count| hint(count, messages))
        .filter(|hint| (hint - 0.5).abs() >= DEVIATION_MIN)
        .collect();
    hints.sort_by(|a, b| (b - 0.5).abs().total_cmp(&(a - 0.5).abs()));
    hints.truncate(HEARD_MAX);
    let words = hints.len() as u32;
    if hints.is_empty() {
        return Some(Probability { ppm: 500_000, words });
    }
    let degrees = 2 * hints.len();
    let for_spam = chi_square(-2.0 * hints.iter().map(|hint| (1.0 - hint).ln()).sum::<f64>(), degrees);
    let for_ham = chi_square(-2.0 * hints.iter().map(|hint| hint.ln()).sum::<f64>(), degrees);
    // Where both are near zero the words contradict each other, and the result is in the middle.
    let likely = (1.0 + for_ham - for_spam) / 2.0;
    Some(Probability { ppm: (likely.clamp(0.0, 1.0) * 1e6) as u32, words })
}

/// How much one word speaks for junk, from 0 to 1.
fn hint(count: Count, messages: Count) -> f64 {
    let spam = f64::from(count.spam) / f64::from(messages.spam);
    let ham = f64::from(count.ham) / f64::from(messages.ham);
    let raw = spam / (spam + ham);
    let seen = f64::from(count.spam + count.ham);
    let hint = (PRIOR_STRENGTH * PRIOR + seen * raw) / (PRIOR_STRENGTH + seen);
    hint.clamp(1e-4, 1.0 - 1e-4)
}

/// Probability that chance alone gives at least this (even degrees of freedom).
fn chi_square(value: f64, degrees: usize) -> f64 {
    let half = value / 2.0;
    let mut log_term = -half;
    let mut sum = log_term.exp();
    for step in 1..degrees / 2 {
        log_term += (half / step as f64).ln();
        sum += log_term.exp();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LEARNED: Count = Count { spam: 100, ham: 100 };

    #[test]
    fn clear_words_give_a_clear_answer() {
        let spam = std::iter::repeat_n(Count { spam: 20, ham: 0 }, 10);
        let ham = std::iter::repeat_n(Count { spam: 0, ham: 20 }, 10);
        assert!(combine(spam.clone(), LEARNED).unwrap().ppm > 990_000);
        assert!(combine(ham.clone(), LEARNED).unwrap().ppm < 10_000);
        let both = combine(spam.chain(ham), LEARNED).unwrap().ppm;
        assert!((400_000..600_000).contains(&both), "{both}");
        assert_eq!(combine(std::iter::empty(), Count { spam: 1, ham: 100 }), None);
    }

    proptest! {
        #[test]
        fn any_counts_give_a_probability(counts: Vec<(u16, u16)>, spam in 20u32..1000, ham in 20u32..1000) {
            let counts = counts.into_iter().map(|(spam, ham)| Count { spam: spam.into(), ham: ham.into() });
            let likely = combine(counts, Count { spam, ham }).unwrap();
            prop_assert!(likely.ppm <= 1_000_000);
        }
    }
}
