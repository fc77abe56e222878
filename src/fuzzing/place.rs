//! A small box in memory: one account with some mail, and what sessions need of it.

use config::{Limits, Settings};
use directory::{Directory, account::NewAccount};
use net::{Peer, Stream, shutdown::Shutdown};
use std::{
    future::Future,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use store::{Flags, NewBody, NewMessage, Options, Store, TraceId};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime::Runtime,
};

/// Password of the one account, alice@example.test.
pub const PASSWORD: &str = "correct horse battery";
/// Conversations after which the box is made anew, so that what earlier ones left does not grow.
const USES_MAX: u32 = 2000;
/// Bytes that a session may say to what a fuzzer makes up; more would be an endless answer.
const OUTPUT_BYTES_MAX: u64 = 256 << 20;

/// The box.
pub struct Place {
    runtime: Runtime,
    /// The directory, over the store.
    pub directory: Directory,
    /// Settings with bounds that made-up bytes reach.
    pub settings: Arc<Settings>,
    /// Nothing drains here.
    pub shutdown: Shutdown,
    uses: u32,
    _folder: TempDir,
}

/// Where files are made that live for one input: in memory where the system has that.
pub(crate) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    tempfile::Builder::new().prefix("gatepost-fuzz-").tempdir_in::<PathBuf>(parent).expect("makes a folder")
}

impl Place {
    fn make() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("makes a runtime");
        let folder = folder();
        let limits = Limits {
            message_bytes_max: 64 * 1024,
            // Hashing is slow on purpose: a wrong name is hashed for once. Alice is known where she signs in from.
            sign_in_failures_per_account_max: 1,
            sign_in_failures_per_address_max: u32::MAX,
            ..Limits::default()
        };
        let directory = runtime.block_on(fill(folder.path(), &limits));
        let settings = Settings { limits, ..Settings::new("mail.example.test", folder.path()) };
        Self {
            runtime,
            directory,
            settings: Arc::new(settings),
            shutdown: Shutdown::default(),
            uses: 0,
            _folder: folder,
        }
    }

    /// Has a session over a pipe: says all of `data`, then nothing more, and gives back all that the session says.
    pub fn converse<F>(&self, data: &[u8], session: impl FnOnce(Stream, Peer) -> F) -> Vec<u8>
    where
        F: Future<Output = ()>,
    {
        let address = SocketAddr::from(([192, 0, 2, 1], 4000));
        let (near, far) = tokio::io::duplex(64 * 1024);
        let task = session(Stream::Pipe(far), Peer { client: address, local: address, trusted: false });
        self.runtime.block_on(async move {
            let (reader, mut writer) = tokio::io::split(near);
            let mut said = Vec::new();
            let mut reader = reader.take(OUTPUT_BYTES_MAX);
            let write = async {
                // A session that ends early leaves the rest unread.
                let _ = writer.write_all(data).await;
                let _ = writer.shutdown().await;
            };
            let ((), (), read) = tokio::join!(task, write, reader.read_to_end(&mut said));
            read.expect("a pipe can be read");
            assert!(said.len() < OUTPUT_BYTES_MAX as usize, "the session does not stop");
            said
        })
    }
}

async fn fill(folder: &Path, limits: &Limits) -> Directory {
    let (store, _) = Store::open(folder, &Options::default()).expect("opens");
    let directory = Directory::new(store, limits);
    directory.domain_add("example.test").await.expect("adds");
    let alice = NewAccount {
        address: "alice@example.test".parse().expect("is an address"),
        name: String::new(),
        password: PASSWORD.into(),
        admin: false,
        quota: Some(64 << 20),
    };
    let alice = directory.account_add(alice).await.expect("adds").id;
    let texts = [
        "From: Bob <bob@example.org>\r\nTo: alice@example.test\r\nSubject: one\r\nMessage-ID: <1@x>\r\n\r\nBody.\r\n.dot\r\n",
        "Subject: =?utf-8?q?zw=C3=B6lf?=\r\nReferences: <1@x>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nPart\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nInner\r\n--b\r\nContent-Type: image/png; name=x\r\n\
         Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n",
        "Subject: z\u{fc}rich\r\nFrom: \"\u{fc}\" <\u{fc}@example.org>\r\n\r\nAn odd one\nwith a bare line end",
    ];
    let inbox = directory.store().mailbox_by_name(alice, "INBOX").expect("is there").id;
    let bodies = texts.iter().map(|text| NewBody::new(text.as_bytes())).collect();
    let work = move |tx: &mut store::Tx<'_>| {
        for text in texts {
            let message = NewMessage {
                body: NewBody::new(text.as_bytes()).id(),
                size: u32::try_from(text.len()).expect("is short"),
                received: 1_793_786_400_000,
                saved: 1_793_786_400_000,
                flags: Flags::default(),
                trace: TraceId(1),
                summary: Arc::new(mail::summary::summarize(text.as_bytes())),
            };
            tx.append(alice, inbox, &message)?;
        }
        Ok::<_, store::Error>(())
    };
    directory.store().commit(bodies, work).await.expect("commits");
    directory
}

static PLACE: Mutex<Option<Place>> = Mutex::new(None);

/// The box of this process.
pub fn with<T>(work: impl FnOnce(&Place) -> T) -> T {
    let mut kept = PLACE.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.as_ref().is_some_and(|place| place.uses >= USES_MAX) {
        *kept = None;
    }
    let place = kept.get_or_insert_with(Place::make);
    place.uses += 1;
    work(place)
}
