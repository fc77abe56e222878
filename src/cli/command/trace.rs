//! `gatepost trace`

use crate::{args::Global, output, reach::perform};
use admin::ops::Operation;
use clap::Subcommand;
use serde_json::Value;

/// What happened to messages
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gatepost trace find carol@example.org\n  gatepost trace show 019ab1c2d3e4f5061728394a5b6c7d8e"
)]
pub(crate) struct Trace {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Find messages by sender or recipient, newest first
    Find {
        /// An address or a part of one; nothing finds all
        #[arg(default_value = "")]
        address: String,
        /// Steps to show
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show all steps of one message
    Show {
        /// Its id, from trace find or from the Received header
        id: String,
    },
}

impl Trace {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let operation = match self.action {
            Action::Find { address, limit } => Operation::TraceFind { address, limit },
            Action::Show { id } => Operation::TraceShow { id },
        };
        output::show(global, &perform(global, operation).await?, steps);
        Ok(())
    }
}

fn steps(value: &Value) -> String {
    output::table(
        value,
        &[
            ("WHEN", &|row| output::time(row, "at")),
            ("STEP", &|row| output::text(row, "step")),
            ("FROM", &|row| output::text(row, "from")),
            ("TO", &|row| output::text(row, "to")),
            ("DETAIL", &|row| output::text(row, "detail")),
            ("MESSAGE", &|row| output::text(row, "id")),
        ],
    )
}
