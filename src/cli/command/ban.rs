//! `gatepost ban`

use crate::{args::Global, output, reach::perform};
use admin::ops::{Operation, bans::BanAdd};
use clap::Subcommand;
use serde_json::Value;

/// Networks that are shut out
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gatepost ban list\n  gatepost ban add 192.0.2.0/24 --hours 48\n  gatepost ban remove 192.0.2.7"
)]
pub(crate) struct Ban {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List bans
    List,
    /// Shut a network out
    Add {
        /// Network such as 192.0.2.0/24, or one address
        network: String,
        /// For how long
        #[arg(long, default_value_t = 24)]
        hours: u64,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Take a ban back
    Remove {
        /// As the list shows it
        network: String,
    },
}

impl Ban {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        match self.action {
            Action::List => output::show(global, &perform(global, Operation::BanList).await?, bans),
            Action::Add { network, hours, reason } => {
                let add = BanAdd { network, seconds: hours.saturating_mul(3600), reason };
                let value = perform(global, Operation::BanAdd(add)).await?;
                output::show(global, &value, |value| bans(&Value::Array(vec![value.clone()])));
            }
            Action::Remove { network } => {
                let value = perform(global, Operation::BanRemove { network: network.clone() }).await?;
                output::show(global, &value, |_| format!("{network} is let in again"));
            }
        }
        Ok(())
    }
}

fn bans(value: &Value) -> String {
    output::table(
        value,
        &[
            ("NETWORK", &|row| output::text(row, "network")),
            ("SINCE", &|row| output::time(row, "since")),
            ("UNTIL", &|row| output::time(row, "until")),
            ("REASON", &|row| output::text(row, "reason")),
        ],
    )
}
