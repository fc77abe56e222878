//! Draining: stop taking connections, let what runs finish, then go.

pub use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Handed to everything that runs. Cloning is cheap; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    /// Cancelled when draining begins.
    pub draining: CancellationToken,
    /// Every session and worker is spawned on it, so that the end of draining is known.
    pub tasks: TaskTracker,
}
