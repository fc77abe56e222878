//! What the system asks of a server.

use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A request by signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// SIGTERM or SIGINT: drain and end.
    Stop(&'static str),
    /// SIGHUP: read the configuration again.
    Reload,
}

/// The signals that a server heeds, from the moment this is made.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> Request {
        tokio::select! {
            _ = self.terminate.recv() => Request::Stop("SIGTERM"),
            _ = self.interrupt.recv() => Request::Stop("SIGINT"),
            _ = self.hang_up.recv() => Request::Reload,
        }
    }

    /// The next one that asks to stop. Some programs send theirs twice at once, to the process and to its group: what comes
    /// within a second is the same request.
    pub(crate) async fn stop_again(&mut self) -> &'static str {
        let since = Instant::now();
        loop {
            if let Request::Stop(name) = self.next().await
                && since.elapsed() > Duration::from_secs(1)
            {
                return name;
            }
        }
    }
}
