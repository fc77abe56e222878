//! Draining: stop taking connections, let what runs finish, then go.

use std::{future::Future, time::Duration};
pub use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Handed to everything that runs. Cloning is cheap; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    /// Cancelled when draining begins.
    pub draining: CancellationToken,
    /// Every session and worker is spawned on it, so that the end of draining is known.
    pub tasks: TaskTracker,
}

impl Shutdown {
    /// Runs a task whose end draining waits for.
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(task);
    }

    /// Begins draining and waits until all tasks have ended, at most `patience`. Says whether they all did.
    pub async fn drain(&self, patience: Duration) -> bool {
        self.draining.cancel();
        self.tasks.close();
        tokio::time::timeout(patience, self.tasks.wait()).await.is_ok()
    }
}
