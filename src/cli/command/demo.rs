//! `gatepost demo`

use crate::{
    args::Global,
    command::init::write_private,
    compose::{self, Server},
    demo::{self, ADMIN, ALICE, BOB},
    output::{self, UsageError},
    ports, telemetry,
};
use anyhow::{Context as _, ensure};
use config::{Settings, Template};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// First line of the configuration of a demo, so that a real server is never taken for one.
const MARK: &str = "# Made by gatepost demo.\n";

/// Show everything: one box on this machine with mail in it; Ctrl-C stops
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gatepost demo\n  gatepost demo --ports-from 20000 --password \"correct horse battery\"\n  gatepost demo --dir ./demo          kept, and used again the next time\n\nNothing leaves this machine: mail for other domains waits in the queue, where it can be looked at and dropped."
)]
pub(crate) struct Demo {
    /// Folder to keep it in; without it a new one is made and removed at the end
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Listen on 127.0.0.1 at the standard ports plus this number
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = ports::parse)]
    ports_from: u16,
    /// Password of all three accounts; without it one is made up
    #[arg(long)]
    password: Option<String>,
}

impl Demo {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let mut temporary = None;
        let dir = match &self.dir {
            Some(dir) => {
                compose::make_private(dir)?;
                std::path::absolute(dir)?
            }
            None => {
                let made = tempfile::Builder::new().prefix("gatepost-demo-").tempdir();
                let made = made.context("cannot make a folder for the demo: name one with --dir")?;
                temporary.insert(made).path().to_owned()
            }
        };
        let file = dir.join("gatepost.toml");
        let settings = configure(&file, self.ports_from)?;
        let filter = telemetry::start(&settings.log)?;
        let password = match self.password {
            Some(password) => password,
            None => made_up_password()?,
        };
        let advice = format!("choose others, for example gatepost demo --ports-from {}", other_ports(self.ports_from));
        let server = Server::prepare(settings.clone(), file.clone(), &advice).await?;
        let seeded = tokio::select! {
            seeded = demo::seed(server.context(), &password) => seeded,
            _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("stopped before it was ready")),
        };
        if let Err(error) = seeded {
            server.close().await;
            return Err(match error.downcast::<admin::OpError>() {
                Ok(admin::OpError::Invalid(why)) => UsageError(format!("--password: {why}")).into(),
                Ok(error) => error.into(),
                Err(error) => error,
            });
        }
        server.run(&filter, || greet(global, &settings, &file, &password, temporary.is_none())).await
    }
}

/// Writes the configuration, or reads the one that an earlier demo has left.
fn configure(file: &Path, ports_from: u16) -> anyhow::Result<Settings> {
    let template =
        Template { hostname: "mail.example.test", data_dir: ".", ports_from: Some(ports_from), loopback: true };
    if file.exists() {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        ensure!(text.starts_with(MARK), "{} is of a server that is no demo: choose another --dir", file.display());
        let settings = Settings::load(file)?;
        if settings.listen == template.listen() {
            return Ok(settings);
        }
        fs::remove_file(file)?;
    }
    write_private(file, &text(&template))?;
    Ok(Settings::load(file)?)
}

/// The usual configuration, and what keeps the demo's mail here: the only next hop is a name that nobody can look up.
fn text(template: &Template<'_>) -> String {
    let with = |text: String, table: &str, line: &str| {
        text.replacen(&format!("\n[{table}]\n"), &format!("\n[{table}]\n{line}\n"), 1)
    };
    let text = with(
        template.render(),
        "dns",
        "# Nobody answers there: a demo asks the world nothing.\nservers = [\"127.0.0.1:9\"]",
    );
    let text = with(text, "log", "filter = \"warn,net=error\"");
    format!(
        "{MARK}{text}\n# Mail for other domains waits in the queue: a demo sends nothing.\n[queue.smarthost]\nhost = \"held-back-by-the-demo.invalid\"\n"
    )
}

fn other_ports(tried: u16) -> u16 {
    if tried < 20_000 { 20_000 } else { 10_000 }
}

/// Three groups of four letters and digits that are not taken for each other.
fn made_up_password() -> anyhow::Result<String> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut random = [0u8; 12];
    getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    let letters: Vec<char> = random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    Ok(letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-"))
}

/// Says where everything is.
fn greet(global: &Global, settings: &Settings, file: &Path, password: &str, kept: bool) {
    let listen = &settings.listen;
    let first = |addresses: &[std::net::SocketAddr]| addresses.first().map(ToString::to_string).unwrap_or_default();
    let url = format!("http://{}/", first(&listen.http));
    let value = json!({
        "url": url,
        "console": format!("{url}admin/"),
        "https": format!("https://{}/", first(&listen.https)),
        "accounts": [ALICE.address, BOB.address, ADMIN.address],
        "password": password,
        "smtp": listen.smtp, "submission": listen.submission, "submissions": listen.submissions,
        "imap": listen.imap, "imaps": listen.imaps, "pop3": listen.pop3, "pop3s": listen.pop3s, "sieve": listen.sieve,
        "config": file,
    });
    let sign_in = |person: demo::Person, what: &str| format!("  {:<22}{password}   {what}\n", person.address);
    output::show(global, &value, |_| {
        format!(
            "Gatepost demo is ready.\n\n  Webmail     {url}\n  Console     {url}admin/   as admin\n  With TLS    https://{}/   (self-signed)\n\nSign in as\n{}{}{}\nMail programs, also without TLS\n  SMTP {}   submission {}, {} (TLS)\n  IMAP {}   {} (TLS)   POP3 {}   {} (TLS)\n\nTry\n  swaks --server {} --to alice@example.test --header 'Subject: Hello'\n  gatepost status --config {}\n\nNothing leaves this machine: mail for other domains waits in the queue.\n{}Ctrl-C stops.",
            first(&listen.https),
            sign_in(ALICE, "a full mailbox"),
            sign_in(BOB, "her colleague"),
            sign_in(ADMIN, "the console"),
            first(&listen.smtp),
            first(&listen.submission),
            first(&listen.submissions),
            first(&listen.imap),
            first(&listen.imaps),
            first(&listen.pop3),
            first(&listen.pop3s),
            first(&listen.smtp),
            file.display(),
            if kept { "The folder is kept. " } else { "The folder is removed at the end. " },
        )
    });
}
