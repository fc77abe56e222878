//! `gatepost queue`

use crate::{args::Global, output, reach::perform};
use admin::ops::{
    Operation,
    queued::{QueueAct, QueueAction, QueueFilter},
};
use clap::{Subcommand, ValueEnum};
use serde_json::Value;

/// Mail on its way to other servers
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gatepost queue list --state deferred\n  gatepost queue show 42\n  gatepost queue retry --domain example.com\n  gatepost queue drop 42 43\n  gatepost queue hold --all"
)]
pub(crate) struct Queue {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List entries, oldest first
    List {
        #[command(flatten)]
        filter: Filter,
        /// Entries to show; 0 for as many as one answer holds
        #[arg(long, default_value_t = 0)]
        limit: usize,
        /// Only those after this id
        #[arg(long, default_value_t = 0, value_name = "ID")]
        after: u64,
    },
    /// Show one entry and all that happened to its message
    Show { id: u64 },
    /// Try now
    Retry(Which),
    /// Do not try until released
    Hold(Which),
    /// Let held entries go on
    Release(Which),
    /// Remove; nobody is told
    Drop(Which),
    /// Remove, and send the message back to its sender
    Bounce(Which),
}

#[derive(Debug, clap::Args)]
struct Filter {
    /// Only for recipients in this domain
    #[arg(long)]
    domain: Option<String>,
    /// Only from senders whose address has this in it; <> for notifications
    #[arg(long)]
    sender: Option<String>,
    /// Only in this state
    #[arg(long)]
    state: Option<State>,
}

#[derive(Debug, clap::Args)]
struct Which {
    /// Entries, from queue list
    #[arg(value_name = "ID", required_unless_present_any = ["domain", "sender", "state", "all"], conflicts_with_all = ["domain", "sender", "state", "all"])]
    ids: Vec<u64>,
    #[command(flatten)]
    filter: Filter,
    /// The whole queue
    #[arg(long, conflicts_with_all = ["domain", "sender", "state"])]
    all: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    /// Its first try is due
    Waiting,
    /// It is being delivered
    Active,
    /// A try failed, another will follow
    Deferred,
    /// An admin holds it
    Held,
    /// It waits for the time that its sender has set
    Scheduled,
}

impl Queue {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let (action, which) = match self.action {
            Action::List { filter, limit, after } => {
                let filter = QueueFilter { limit, after, ..filter.into() };
                output::show(global, &perform(global, Operation::QueueList(filter)).await?, entries);
                return Ok(());
            }
            Action::Show { id } => {
                output::show(global, &perform(global, Operation::QueueShow { id }).await?, entry);
                return Ok(());
            }
            Action::Retry(which) => (QueueAction::Retry, which),
            Action::Hold(which) => (QueueAction::Hold, which),
            Action::Release(which) => (QueueAction::Release, which),
            Action::Drop(which) => (QueueAction::Drop, which),
            Action::Bounce(which) => (QueueAction::Bounce, which),
        };
        let filter = which.ids.is_empty().then(|| which.filter.into());
        let act = QueueAct { action, ids: which.ids, filter };
        let value = perform(global, Operation::QueueAct(act)).await?;
        output::show(global, &value, |value| {
            let changed = format!("{} entries changed", output::text(value, "changed"));
            match value["busy"].as_u64() {
                None | Some(0) => changed,
                Some(busy) => format!("{changed}; {busy} are being delivered at this moment and were left alone"),
            }
        });
        Ok(())
    }
}

impl From<Filter> for QueueFilter {
    fn from(filter: Filter) -> Self {
        let state = filter.state.map(|state| match state {
            State::Waiting => queue::State::Waiting,
            State::Active => queue::State::Active,
            State::Deferred => queue::State::Deferred,
            State::Held => queue::State::Held,
            State::Scheduled => queue::State::Scheduled,
        });
        Self { domain: filter.domain, sender: filter.sender, state, ..Self::default() }
    }
}

fn entries(value: &Value) -> String {
    let table = output::table(
        &value["entries"],
        &[
            ("ID", &|row| output::text(row, "id")),
            ("STATE", &|row| output::text(row, "state")),
            ("FROM", &|row| output::text(row, "from")),
            ("TO", &|row| output::text(row, "to")),
            ("SIZE", &|row| output::size(row, "size")),
            ("TRIES", &|row| output::text(row, "attempts")),
            ("NEXT TRY", &|row| output::time(row, "next_attempt")),
            ("REASON", &|row| output::text(row, "reason")),
        ],
    );
    match value["next"].as_u64() {
        Some(next) => format!("{table}\nmore: --after {next}"),
        None => table,
    }
}

fn entry(value: &Value) -> String {
    let head = format!(
        "entry       {}\nstate       {}\nfrom        {}\nto          {}\nsubject     {}\nsize        {}\naccepted    {}\ntries       {}\nnext try    {}\ngiven up    {}\nreason      {}\nlast server {}\nits reply   {}\nmessage     {}\n",
        output::text(value, "id"),
        output::text(value, "state"),
        output::text(value, "from"),
        output::text(value, "to"),
        output::text(value, "subject"),
        output::size(value, "size"),
        output::time(value, "created"),
        output::text(value, "attempts"),
        output::time(value, "next_attempt"),
        output::time(value, "expires"),
        output::text(value, "reason"),
        output::text(value, "host"),
        output::text(value, "reply"),
        output::text(value, "trace"),
    );
    let events = output::table(
        &value["events"],
        &[
            ("WHEN", &|row| output::time(row, "at")),
            ("STEP", &|row| output::text(row, "step")),
            ("TO", &|row| output::text(row, "to")),
            ("DETAIL", &|row| output::text(row, "detail")),
        ],
    );
    format!("{head}\n{events}")
}
