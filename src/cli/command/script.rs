//! `gatepost script`

use crate::{args::Global, output, reach::perform};
use admin::ops::{Operation, scripts::ScriptPut};
use clap::Subcommand;
use std::{io::Read as _, path::PathBuf};

/// Sieve scripts that sort people's mail as it comes
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gatepost script list alice@example.org\n  gatepost script put alice@example.org main filters.sieve --activate\n  gatepost script off alice@example.org"
)]
pub(crate) struct Script {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the scripts of an account
    List { address: String },
    /// Show the text of a script
    Show { address: String, name: String },
    /// Write a script, after it was found valid
    Put {
        address: String,
        name: String,
        /// File with the script; - for standard input
        file: PathBuf,
        /// Run it from now on
        #[arg(long)]
        activate: bool,
    },
    /// Run this script from now on
    Use { address: String, name: String },
    /// Run no script; all mail goes to the Inbox
    Off { address: String },
}

impl Script {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        match self.action {
            Action::List { address } => {
                let value = perform(global, Operation::ScriptList { address }).await?;
                output::show(global, &value, |value| {
                    output::table(
                        value,
                        &[
                            ("SCRIPT", &|row| output::text(row, "name")),
                            ("ACTIVE", &|row| if row["active"] == true { "yes".into() } else { String::new() }),
                            ("BYTES", &|row| output::text(row, "size")),
                            ("WRITTEN", &|row| output::time(row, "modified")),
                        ],
                    )
                });
            }
            Action::Show { address, name } => {
                let value = perform(global, Operation::ScriptShow { address, name }).await?;
                output::show(global, &value, |value| value.as_str().unwrap_or_default().replace("\r\n", "\n"));
            }
            Action::Put { address, name, file, activate } => {
                let mut text = String::new();
                if file.as_os_str() == "-" {
                    std::io::stdin().lock().read_to_string(&mut text)?;
                } else {
                    text = std::fs::read_to_string(&file).map_err(|e| anyhow::anyhow!("{}: {e}", file.display()))?;
                }
                let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
                let put = ScriptPut { address, name: name.clone(), text, activate };
                let value = perform(global, Operation::ScriptPut(put)).await?;
                let what = if activate { "written and active" } else { "written" };
                output::show(global, &value, |_| format!("{name}: {what}"));
            }
            Action::Use { address, name } => {
                let operation = Operation::ScriptActivate { address, name: Some(name.clone()) };
                let value = perform(global, operation).await?;
                output::show(global, &value, |_| format!("{name} is active"));
            }
            Action::Off { address } => {
                let operation = Operation::ScriptActivate { address: address.clone(), name: None };
                let value = perform(global, operation).await?;
                output::show(global, &value, |_| format!("no script runs for {address}"));
            }
        }
        Ok(())
    }
}
