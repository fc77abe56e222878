//! Live figures: sampled once for all who look, so that many open dashboards cost no more than one.

use crate::context::now;
use net::shutdown::Shutdown;
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::watch;

/// Between two samples.
const SAMPLE: Duration = Duration::from_secs(2);
/// Samples in a minute.
const SAMPLES_PER_MINUTE: usize = 30;
/// Minutes of history kept for the dashboard's chart.
const HISTORY_MINUTES_MAX: usize = 60;
/// Samples between two looks at the disk, which cost a walk over the store's files.
const DISK_EVERY: usize = 15;

/// What has happened since the start, read from the server's metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Messages accepted.
    pub messages_in: u64,
    /// Messages handed to other servers.
    pub messages_out: u64,
    /// SMTP and submission sessions now.
    pub smtp_sessions: u64,
    /// IMAP sessions now.
    pub imap_sessions: u64,
}

/// The figures at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When, milliseconds since 1970.
    pub at: i64,
    /// When the server started, milliseconds since 1970.
    pub started: i64,
    /// Messages accepted in the last minute.
    pub in_per_minute: u64,
    /// Messages handed to other servers in the last minute.
    pub out_per_minute: u64,
    /// Messages accepted since the start.
    pub messages_in: u64,
    /// Messages handed on since the start.
    pub messages_out: u64,
    /// SMTP and submission sessions.
    pub smtp_sessions: u64,
    /// IMAP sessions.
    pub imap_sessions: u64,
    /// Entries of the outbound queue.
    pub queue: u64,
    /// Bytes of the store's files.
    pub store_bytes: u64,
    /// Bytes free on its disk.
    pub disk_free: u64,
    /// Bytes of its disk.
    pub disk_total: u64,
    /// Messages in and out in each of the last minutes, oldest first; the last one is still running.
    pub history: Vec<(u64, u64)>,
}

/// Hands the newest snapshot out. Cloning is cheap.
#[derive(Clone)]
pub struct Figures {
    receiver: watch::Receiver<Arc<Snapshot>>,
}

/// Takes samples until draining begins.
pub struct Sampler {
    sender: watch::Sender<Arc<Snapshot>>,
    counters: Box<dyn Fn() -> Counters + Send + Sync>,
    queue: Box<dyn Fn() -> u64 + Send + Sync>,
    data_dir: PathBuf,
    recent: VecDeque<Counters>,
    history: VecDeque<(u64, u64)>,
    minute_began: Counters,
    disk: (u64, u64, u64),
    taken: usize,
}

impl Figures {
    /// Figures from these sources, and the task that keeps them true.
    pub fn new(
        data_dir: &Path,
        counters: impl Fn() -> Counters + Send + Sync + 'static,
        queue: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> (Self, Sampler) {
        let started = now();
        let (sender, receiver) = watch::channel(Arc::new(Snapshot { at: started, started, ..Snapshot::default() }));
        let sampler = Sampler {
            sender,
            counters: Box::new(counters),
            queue: Box::new(queue),
            data_dir: data_dir.to_owned(),
            recent: VecDeque::new(),
            history: VecDeque::from([(0, 0)]),
            minute_began: Counters::default(),
            disk: (0, 0, 0),
            taken: 0,
        };
        (Self { receiver }, sampler)
    }
    /// The newest.
    pub fn now(&self) -> Arc<Snapshot> {
        self.receiver.borrow().clone()
    }
    /// Wakes at each new snapshot.
    pub fn watch(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.receiver.clone()
    }
}

impl Sampler {
    /// Runs until draining begins.
    pub async fn run(mut self, shutdown: Shutdown) {
        let mut clock = tokio::time::interval(SAMPLE);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                () = shutdown.draining.cancelled() => return,
                _ = clock.tick() => self.sample().await,
            }
        }
    }

    async fn sample(&mut self) {
        if self.taken.is_multiple_of(DISK_EVERY) {
            let dir = self.data_dir.clone();
            self.disk = tokio::task::spawn_blocking(move || disk(&dir)).await.unwrap_or(self.disk);
        }
        let counters = (self.counters)();
        self.recent.push_back(counters);
        if self.recent.len() > SAMPLES_PER_MINUTE + 1 {
            self.recent.pop_front();
        }
        if self.taken > 0 && self.taken.is_multiple_of(SAMPLES_PER_MINUTE) {
            self.minute_began = counters;
            self.history.push_back((0, 0));
            if self.history.len() > HISTORY_MINUTES_MAX {
                self.history.pop_front();
            }
        }
        if let Some(running) = self.history.back_mut() {
            *running = (
                counters.messages_in - self.minute_began.messages_in,
                counters.messages_out - self.minute_began.messages_out,
            );
        }
        self.taken += 1;
        let before = self.recent.front().copied().unwrap_or_default();
        let (store_bytes, disk_free, disk_total) = self.disk;
        let queue = (self.queue)();
        let history = self.history.iter().copied().collect();
        self.sender.send_modify(|snapshot| {
            *snapshot = Arc::new(Snapshot {
                at: now(),
                started: snapshot.started,
                in_per_minute: counters.messages_in - before.messages_in,
                out_per_minute: counters.messages_out - before.messages_out,
                messages_in: counters.messages_in,
                messages_out: counters.messages_out,
                smtp_sessions: counters.smtp_sessions,
                imap_sessions: counters.imap_sessions,
                queue,
                store_bytes,
                disk_free,
                disk_total,
                history,
            });
        });
    }
}

/// Bytes of the files below `dir`, bytes free on its disk, and bytes of the disk. What cannot be read counts nothing.
fn disk(dir: &Path) -> (u64, u64, u64) {
    let (free, total) =
        rustix::fs::statvfs(dir).map_or((0, 0), |stat| (stat.f_bavail * stat.f_frsize, stat.f_blocks * stat.f_frsize));
    (bytes_below(dir), free, total)
}

fn bytes_below(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}
