//! `gatepost search`

use crate::{args::Global, output, reach::perform};
use admin::ops::Operation;
use clap::Subcommand;
use serde_json::Value;

/// The full-text index of all mail
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Searches are complete at any time: messages that are not in the index yet are looked at one by one.\n\nExamples:\n  gatepost search status\n  gatepost search status --wait\n  gatepost search rebuild"
)]
pub(crate) struct Search {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// How far the index is
    Status {
        /// Return once it holds everything that is in the store now
        #[arg(long)]
        wait: bool,
    },
    /// Make the index anew from the store, in the background when a server runs
    Rebuild {
        /// Return when it is done
        #[arg(long)]
        wait: bool,
    },
}

impl Search {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let operation = match self.action {
            Action::Status { wait } => Operation::SearchStatus { wait },
            Action::Rebuild { wait } => Operation::SearchRebuild { wait },
        };
        output::show(global, &perform(global, operation).await?, people);
        Ok(())
    }
}

fn people(value: &Value) -> String {
    let behind = match value["pending_accounts"].as_u64() {
        Some(0) => "nothing".to_owned(),
        _ => format!(
            "{} accounts, for {:.1} s",
            output::text(value, "pending_accounts"),
            value["behind_ms"].as_f64().unwrap_or_default() / 1000.0
        ),
    };
    let mut text = format!(
        "messages        {}\nindex           {}\nbehind          {behind}",
        output::text(value, "messages"),
        output::size(value, "bytes"),
    );
    for (key, words) in [("set_aside", "was set aside  "), ("failing", "does not get on")] {
        if let Some(why) = value[key].as_str() {
            text.push_str(&format!("\n{words} {why}"));
        }
    }
    text
}
