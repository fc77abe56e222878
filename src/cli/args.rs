//! Commands and options.

use crate::command::{
    account, alias, backup, ban, config, demo, domain, filter, init, queue, restore, script, search, serve, setup_link,
    status, store, trace,
};
use anyhow::Context;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  it failed; standard error says why and what to do
  2  wrong usage

Examples:
  gatepost demo
  gatepost init --dir /var/lib/gatepost --hostname mail.example.org --domain example.org --admin you@example.org
  gatepost serve --config /var/lib/gatepost/gatepost.toml
  gatepost account list --json

Commands that look at or change data go through the running server when there is one, and otherwise open the store
themselves. Without --config they read gatepost.toml in the current folder, /var/lib/gatepost or /etc/gatepost.";

/// A mail appliance in one program: SMTP, IMAP, webmail, console, queue.
#[derive(Debug, Parser)]
#[command(name = "gatepost", version, about, after_help = EXIT_CODES, propagate_version = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options that every command takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Global {
    /// The configuration file
    #[arg(long, global = true, env = "GATEPOST_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print JSON for machines
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Init(init::Init),
    Serve(serve::Serve),
    Status(status::Status),
    Domain(domain::Domain),
    Account(account::Account),
    Alias(alias::Alias),
    Script(script::Script),
    Queue(queue::Queue),
    Ban(ban::Ban),
    Filter(filter::Filter),
    Trace(trace::Trace),
    Search(search::Search),
    SetupLink(setup_link::SetupLink),
    Store(store::Store),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Config(config::Config),
}

impl Args {
    /// Does what was asked.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let global = self.global;
        match self.command {
            Command::Demo(command) => command.run(&global).await,
            Command::Init(command) => command.run(&global).await,
            Command::Serve(command) => command.run(&global).await,
            Command::Status(command) => command.run(&global).await,
            Command::Domain(command) => command.run(&global).await,
            Command::Account(command) => command.run(&global).await,
            Command::Alias(command) => command.run(&global).await,
            Command::Script(command) => command.run(&global).await,
            Command::Queue(command) => command.run(&global).await,
            Command::Ban(command) => command.run(&global).await,
            Command::Filter(command) => command.run(&global).await,
            Command::Trace(command) => command.run(&global).await,
            Command::Search(command) => command.run(&global).await,
            Command::SetupLink(command) => command.run(&global).await,
            Command::Store(command) => command.run(&global).await,
            Command::Backup(command) => command.run(&global).await,
            Command::Restore(command) => command.run(&global),
            Command::Config(command) => command.run(&global),
        }
    }
}

impl Global {
    /// The configuration file: the one named, else the first that exists of the usual places.
    pub(crate) fn file(&self) -> anyhow::Result<PathBuf> {
        if let Some(file) = &self.config {
            return Ok(file.clone());
        }
        let usual = ["gatepost.toml", "/var/lib/gatepost/gatepost.toml", "/etc/gatepost/gatepost.toml"];
        usual.into_iter().map(PathBuf::from).find(|path| path.exists()).context(
            "no configuration found: name it with --config DIR/gatepost.toml, or make one with gatepost init --dir DIR --hostname HOST --domain DOMAIN",
        )
    }

    /// The file and its settings.
    pub(crate) fn settings(&self) -> anyhow::Result<(PathBuf, ::config::Settings)> {
        let file = self.file()?;
        let settings = ::config::Settings::load(&file)?;
        Ok((file, settings))
    }
}

#[cfg(test)]
mod tests {
    use super::Args;
    use clap::CommandFactory;

    #[test]
    fn the_commands_are_well_formed() {
        Args::command().debug_assert();
    }
}
