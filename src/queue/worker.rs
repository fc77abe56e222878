//! The loop that starts deliveries, and the workers that make them.
//!
//! Fatal: nothing. Temporary: a store or directory that cannot be read is asked again after [`PAUSE`]. A worker that
//! panics loses its place and frees its entries; they are tried again.

use crate::{
    Clock,
    attempt::{Attempt, Pressure},
    board::{Board, Slot},
    route::Destination,
    sign::Signer,
    sts::Policies,
};
use arc_swap::ArcSwap;
use config::Settings;
use directory::Directory;
use net::{dns::Resolver, shutdown::Shutdown};
use smtp::client::{Connection, Timeouts, Tls};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use store::Store;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};

/// Entries taken into memory in one go.
const BATCH: usize = 2000;
/// Entries held in memory at most.
const TAKEN_MAX: usize = 50_000;
/// Wait after a fault of the machine.
const PAUSE: Duration = Duration::from_secs(5);
/// Time for running deliveries to finish when draining.
const DRAIN: Duration = Duration::from_secs(30);

/// The queue. Cloning is cheap; all clones are one.
#[derive(Clone)]
pub struct Queue {
    pub(crate) shared: Arc<Shared>,
}

/// What the loop, the workers and the operations share.
pub(crate) struct Shared {
    pub(crate) directory: Directory,
    pub(crate) resolver: Resolver,
    pub(crate) settings: ArcSwap<Settings>,
    pub(crate) tls: Tls,
    pub(crate) timeouts: Timeouts,
    pub(crate) clock: Clock,
    pub(crate) nudge: Notify,
    /// Raised when entries were delivered, given up, put off or changed.
    pub(crate) changes: watch::Sender<u64>,
    pub(crate) board: Board,
    pub(crate) signer: Arc<Signer>,
    pub(crate) policies: Policies,
}

impl Shared {
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}

impl Queue {
    /// The queue of the directory's store. `tls`: how certificates of smarthosts are checked.
    pub fn new(directory: Directory, resolver: Resolver, settings: Arc<Settings>, tls: Tls) -> Self {
        Self::with(directory, resolver, settings, tls, Timeouts::default(), Clock::default())
    }

