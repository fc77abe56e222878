//! `gatepost domain`

use crate::{args::Global, output, reach::perform};
use admin::{
    ops::{
        Operation,
        domains::{DomainAdd, DomainSet},
    },
    size,
};
use clap::Subcommand;
use serde_json::Value;

/// Domains whose mail is kept here
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gatepost domain add example.org --account-quota 5G\n  gatepost domain set example.org --catch-all office@example.org\n  gatepost domain dns example.org"
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
