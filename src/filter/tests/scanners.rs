//! clamd and a milter of Debian's, as they run for everybody.

use config::settings::filter::{Endpoint, Failure, Milter, Scanner};
use filter::{
    Action, To, Visitor,
    clamd::{self, Scan},
    milter::{self, Shown, Wish},
};
use mail::address::ReversePath;
use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A file that every scanner knows, in two parts so that none finds it here.
const EICAR: [&str; 2] = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR", "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"];

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program and waits until its socket is there.
async fn start(program: &str, args: &[&str], socket: &Path) -> Running {
    let child =
        Command::new(program).args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut running =
        Running(child.unwrap_or_else(|error| panic!("{program}: {error}; apt install what ./check lists")));
    while tokio::net::UnixStream::connect(socket).await.is_err() {
        assert!(running.0.try_wait().is_ok_and(|ended| ended.is_none()), "{program} ended");
        tokio::task::yield_now().await;
    }
    running
}

#[tokio::test]
async fn clamd_finds_what_it_knows() {
    let dir = tempfile::tempdir().expect("makes a folder");
    let place = |name: &str| dir.path().join(name);
    std::fs::create_dir(place("db")).expect("makes a folder");
    let hex: String = EICAR.concat().bytes().map(|byte| format!("{byte:02x}")).collect();
    // A signature in clamd's own form: name, any file, anywhere, the bytes in hexadecimal.
    std::fs::write(place("db/test.ndb"), format!("Test.Eicar:0:*:{hex}\n")).expect("writes");
    let socket = place("clamd.sock");
    let config = format!(
        "LocalSocket {}\nDatabaseDirectory {}\nForeground yes\nUser root\n",
        socket.display(),
        place("db").display()
    );
    std::fs::write(place("clamd.conf"), config).expect("writes");
    let _clamd = start("clamd", &["-c", place("clamd.conf").to_str().expect("is UTF-8")], &socket).await;

    let scanner = Scanner { address: Endpoint::Unix(socket), timeout: Duration::from_secs(60), failure: Failure::Open };
    let message = format!("From: x@y.test\r\nSubject: x\r\n\r\n{}\r\n", EICAR.concat());
    assert!(matches!(clamd::scan(&scanner, message.as_bytes()).await, Scan::Found(name) if name.contains("Eicar")));
    assert_eq!(clamd::scan(&scanner, b"Subject: harmless\r\n\r\nNothing here.\r\n").await, Scan::Clean);
    let gone = Scanner { address: Endpoint::Unix(dir.path().join("nobody")), ..scanner.clone() };
    assert!(matches!(clamd::scan(&gone, b"x").await, Scan::Failed { defer: false, .. }));

    let mut settings = config::Settings::new("mail.example.test", dir.path());
    settings.filter.clamd = Some(scanner);
    let bench = crate::Bench::with(settings).await;
    let path = ReversePath::default();
    let visitor =
        Visitor { client: [127, 0, 0, 1].into(), helo: "localhost", reverse_path: &path, at: 1_790_000_000_000 };
    let nobody: [To; 0] = [];
    let judged = bench.filter.judge(visitor, &nobody, "", message.as_bytes()).await.expect("judges");
    assert_eq!((judged.mildest().action, judged.mildest().decisive), (Action::Reject, Some("VIRUS")));
}

#[tokio::test]
async fn a_milter_of_debian_adds_its_field() {
    let dir = tempfile::tempdir().expect("makes a folder");
    let socket = dir.path().join("opendkim.sock");
    let config = dir.path().join("opendkim.conf");
    std::fs::write(&config, "Mode v\nAlwaysAddARHeader yes\nAuthservID milter.example.test\nUserID root\n")
        .expect("writes");
    let listen = format!("local:{}", socket.display());
    let args = ["-f", "-x", config.to_str().expect("is UTF-8"), "-p", &listen];
    let _milter = start("opendkim", &args, &socket).await;
    let milter = Milter {
        name: "opendkim".into(),
        address: Endpoint::Unix(socket),
        timeout: Duration::from_secs(60),
        failure: Failure::Open,
    };
    let recipients = ["alice@example.test".to_owned()];
    let message = b"From: x@y.test\r\nTo: alice@example.test\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nSubject: x\r\n folded\r\n\r\nText\r\n";
    let shown = Shown {
        client: [192, 0, 2, 1].into(),
        client_name: "",
        helo: "y.test",
        hostname: "mail.example.test",
        sender: "x@y.test",
        recipients: &recipients,
        id: "0123",
        message,
    };
    let fact = milter::ask(&milter, shown).await;
    assert_eq!(fact.wish, Wish::Accept, "{fact:?}");
    assert!(
        fact.fields.iter().any(|(name, value)| name == "Authentication-Results" && value.contains("dkim=none")),
        "{fact:?}"
    );
    let gone = Milter { address: Endpoint::Unix(dir.path().join("nobody")), failure: Failure::Defer, ..milter };
    assert!(matches!(milter::ask(&gone, shown).await.wish, Wish::Failed(_, true)));
}
