//! The real program, in a folder and on ports of its own.

use crate::{Conversation, Pages};
use std::{
    fs::File,
    io::Write as _,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Password of every account of a test server.
pub const PASSWORD: &str = "correct horse battery";
/// Longest wait for the program to be ready or to end. Only a hang meets it.
const PATIENCE: Duration = Duration::from_secs(120);
/// Ports that a server with `--ports-from` takes, as offsets.
const OFFSETS: [u16; 10] = [25, 80, 110, 143, 443, 465, 587, 993, 995, 4190];

/// What a server is to be like.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Appended to the configuration.
    pub config: String,
    /// Accounts besides admin@example.test, by local part.
    pub accounts: Vec<&'static str>,
}

/// A base of ports, kept by a lock that ends with the process, so that tests at the same time never share one.
struct Ports {
    from: u16,
    _lock: File,
}

impl Ports {
    fn take() -> Self {
        let dir = std::env::temp_dir().join("gatepost-test-ports");
        std::fs::create_dir_all(&dir).expect("makes the folder of port locks");
        // Below the range from which the system takes ports for outgoing connections.
        for from in (11_000..=30_000).step_by(1000) {
            let lock = File::create(dir.join(from.to_string())).expect("makes a port lock");
            let free = || OFFSETS.iter().all(|offset| TcpListener::bind(("127.0.0.1", from + offset)).is_ok());
            if lock.try_lock().is_ok() && free() {
                return Self { from, _lock: lock };
            }
        }
        panic!("no free range of ports");
    }
}

/// A server that ends with the test.
pub struct TestServer {
    program: PathBuf,
    dir: TempDir,
    ports: Ports,
    child: Option<Child>,
    demo: bool,
}

impl TestServer {
    /// A new server with the domain example.test, admin@ and the accounts asked for, running.
    pub async fn start(program: impl Into<PathBuf>, options: Options) -> Self {
        let mut server = Self::new(program.into(), false);
        let ports = server.ports.from.to_string();
        let dir = server.dir.path().join("data");
        let dir = dir.to_str().expect("is UTF-8");
        let init = ["init", "--dir", dir, "--hostname", "mail.example.test", "--domain", "example.test"];
        let rest = ["--admin", "admin@example.test", "--password-stdin", "--ports-from", &ports, "--loopback"];
        let output = server.run_with(&[&init[..], &rest[..]].concat(), PASSWORD);
        assert!(output.status.success(), "init failed: {}", text(&output));
        if !options.config.is_empty() {
            server.configure(&options.config);
        }
        server.serve().await;
        for account in options.accounts {
            server.add_account(&format!("{account}@example.test"));
        }
        server
    }

    /// `gatepost demo`, running.
    pub async fn demo(program: impl Into<PathBuf>) -> Self {
        let mut server = Self::new(program.into(), true);
        server.serve().await;
        server
    }

    fn new(program: PathBuf, demo: bool) -> Self {
        let dir = tempfile::tempdir().expect("makes a folder");
        Self { program, dir, ports: Ports::take(), child: None, demo }
    }

