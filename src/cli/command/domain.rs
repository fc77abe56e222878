//! `gatepost domain`

use crate::{args::Global, output, reach::perform};
use admin::{
    ops::{
        Operation, dkim,
        domains::{DomainAdd, DomainSet},
    },
    size,
};
use clap::Subcommand;
use serde_json::Value;

/// Domains whose mail is kept here
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gatepost domain add example.org --account-quota 5G\n  gatepost domain set example.org --catch-all office@example.org\n  gatepost domain dns example.org\n  gatepost domain dkim example.org --rotate"
)]
pub(crate) struct Domain {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all domains
    List,
    /// Show one domain
    Show { name: String },
    /// Add a domain
    Add {
        name: String,
        #[command(flatten)]
        values: Values,
    },
    /// Change catch-all or quotas
    Set {
        name: String,
        #[command(flatten)]
        values: Values,
    },
    /// Remove a domain that has no accounts; its aliases go with it
    Remove { name: String },
    /// Show the DNS records that the domain needs, and what the DNS says now
    Dns { name: String },
    /// Show the keys that sign the domain's mail (DKIM), with their DNS records
    Dkim {
        name: String,
        /// Make new keys; they take over once their records are in the DNS
        #[arg(long, conflicts_with = "activate")]
        rotate: bool,
        /// Let waiting keys sign although their records were not seen from here
        #[arg(long)]
        activate: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Values {
    /// Address that takes mail for unknown local parts; empty for none
    #[arg(long, value_name = "ADDRESS")]
    catch_all: Option<String>,
    /// Quota of new accounts, such as 5G; 0 for unlimited
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    account_quota: Option<u64>,
    /// Bound on all accounts together, such as 500G; 0 for unlimited
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    quota: Option<u64>,
}

impl Domain {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        match self.action {
            Action::List => output::show(global, &perform(global, Operation::DomainList).await?, domains),
            Action::Show { name } => {
                let value = perform(global, Operation::DomainShow { name }).await?;
                output::show(global, &value, |value| domains(&Value::Array(vec![value.clone()])));
            }
            Action::Add { name, values } => {
                let add = DomainAdd {
                    name,
                    catch_all: values.catch_all,
                    account_quota: values.account_quota,
                    quota: values.quota,
                };
                let value = perform(global, Operation::DomainAdd(add)).await?;
                output::show(global, &value, |value| {
                    format!("added {}; gatepost domain dns {0} shows the records it needs", output::text(value, "name"))
                });
            }
            Action::Set { name, values } => {
                let set = DomainSet {
                    name,
                    catch_all: values.catch_all,
                    account_quota: values.account_quota,
                    quota: values.quota,
                };
                let value = perform(global, Operation::DomainSet(set)).await?;
                output::show(global, &value, |value| domains(&Value::Array(vec![value.clone()])));
            }
            Action::Remove { name } => {
                let value = perform(global, Operation::DomainRemove { name: name.clone() }).await?;
                output::show(global, &value, |_| format!("removed {name}"));
            }
            Action::Dns { name } => {
                output::show(global, &perform(global, Operation::DomainDns { name }).await?, records);
            }
            Action::Dkim { name, rotate, activate } => {
                let action = match (rotate, activate) {
                    (true, _) => dkim::Action::Rotate,
                    (_, true) => dkim::Action::Activate,
                    _ => dkim::Action::Show,
                };
                output::show(global, &perform(global, Operation::DomainDkim { name, action }).await?, keys);
            }
        }
        Ok(())
    }
}

fn domains(value: &Value) -> String {
    output::table(
        value,
        &[
            ("DOMAIN", &|row| output::text(row, "name")),
            ("ACCOUNTS", &|row| output::text(row, "accounts")),
            ("ALIASES", &|row| output::text(row, "aliases")),
            ("USED", &|row| output::size(row, "bytes")),
            ("QUOTA", &|row| output::size(row, "quota")),
            ("PER ACCOUNT", &|row| output::size(row, "account_quota")),
            ("CATCH-ALL", &|row| output::text(row, "catch_all")),
        ],
    )
}

/// States, and then the records as a zone file has them.
fn keys(value: &Value) -> String {
    let table = output::table(
        value,
        &[
            ("STATE", &|row| output::text(row, "state")),
            ("SINCE", &|row| output::time(row, "since")),
            ("ALGORITHM", &|row| output::text(row, "algorithm")),
            ("SELECTOR", &|row| output::text(row, "selector")),
            ("RECORD STAYS UNTIL", &|row| output::time(row, "keep_until")),
        ],
    );
    let records = value.as_array().into_iter().flatten().map(|row| {
        // A string of a TXT record holds 255 octets (RFC 1035 section 3.3.14).
        let record = output::text(row, "record");
        let strings: Vec<String> =
            record.as_bytes().chunks(200).map(|part| format!("\"{}\"", String::from_utf8_lossy(part))).collect();
        format!("\n{}. IN TXT ( {} )", output::text(row, "name"), strings.join("\n  "))
    });
    format!("{table}\n{}", records.collect::<Vec<_>>().join("\n"))
}

fn records(value: &Value) -> String {
    output::table(
        value,
        &[
            ("STATE", &|row| output::text(row, "state")),
            ("TYPE", &|row| output::text(row, "kind")),
            ("NAME", &|row| output::text(row, "name")),
            ("WANTED", &|row| output::text(row, "wanted")),
            ("FOUND", &|row| output::text(row, "found")),
        ],
    )
}
