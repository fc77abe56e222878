//! Commits a second with 1, 8 and 64 waiters and messages of 4 KB, beside the least that durable group commit can cost on the
//! same disk: a thread that takes what waits, appends it to a file with one write, and answers after one fdatasync.
//!
//! `cargo bench -p store --bench commits [-- SECONDS [WAITERS]]`. Variants take turns, since a disk is not equally fast at all times; the
//! figures are the medians of the rounds. Message bodies do not compress, so that both write as much.

use bytes::Bytes;
use mail::summary::Summary;
use std::{
    fs::File,
    io::Write as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};
use store::{AccountId, Error, Flags, NewBody, NewMessage, Options, Role, Store, TraceId, Tx, backend::Engine};
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::oneshot, task::JoinSet};

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BODY_BYTES: usize = 4096;
const WAITERS: [usize; 3] = [1, 8, 64];
const ROUNDS: usize = 5;
/// Commits that the bare committer takes together, as many as that of the store.
const GROUP_MAX: usize = 256;
const VARIANTS: [&str; 3] = ["bare append + fdatasync", "store, sled", "store, redb"];

/// What one round measured.
#[derive(Clone, Copy)]
struct Measured {
    commits_per_second: f64,
    p50: Duration,
    p99: Duration,
}

fn main() {
    // Cargo hands over `--bench` as well.
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse::<f64>().ok());
    let (seconds, only) = (arguments.next().unwrap_or(2.0), arguments.next());
    let time = Duration::from_secs_f64(seconds);
    let runtime = Runtime::new().unwrap();
    println!(
        "{BODY_BYTES} bytes a message, {ROUNDS} rounds of {seconds} s, {} cores",
        std::thread::available_parallelism().map_or(0, usize::from)
    );
    println!("{:<26}{:>8}{:>12}{:>10}{:>12}{:>12}", "", "waiters", "commits/s", "of bare", "p50 ms", "p99 ms");
    for waiters in WAITERS.into_iter().filter(|&waiters| only.is_none_or(|only| only == waiters as f64)) {
        let mut rounds = [const { Vec::new() }; VARIANTS.len()];
        for _ in 0..ROUNDS {
            rounds[0].push(bare(&runtime, waiters, time));
            rounds[1].push(stored(&runtime, waiters, time, Engine::Sled));
            rounds[2].push(stored(&runtime, waiters, time, Engine::Redb));
        }
        let medians = rounds.map(|mut rounds| {
            rounds.sort_by(|a, b| a.commits_per_second.total_cmp(&b.commits_per_second));
            rounds[ROUNDS / 2]
        });
        for (variant, measured) in VARIANTS.iter().zip(&medians) {
            let ratio = 100.0 * measured.commits_per_second / medians[0].commits_per_second;
            let [p50, p99] = [measured.p50, measured.p99].map(|time| time.as_secs_f64() * 1000.0);
            println!(
                "{variant:<26}{waiters:>8}{:>12.0}{ratio:>9.0}%{p50:>12.2}{p99:>12.2}",
                measured.commits_per_second
            );
        }
    }
}

/// A folder on the disk of the build, which unlike that for temporary files is a disk.
fn folder() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// Bytes of the message of a number.
fn message(number: u64) -> Vec<u8> {
    let mut message = vec![0; BODY_BYTES];
    blake3::Hasher::new().update(&number.to_le_bytes()).finalize_xof().fill(&mut message);
    message
}

