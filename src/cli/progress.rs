//! How far long work has come: a bar on a terminal, now and then a line of log elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::{
    io::{IsTerminal, stderr},
    time::{Duration, Instant},
};
use store::Progress;

/// Work shorter than this shows nothing.
const QUIET: Duration = Duration::from_millis(400);
/// Between two lines of log.
const LOG_EVERY: Duration = Duration::from_secs(5);

/// What the numbers count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Bytes,
    Commits,
}

/// Shows how far one piece of work has come.
pub(crate) struct Shown {
    what: &'static str,
    unit: Unit,
    began: Instant,
    logged: Instant,
    bar: Option<ProgressBar>,
}

impl Shown {
    pub(crate) fn new(what: &'static str, unit: Unit) -> Self {
        let now = Instant::now();
        Self { what, unit, began: now, logged: now, bar: None }
    }

    /// To be called as often as is convenient.
    pub(crate) fn at(&mut self, progress: Progress) {
        let Progress { done, total } = progress;
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
        } else if self.began.elapsed() < QUIET {
        } else if stderr().is_terminal() {
            self.bar = Some(self.new_bar(total));
        } else if self.logged.elapsed() >= LOG_EVERY {
            self.logged = Instant::now();
            tracing::info!(done, total, unit = self.unit.name(), "{}", self.what);
        }
    }

    fn new_bar(&self, total: u64) -> ProgressBar {
        let numbers = match self.unit {
            Unit::Bytes => "{bytes} of {total_bytes}",
            Unit::Commits => "{human_pos} of {human_len}",
        };
        let template = format!("{{msg}} [{{bar:32}}] {numbers} {}, {{eta}} left", self.unit.name());
        let bar = ProgressBar::new(total).with_message(self.what).with_elapsed(self.began.elapsed());
        bar.with_style(ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()))
    }
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Bytes => "read",
            Self::Commits => "commits",
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
