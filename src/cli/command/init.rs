//! `gatepost init`

use crate::{
    args::Global,
    compose::{self, Place},
    output::{self, UsageError},
    password, ports,
};
use admin::ops::{Operation, Password, accounts::AccountAdd, domains::DomainAdd, setup::base_url};
use anyhow::Context as _;
use config::{Settings, Template};
use serde_json::json;
use std::{
    fs::File,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Set up a new server: its folder, configuration, first domain and admin
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gatepost init --dir /var/lib/gatepost --hostname mail.example.org --domain example.org --admin you@example.org\n  gatepost init --dir ./try --hostname mail.example.test --domain example.test --ports-from 10000 --loopback\n\nWithout --admin a one-time link is printed by which the first admin is made in the browser."
)]
pub(crate) struct Init {
    /// Folder of the new server: configuration, mail, certificates
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Full name of this host, as in the MX record
    #[arg(long, value_name = "HOST")]
    hostname: String,
    /// First domain whose mail is kept here
    #[arg(long)]
    domain: String,
    /// Address of the first admin
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<String>,
    /// Read the admin's password from standard input
    #[arg(long, requires = "admin")]
    password_stdin: bool,
    /// Listen on 127.0.0.1 at the standard ports plus this number
    #[arg(long, value_name = "N", value_parser = ports::parse)]
    ports_from: Option<u16>,
    /// Listen on this machine only; sign-in and web pages work without TLS
    #[arg(long)]
    loopback: bool,
}

impl Init {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let file = self.dir.join("gatepost.toml");
        anyhow::ensure!(
            !file.exists(),
            "{} exists already: start it with gatepost serve --config {0}, or name another --dir",
            file.display()
        );
        let text =
            Template { hostname: &self.hostname, data_dir: ".", ports_from: self.ports_from, loopback: self.loopback }
                .render();
        let settings = Settings::parse(&text, &file).map_err(|_| {
            UsageError(format!(
                "--hostname {}: write the full name of this host, such as mail.example.org",
                self.hostname
            ))
        })?;
        let password = match &self.admin {
            Some(address) => Some(Password(password::read(self.password_stdin, address)?)),
            None => None,
        };
        compose::make_private(&self.dir)?;
        let link = self.fill(settings.clone(), &file, password).await?;
        // Last, so that a run that was cut short can be repeated.
        write_private(&file, &text)?;
        let value = json!({
            "config": file,
            "url": base_url(&settings),
            "admin": self.admin,
            "setup_link": link,
        });
        output::show(global, &value, |_| self.next_steps(&file, &settings, link.as_deref()));
        Ok(())
    }

    /// Makes the store with domain and admin; without an admin, the link that makes one.
    async fn fill(
        &self,
        settings: Settings,
        file: &Path,
        password: Option<Password>,
    ) -> anyhow::Result<Option<String>> {
        let settings = std::sync::Arc::new(settings);
        let place = Place::open(&settings).await?;
        let context = place.into_context(settings, file.to_owned());
        let made = self.make(&context, password).await;
        context.store().close().await;
        made
    }

    async fn make(&self, context: &admin::Context, password: Option<Password>) -> anyhow::Result<Option<String>> {
        let domain = DomainAdd { name: self.domain.clone(), catch_all: None, account_quota: None, quota: None };
        match admin::ops::perform(context, Operation::DomainAdd(domain)).await {
            Ok(_) | Err(admin::OpError::Exists(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let (Some(address), Some(password)) = (&self.admin, password) else {
            return Ok(Some(admin::ops::setup::link(context).await?.url));
        };
        let add = AccountAdd { address: address.clone(), name: String::new(), password, admin: true, quota: None };
        match admin::ops::perform(context, Operation::AccountAdd(add)).await {
            Ok(_) | Err(admin::OpError::Exists(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn next_steps(&self, file: &Path, settings: &Settings, link: Option<&str>) -> String {
        let mut text = format!(
            "Set up {}.\n\n1. Start it:        gatepost serve --config {}\n",
            self.dir.display(),
            file.display()
        );
        match link {
            Some(link) => {
                text += &format!("2. Make the admin:  {link}\n                    (works once, for two days)\n");
            }
            None => text += &format!("2. Sign in:         {}\n", base_url(settings)),
        }
        text + &format!("3. DNS records:     gatepost domain dns {} --config {}\n", self.domain, file.display())
    }
}

/// Writes a new file for its owner alone, and has it on disk when it returns.
pub(crate) fn write_private(file: &Path, text: &str) -> anyhow::Result<()> {
    let write = || {
        let mut new = File::options().write(true).create_new(true).mode(0o600).open(file)?;
        new.write_all(text.as_bytes())?;
        new.sync_all()
    };
    write().with_context(|| format!("cannot write {}", file.display()))
}
