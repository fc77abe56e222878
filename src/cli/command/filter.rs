//! `gatepost filter`

use crate::{args::Global, output, reach::perform};
use admin::ops::{
    Operation,
    filter::{PolicyChange, Trial},
};
use anyhow::Context as _;
use clap::Subcommand;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What judges mail from other servers
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gatepost filter test message.eml --client 192.0.2.1 --helo mx.example.org --from carol@example.org\n  gatepost filter train --junk Maildir/.Junk/cur\n  gatepost filter set global greylist suspicious\n  gatepost filter block example.test spam.example.net\n\nA scope is global, a domain, or the address of an account; the nearest one wins."
)]
pub(crate) struct Filter {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Tell what a message would get, and why
    Test {
        /// The file with the message
        message: PathBuf,
        /// Address of the client that brings it
        #[arg(long, default_value = "")]
        client: String,
        /// Name that the client gives
        #[arg(long, default_value = "")]
        helo: String,
        /// Envelope sender
        #[arg(long, default_value = "")]
        from: String,
        /// A recipient here, whose policy counts
        #[arg(long, default_value = "")]
        to: String,
    },
    /// Learn from messages that are known to be junk, or not
    Train {
        /// They are junk
        #[arg(long, conflicts_with = "wanted")]
        junk: bool,
        /// They are wanted mail
        #[arg(long, required_unless_present = "junk")]
        wanted: bool,
        /// For this account as well
        #[arg(long)]
        account: Option<String>,
        /// A file with one message, or a folder of such files
        path: PathBuf,
    },
    /// Tell how much has been learned
    Learned,
    /// Show a policy
    Show {
        /// Whose
        #[arg(default_value = "global")]
        scope: String,
    },
    /// Change a setting of a policy; the value default leaves it to the next scope outward
    Set {
        /// Whose
        scope: String,
        /// The setting, as filter show lists it
        name: String,
        /// Its value
        value: String,
    },
    /// Take mail of a sender: an address, a domain, a network, or arc:DOMAIN for a trusted forwarder
    Allow {
        /// Whose
        scope: String,
        /// The sender
        entry: String,
        /// Take it off the list
        #[arg(long)]
        remove: bool,
    },
    /// Refuse mail of a sender: an address, a domain, or a network
    Block {
        /// Whose
        scope: String,
        /// The sender
        entry: String,
        /// Take it off the list
        #[arg(long)]
        remove: bool,
    },
}

impl Filter {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let change = |scope, change| Operation::FilterPolicyChange { scope, change };
        let (operation, shown): (_, fn(&Value) -> String) = match self.action {
            Action::Test { message, client, helo, from, to } => {
                let trial = Trial { client, helo, from, to };
                (Operation::FilterTest { file: absolute(&message)?, trial }, judged)
            }
            Action::Train { junk, account, path, .. } => {
                (Operation::FilterTrain { path: absolute(&path)?, junk, account }, trained)
            }
            Action::Learned => (Operation::FilterLearned, learned),
            Action::Show { scope } => (Operation::FilterPolicy { scope }, policy),
            Action::Set { scope, name, value } => (change(scope, PolicyChange::Set { name, value }), policy),
            Action::Allow { scope, entry, remove } => (change(scope, PolicyChange::Allow { entry, remove }), policy),
            Action::Block { scope, entry, remove } => (change(scope, PolicyChange::Block { entry, remove }), policy),
        };
        output::show(global, &perform(global, operation).await?, shown);
        Ok(())
    }
}

/// The server may run in another folder.
fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("{} is no path", path.display()))
}

fn judged(value: &Value) -> String {
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let mut out = format!("{}  score {} of {}", text("action"), text("score"), text("junk_at"));
    if let Some(rule) = value["decisive"].as_str() {
        out.push_str(&format!(", by {rule}"));
    }
    out.push_str("\n\n");
    out.push_str(&output::table(
        &value["reasons"],
        &[
            ("SCORE", &|row| output::text(row, "score")),
            ("RULE", &|row| output::text(row, "rule")),
            ("WHY", &|row| output::text(row, "words")),
        ],
    ));
    for why in value["not_asked"].as_array().into_iter().flatten() {
        out.push_str(&format!("\nnot asked: {}", why.as_str().unwrap_or_default()));
    }
    out.push_str(&format!("\n{}", text("fields").replace("\r\n", "\n")));
    out
}

fn trained(value: &Value) -> String {
    format!("learned from {} messages", value["messages"])
}

fn learned(value: &Value) -> String {
    format!("{} messages of junk, {} others, {} words", value["junk"], value["other"], value["words"])
}

fn policy(value: &Value) -> String {
    let mut out = format!("policy of {}\n", value["scope"].as_str().unwrap_or_default());
    for pair in value["settings"].as_array().into_iter().flatten() {
        out.push_str(&format!(
            "  {} = {}\n",
            pair[0].as_str().unwrap_or_default(),
            pair[1].as_str().unwrap_or_default()
        ));
    }
    for list in ["allow", "block"] {
        let entries: Vec<_> = value[list].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        out.push_str(&format!(
            "  {list}: {}\n",
            if entries.is_empty() { "nobody".to_owned() } else { entries.join(", ") }
        ));
    }
    out
}