    /// As [`Queue::new`], with other time-outs and another clock.
    pub fn with(
        directory: Directory,
        resolver: Resolver,
        settings: Arc<Settings>,
        tls: Tls,
        timeouts: Timeouts,
        clock: Clock,
    ) -> Self {
        let settings = ArcSwap::new(settings);
        let shared = Shared {
            directory,
            resolver,
            settings,
            tls,
            timeouts,
            clock,
            nudge: Notify::new(),
            changes: watch::Sender::new(0),
            board: Board::default(),
            signer: Arc::default(),
            policies: Policies::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Takes new settings; tries under way keep theirs.
    pub fn reload(&self, settings: Arc<Settings>) {
        self.shared.settings.store(settings);
        self.shared.nudge.notify_one();
    }

    /// Wakes when entries were delivered, given up, put off, or changed by an admin; the value counts such events. Entries
    /// that come in are told by [`store::Store::spool_watch`].
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }

    pub(crate) fn store(&self) -> &Store {
        self.shared.directory.store()
    }

    /// Delivers until draining begins, then lets running deliveries finish for up to 30 seconds. What is cut off then is
    /// in the spool still.
    pub async fn run(&self, shutdown: Shutdown) {
        let shared = &self.shared;
        let mut spool = self.store().spool_watch();
        let mut workers = JoinSet::new();
        let mut pace = Pace::default();
        while !shutdown.draining.is_cancelled() {
            spool.borrow_and_update();
            let wake = pace.wait(shared.board.taken()).or_else(|| self.look(&mut pace));
            let settings = shared.settings.load();
            for slot in shared.board.places(settings.queue.per_destination_max, settings.queue.deliveries_max) {
                workers.spawn(work(Arc::clone(shared), slot, shutdown.clone()));
            }
            metrics::gauge!("gatepost_queue_entries").set(self.store().spool_len() as f64);
            tokio::select! {
                () = shutdown.draining.cancelled() => break,
                changed = spool.changed() => if changed.is_err() { break },
                () = shared.clock.moved() => {}
                () = shared.nudge.notified() => {}
                Some(result) = workers.join_next(), if !workers.is_empty() => {
                    if let Err(error) = result {
                        tracing::error!(%error, "a delivery was lost and will be tried again");
                    }
                }
                () = sleep(wake) => {}
            }
        }
        let rest = async { while workers.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN, rest).await.is_err() {
            tracing::warn!("deliveries were cut off; they will be tried again after the start");
        }
    }

    /// Takes due entries, unless nothing may be sent; returns how long to wait before the next look.
    fn look(&self, pace: &mut Pace) -> Option<Duration> {
        pace.looked = Some(Instant::now());
        // What is sent now could not be taken out of the spool, and would be sent again after the restart.
        if let Some(reason) = self.store().stopped() {
            tracing::error!(reason, "nothing is delivered: the store takes no commits");
            return Some(PAUSE);
        }
        self.fill().unwrap_or_else(|error| {
            tracing::error!(%error, "the queue cannot be read");
            Some(PAUSE)
        })
    }

    /// Takes due entries; returns how long to wait for the next one.
    fn fill(&self) -> Result<Option<Duration>, directory::Error> {
        let shared = &self.shared;
        let settings = shared.settings.load();
        let now = shared.clock.now();
        let taken = shared.board.taken();
        if taken < TAKEN_MAX {
            let due = shared.board.free(self.store().spool_due(now, taken + BATCH)?);
            let mut entries = Vec::with_capacity(due.len());
            for entry in due {
                let destination =
                    Destination::of(entry.recipient.domain(), &entry.reverse_path, &shared.directory, &settings)?;
                entries.push((destination, entry));
            }
            shared.board.take(entries);
        }
        // The first entry in time that is not taken: those taken wake the loop when they are done.
        let taken = shared.board.taken();
        let next = shared.board.free(self.store().spool_due(i64::MAX, taken + 1)?).into_iter().next();
        Ok(next.map(|entry| {
            let wait = entry.next_attempt.saturating_sub(now);
            Duration::from_millis(u64::try_from(wait).unwrap_or(0)).max(Duration::from_millis(10))
        }))
    }
}

/// Keeps the looks at the spool apart: each reads past all entries that are taken, so with many of them looks are seldom.
#[derive(Default)]
struct Pace {
    looked: Option<Instant>,
}

impl Pace {
    /// Entries read past in one millisecond, about; looks shall take a small part of the time.
    const TAKEN_PER_MILLISECOND: usize = 50;

    /// How long to wait before the next look, if at all.
    fn wait(&self, taken: usize) -> Option<Duration> {
        let apart = Duration::from_millis((taken / Self::TAKEN_PER_MILLISECOND) as u64);
        apart.checked_sub(self.looked?.elapsed()).filter(|wait| !wait.is_zero())
    }
}

async fn sleep(wake: Option<Duration>) {
    match wake {
        Some(wake) => tokio::time::sleep(wake).await,
        None => std::future::pending().await,
    }
}

/// One worker: takes group after group for its destination, over one connection as long as that holds.
async fn work(shared: Arc<Shared>, slot: Slot, shutdown: Shutdown) {
    let mut connection: Option<(String, Connection)> = None;
    let mut unreachable = None;
    while !shutdown.draining.is_cancelled() {
        let Some(held) = slot.next() else { break };
        let attempt = Attempt { shared: &shared, destination: &slot.destination };
        let outcome;
        (unreachable, outcome) = attempt.run(&held.ids, &mut connection, unreachable).await;
        drop(held);
        let too_many = match outcome {
            Pressure::TooMuch => slot.slow_down(),
            Pressure::Taken => {
                slot.speed_up(shared.settings.load().queue.per_destination_max);
                false
            }
            Pressure::None => false,
        };
        // What was put off is to be waited for, and nobody is told before admins may act on it again.
        shared.nudge.notify_one();
        shared.changed();
        if too_many {
            break;
        }
    }
    if let Some((_, connection)) = connection {
        connection.quit().await;
    }
}