/// Lets so many tasks commit one after another for a time; `commit` gets the number of the waiter, and that of the message.
fn measure<C, F>(runtime: &Runtime, waiters: usize, time: Duration, commit: C) -> Measured
where
    C: Fn(usize, u64) -> F + Clone + Send + 'static,
    F: Future<Output = ()> + Send,
{
    runtime.block_on(async {
        let (began, number) = (Instant::now(), Arc::new(AtomicU64::new(0)));
        let mut tasks = JoinSet::new();
        for waiter in 0..waiters {
            let (commit, number) = (commit.clone(), number.clone());
            tasks.spawn(async move {
                let mut took = Vec::new();
                while began.elapsed() < time {
                    let from = Instant::now();
                    commit(waiter, number.fetch_add(1, Ordering::Relaxed)).await;
                    took.push(from.elapsed());
                }
                took
            });
        }
        let mut took: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
        let elapsed = began.elapsed();
        took.sort_unstable();
        Measured {
            commits_per_second: took.len() as f64 / elapsed.as_secs_f64(),
            p50: took[took.len() / 2],
            p99: took[took.len() * 99 / 100],
        }
    })
}

/// A delivery to a store: a body, a message in a mailbox with all its counters, indexes and history.
fn stored(runtime: &Runtime, waiters: usize, time: Duration, engine: Engine) -> Measured {
    let folder = folder();
    let (store, _) = Store::open(folder.path(), &Options { engine, ..Options::default() }).unwrap();
    let accounts: Vec<AccountId> = (1..=waiters as u64).map(AccountId).collect();
    let create = accounts.clone();
    let create = move |tx: &mut Tx<'_>| create.iter().try_for_each(|&account| tx.account_create(account));
    runtime.block_on(store.commit(Vec::new(), create)).unwrap();
    let to = store.clone();
    let measured = measure(runtime, waiters, time, move |waiter, number| {
        let (store, account) = (to.clone(), accounts[waiter]);
        async move { deliver(&store, account, number).await.unwrap() }
    });
    runtime.block_on(store.close());
    measured
}

async fn deliver(store: &Store, account: AccountId, number: u64) -> Result<(), Error> {
    let text = message(number);
    let body = NewBody::new(&text);
    let message = NewMessage {
        body: body.id(),
        size: text.len() as u32,
        received: 0,
        saved: 0,
        flags: Flags::default(),
        trace: TraceId::new(0),
        summary: Arc::new(summary(number)),
    };
    let work = move |tx: &mut Tx<'_>| {
        let inbox = tx.mailbox_by_role(account, Role::Inbox)?;
        tx.append(account, inbox.id, &message).map(|_| ())
    };
    store.commit(vec![body], work).await
}

/// What is kept beside a message of usual size.
fn summary(number: u64) -> Summary {
    let text = format!(
        "From: Someone <someone{number}@example.test>\r\nTo: Reader <reader@example.test>\r\n\
         Subject: About the matter of {number}\r\nMessage-ID: <{number}@example.test>\r\n\r\nHello,\r\n\r\nas we said.\r\n"
    );
    mail::summary::summarize(text.as_bytes())
}

/// The least that it can cost.
fn bare(runtime: &Runtime, waiters: usize, time: Duration) -> Measured {
    type Job = (Bytes, oneshot::Sender<()>);
    let folder = folder();
    let (sender, jobs) = mpsc::channel::<Job>();
    let path = folder.path().join("bare");
    let committer = std::thread::spawn(move || {
        let mut file = create(&path);
        while let Ok(first) = jobs.recv() {
            let group: Vec<Job> = std::iter::once(first).chain(jobs.try_iter().take(GROUP_MAX - 1)).collect();
            let buffer = group.iter().map(|(bytes, _)| bytes.as_ref()).collect::<Vec<_>>().concat();
            file.write_all(&buffer).unwrap();
            file.sync_data().unwrap();
            group.into_iter().for_each(|(_, answer)| answer.send(()).unwrap());
        }
    });
    let measured = measure(runtime, waiters, time, move |_, number| {
        let sender = sender.clone();
        async move {
            let (answer, answered) = oneshot::channel();
            sender.send((message(number).into(), answer)).unwrap();
            answered.await.unwrap();
        }
    });
    committer.join().unwrap();
    measured
}

fn create(path: &Path) -> File {
    let file = File::create(path).unwrap();
    file.sync_all().unwrap();
    File::open(path.parent().unwrap()).unwrap().sync_all().unwrap();
    file
}
