//! INPROGRESS (RFC 9585): a client that waits for long is told how far its command has come.

use crate::{error::write_line, proto::gather::tag_of, session::Session};
use std::{
    future::Future,
    io,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// From one telling to the next; a command that is done before the first is not told of.
const EVERY: Duration = Duration::from_secs(10);

/// How far work has come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    steps: Arc<(AtomicUsize, AtomicUsize)>,
}

impl Progress {
    /// So many steps are to be done.
    pub(crate) fn begin(&self, total: usize) {
        self.steps.1.store(total, Ordering::Relaxed);
    }

    /// So many more are done.
    pub(crate) fn done(&self, steps: usize) {
        self.steps.0.fetch_add(steps, Ordering::Relaxed);
    }

    /// What is done of the whole.
    fn figures(&self) -> (usize, usize) {
        let total = self.steps.1.load(Ordering::Relaxed);
        (self.steps.0.load(Ordering::Relaxed).min(total), total)
    }
}

impl Session {
    /// Waits for work, and tells how far it has come. `command` is the whole command, for its tag.
    pub(crate) async fn wait_for<T>(
        &mut self,
        command: &[u8],
        progress: &Progress,
        work: impl Future<Output = T>,
    ) -> io::Result<T> {
        let (mut work, mut ticks) = (pin!(work), ticks(EVERY));
        loop {
            if let Some(result) = done_or_due(work.as_mut(), &mut ticks).await {
                return Ok(result);
            }
            let code = code(tag_of(command).unwrap_or_default(), progress.figures());
            write_line(&mut self.wire.out, "*", "OK", &code, "Still at work");
            self.wire.flush().await?;
        }
    }
}

fn ticks(every: Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// What came of work, or nothing when it is time to tell of it.
async fn done_or_due<T>(work: Pin<&mut impl Future<Output = T>>, ticks: &mut Interval) -> Option<T> {
    tokio::select! {
        biased;
        result = work => Some(result),
        _ = ticks.tick() => None,
    }
}

/// RFC 9585 section 4: the tag, what is done, and the whole when that is known.
fn code(tag: &str, (done, total): (usize, usize)) -> String {
    match total {
        0 => format!("INPROGRESS (\"{tag}\" NIL NIL)"),
        total => format!("INPROGRESS (\"{tag}\" {done} {total})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_told_of_until_it_is_done() {
        let mut ticks = ticks(Duration::from_millis(1));
        assert_eq!(done_or_due(pin!(async { 7 }), &mut ticks).await, Some(7));
        let (done, work) = tokio::sync::oneshot::channel();
        let mut work = pin!(work);
        for _ in 0..3 {
            assert_eq!(done_or_due(work.as_mut(), &mut ticks).await, None);
        }
        done.send(8).expect("is waited for");
        assert_eq!(done_or_due(work, &mut ticks).await, Some(Ok(8)));
    }

    #[test]
    fn figures() {
        let progress = Progress::default();
        assert_eq!(code("a", progress.figures()), "INPROGRESS (\"a\" NIL NIL)");
        progress.begin(10);
        progress.done(4);
        assert_eq!(code("a", progress.figures()), "INPROGRESS (\"a\" 4 10)");
    }
}
