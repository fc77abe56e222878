//! `gatepost alias`

use crate::{args::Global, output, reach::perform};
use admin::ops::Operation;
use clap::Subcommand;

/// Addresses that lead to one or many others
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gatepost alias put office@example.org alice@example.org bob@example.org\n  gatepost alias list --domain example.org"
)]
pub(crate) struct Alias {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List aliases
    List {
        /// Only of this domain
        #[arg(long)]
        domain: Option<String>,
    },
    /// Add or replace an alias
    Put {
        address: String,
        /// Where it leads, here or elsewhere
        #[arg(required = true)]
        targets: Vec<String>,
    },
    /// Remove an alias
    Remove { address: String },
}

impl Alias {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        match self.action {
            Action::List { domain } => {
                let value = perform(global, Operation::AliasList { domain }).await?;
                output::show(global, &value, |value| {
                    output::table(
                        value,
                        &[
                            ("ALIAS", &|row| output::text(row, "address")),
                            ("LEADS TO", &|row| output::text(row, "targets")),
                        ],
                    )
                });
            }
            Action::Put { address, targets } => {
                let value = perform(global, Operation::AliasPut { address, targets }).await?;
                output::show(global, &value, |value| {
                    format!("{} leads to {}", output::text(value, "address"), output::text(value, "targets"))
                });
            }
            Action::Remove { address } => {
                let value = perform(global, Operation::AliasRemove { address: address.clone() }).await?;
                output::show(global, &value, |_| format!("removed {address}"));
            }
        }
        Ok(())
    }
}
