//! The time, which tests may move forward.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// The system's clock plus an offset. Cloning is cheap; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    offset_ms: AtomicI64,
    moved: Notify,
}

impl Clock {
    /// Milliseconds since 1970.
    pub fn now(&self) -> i64 {
        smtp::intake::now().saturating_add(self.inner.offset_ms.load(Ordering::Acquire))
    }

    /// Moves the clock forward and wakes who waits for a time.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.inner.offset_ms.fetch_add(by, Ordering::AcqRel);
        self.inner.moved.notify_one();
    }

    /// Waits until the clock is moved.
    pub(crate) async fn moved(&self) {
        self.inner.moved.notified().await;
    }
}