    /// The folder of the data.
    pub fn dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.dir().join("gatepost.toml")
    }

    /// The port that stands for a standard one.
    pub fn port(&self, standard: u16) -> u16 {
        self.ports.from + standard
    }

    /// Address of the pages.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port(80))
    }

    /// Adds an account with the password of all.
    pub fn add_account(&self, address: &str) {
        let output = self.run_with(&["account", "add", address, "--password-stdin"], PASSWORD);
        assert!(output.status.success(), "account add failed: {}", text(&output));
    }

    /// Appends to the configuration; a running server reads it at SIGHUP or its next start. Tables that are there
    /// already are merged by their name.
    pub fn configure(&self, more: &str) {
        let file = self.config_file();
        let mut text = std::fs::read_to_string(&file).expect("reads the configuration");
        for table in more.split("\n[").map(|table| table.trim_start_matches('[')) {
            let (name, keys) = table.split_once(']').expect("configuration comes in tables");
            let head = format!("\n[{name}]\n");
            if !text.contains(&head) {
                text.push_str(&head);
            }
            let at = text.find(&head).expect("it is there") + head.len();
            let end = text[at..].find("\n[").map_or(text.len(), |end| at + end);
            let given = |line: &&str| keys.lines().any(|key| key.split('=').next() == line.split('=').next());
            let kept: Vec<&str> = text[at..end].lines().filter(|line| !line.contains('=') || !given(line)).collect();
            let table = format!("{}\n{}\n", keys.trim(), kept.join("\n"));
            text.replace_range(at..end, &table);
        }
        std::fs::write(&file, text).expect("writes the configuration");
    }

    /// Starts it; returns when it is ready for work.
    pub async fn serve(&mut self) {
        let log = File::options().create(true).append(true).open(self.log()).expect("opens the log");
        let mut command = Command::new(&self.program);
        let ports = self.ports.from.to_string();
        if self.demo {
            command.args(["demo", "--password", PASSWORD, "--ports-from", &ports, "--dir"]).arg(self.dir());
        } else {
            command.args(["serve", "--config"]).arg(self.config_file());
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("opens the log")).stderr(log);
        self.child = Some(command.spawn().expect("starts the program"));
        let since = Instant::now();
        let pages = self.pages();
        while !pages.is_ready().await {
            let ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            assert!(ended.is_none(), "the program ended: {}", self.log_text());
            assert!(since.elapsed() < PATIENCE, "the program is not ready: {}", self.log_text());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Runs a command of the program against this server; `--config` is added.
    pub fn run(&self, args: &[&str]) -> Output {
        self.run_with(args, "")
    }

    /// As [`TestServer::run`], with standard input.
    pub fn run_with(&self, args: &[&str], input: &str) -> Output {
        let mut command = Command::new(&self.program);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if self.config_file().exists() {
            command.env("GATEPOST_CONFIG", self.config_file());
        }
        let mut child = command.spawn().expect("starts the program");
        // A program that does not read its input closes it, which is no fault here.
        let _ = child.stdin.take().expect("has an input").write_all(input.as_bytes());
        child.wait_with_output().expect("ends")
    }

    /// Runs a command that must succeed, with `--json`; its output.
    pub fn json(&self, args: &[&str]) -> serde_json::Value {
        let output = self.run(&[args, &["--json"]].concat());
        assert!(output.status.success(), "{args:?} failed: {}", text(&output));
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|e| panic!("{args:?} printed no JSON ({e}): {}", text(&output)))
    }

    /// Sends a signal by its name.
    pub fn signal(&self, signal: &str) {
        let child = self.child.as_ref().expect("runs");
        let status = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "cannot send {signal}");
    }

    /// Kills it at once, as a power cut of the process.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("is killed");
            child.wait().expect("ends");
        }
    }

    /// Asks it to stop and waits for the end; whether it ended well.
    pub async fn stop(&mut self) -> bool {
        self.signal("TERM");
        let mut child = self.child.take().expect("runs");
        tokio::task::spawn_blocking(move || child.wait().expect("ends").success()).await.expect("waits")
    }

    /// The process number.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("runs").id()
    }

    /// A connection to a standard port.
    pub async fn connect(&self, standard: u16) -> Conversation {
        Conversation::open(self.port(standard)).await
    }

    /// An IMAP session, signed in.
    pub async fn imap(&self, user: &str) -> Conversation {
        let mut imap = self.connect(143).await;
        imap.expect("* OK").await;
        imap.imap(&format!("LOGIN {user}@example.test \"{PASSWORD}\"")).await;
        imap
    }

    /// Delivers a message to port 25 as another server does; the final reply must begin with `250`.
    pub async fn deliver(&self, from: &str, to: &str, message: &str) {
        let mut smtp = self.connect(25).await;
        smtp.smtp_reply("220").await;
        smtp.smtp("EHLO sender.example.org", "250").await;
        smtp.smtp(&format!("MAIL FROM:<{from}>"), "250").await;
        smtp.smtp(&format!("RCPT TO:<{to}>"), "250").await;
        smtp.smtp("DATA", "354").await;
        smtp.send(message.replace('\n', "\r\n").as_bytes()).await;
        smtp.smtp("\r\n.", "250").await;
        smtp.smtp("QUIT", "221").await;
    }

    /// Requests as a browser without scripts makes them.
    pub fn pages(&self) -> Pages {
        Pages::new(self.url(""))
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    /// What the program has logged.
    pub fn log_text(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("the program's log:\n{}", self.log_text());
        }
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
