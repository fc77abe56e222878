//! `gatepost account`

use crate::{args::Global, output, password, reach::perform};
use admin::{
    ops::{
        Operation, Password,
        accounts::{AccountAdd, AccountSet},
        deleted::Restore,
    },
    size,
};
use clap::{Subcommand, ValueEnum};
use directory::AccountState;
use serde_json::Value;

/// People with a mailbox
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gatepost account add carol@example.org --name \"Carol Jones\" --quota 5G\n  pass mail/carol | gatepost account password carol@example.org --password-stdin\n  gatepost account set carol@example.org --state suspended\n  gatepost account restore carol@example.org --within 24\n  gatepost account app-password add carol@example.org --name phone"
)]
pub(crate) struct Account {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List accounts
    List {
        /// Only of this domain
        #[arg(long)]
        domain: Option<String>,
    },
    /// Show one account
    Show { address: String },
    /// Add an account with its mailboxes
    Add {
        address: String,
        /// Display name
        #[arg(long, default_value = "")]
        name: String,
        /// Bytes it may use, such as 5G; 0 for unlimited; without it the domain's default
        #[arg(long, value_name = "SIZE", value_parser = size::parse)]
        quota: Option<u64>,
        /// Allow the console
        #[arg(long)]
        admin: bool,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Change name, state, quota or the admin role
    Set {
        address: String,
        /// Display name
        #[arg(long)]
        name: Option<String>,
        /// What the account may do
        #[arg(long)]
        state: Option<State>,
        /// Bytes it may use, such as 5G; 0 for unlimited
        #[arg(long, value_name = "SIZE", value_parser = size::parse)]
        quota: Option<u64>,
        /// Allow the console, or not any more
        #[arg(long, value_name = "true|false")]
        admin: Option<bool>,
    },
    /// Set the password and end all sessions
    Password {
        address: String,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Show accounts whose sending was stopped because they sent too much
    Stopped,
    /// Let an account send again that was stopped
    AllowSending { address: String },
    /// Remove an account with all its mail
    Remove {
        address: String,
        /// Really remove it
        #[arg(long, required = true)]
        yes: bool,
    },
    /// List messages that were deleted for good within the last 30 days
    Deleted { address: String },
    /// Bring deleted messages back to where they were
    Restore {
        address: String,
        /// Only these, by their numbers in `account deleted`
        #[arg(long = "number", value_name = "N")]
        numbers: Vec<u64>,
        /// Only what was in this mailbox
        #[arg(long, conflicts_with = "numbers")]
        mailbox: Option<String>,
        /// Only what was deleted within so many hours
        #[arg(long, value_name = "HOURS", conflicts_with = "numbers")]
        within: Option<u32>,
        /// All that can be brought back
        #[arg(long, conflicts_with_all = ["numbers", "mailbox", "within"])]
        all: bool,
    },
    /// Passwords for single programs
    #[command(subcommand)]
    AppPassword(AppPassword),
}

#[derive(Debug, Subcommand)]
enum AppPassword {
    /// List the app passwords of an account
    List { address: String },
    /// Make one; it is shown once
    Add {
        address: String,
        /// What it is for
        #[arg(long)]
        name: String,
    },
    /// Remove one
    Remove { address: String, id: u64 },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    /// Receives, signs in, sends
    Active,
    /// Receives; cannot sign in or send
    Suspended,
    /// Refuses mail, cannot sign in; its mail is kept
    Closed,
}

impl Account {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        match self.action {
            Action::List { domain } => {
                output::show(global, &perform(global, Operation::AccountList { domain }).await?, accounts);
            }
            Action::Show { address } => one(global, &perform(global, Operation::AccountShow { address }).await?),
            Action::Add { address, name, quota, admin, password_stdin } => {
                let password = Password(password::read(password_stdin, &address)?);
                let add = AccountAdd { address, name, password, admin, quota };
                let value = perform(global, Operation::AccountAdd(add)).await?;
                output::show(global, &value, |value| format!("added {}", output::text(value, "address")));
            }
            Action::Set { address, name, state, quota, admin } => {
                let state = state.map(|state| match state {
                    State::Active => AccountState::Active,
                    State::Suspended => AccountState::Suspended,
                    State::Closed => AccountState::Closed,
                });
                one(
                    global,
                    &perform(global, Operation::AccountSet(AccountSet { address, name, state, admin, quota })).await?,
                );
            }
            Action::Password { address, password_stdin } => {
                let password = Password(password::read(password_stdin, &address)?);
                let value = perform(global, Operation::AccountPassword { address: address.clone(), password }).await?;
                output::show(global, &value, |_| format!("password of {address} set; its sessions have ended"));
            }
            Action::Stopped => {
                output::show(global, &perform(global, Operation::StopList).await?, |value| {
                    output::table(
                        value,
                        &[
                            ("ACCOUNT", &|row| output::text(row, "address")),
                            ("SINCE", &|row| output::time(row, "since")),
                            ("REASON", &|row| output::text(row, "reason")),
                        ],
                    )
                });
            }
            Action::AllowSending { address } => {
                let value = perform(global, Operation::AllowSending { address: address.clone() }).await?;
                output::show(global, &value, |_| format!("{address} may send again"));
            }
            Action::Remove { address, yes: _ } => {
                let value = perform(global, Operation::AccountRemove { address: address.clone() }).await?;
                output::show(global, &value, |_| format!("removed {address} with all its mail"));
            }
            Action::Deleted { address } => {
                output::show(global, &perform(global, Operation::DeletedList { address }).await?, deleted);
            }
            Action::Restore { address, numbers, mailbox, within, all } => {
                // Without a word about which, nothing is moved about in somebody's mail.
                if numbers.is_empty() && mailbox.is_none() && within.is_none() && !all {
                    anyhow::bail!("say what to bring back: --number, --mailbox, --within or --all");
                }
                let hours = |hours: u32| jiff::Timestamp::now().as_millisecond() - i64::from(hours) * 3_600_000;
                let since = within.map_or(i64::MIN, hours);
                let restore = Restore { address: address.clone(), numbers, since, mailbox };
                let value = perform(global, Operation::DeletedRestore(restore)).await?;
                output::show(global, &value, |value| {
                    format!("{} messages of {address} brought back", output::text(value, "messages"))
                });
            }
            Action::AppPassword(action) => app_password(global, action).await?,
        }
        Ok(())
    }
}

async fn app_password(global: &Global, action: AppPassword) -> anyhow::Result<()> {
    match action {
        AppPassword::List { address } => {
            let value = perform(global, Operation::AppPasswordList { address }).await?;
            output::show(global, &value, |value| {
                output::table(
                    value,
                    &[
                        ("ID", &|row| output::text(row, "id")),
                        ("NAME", &|row| output::text(row, "name")),
                        ("MADE", &|row| output::time(row, "created")),
                    ],
                )
            });
        }
        AppPassword::Add { address, name } => {
            let value = perform(global, Operation::AppPasswordAdd { address, name }).await?;
            output::show(global, &value, |value| {
                format!("{}\nThis password is not shown again.", output::text(value, "secret"))
            });
        }
        AppPassword::Remove { address, id } => {
            let value = perform(global, Operation::AppPasswordRemove { address, id }).await?;
            output::show(global, &value, |_| format!("removed app password {id}"));
        }
    }
    Ok(())
}

fn deleted(value: &Value) -> String {
    output::table(
        value,
        &[
            ("NUMBER", &|row| output::text(row, "number")),
            ("DELETED", &|row| output::time(row, "deleted")),
            ("MAILBOX", &|row| output::text(row, "mailbox")),
            ("FROM", &|row| output::text(row, "from")),
            ("SUBJECT", &|row| output::text(row, "subject")),
            ("SIZE", &|row| output::size(row, "bytes")),
        ],
    )
}

fn one(global: &Global, value: &Value) {
    output::show(global, value, |value| accounts(&Value::Array(vec![value.clone()])));
}

fn accounts(value: &Value) -> String {
    output::table(
        value,
        &[
            ("ADDRESS", &|row| output::text(row, "address")),
            ("NAME", &|row| output::text(row, "name")),
            ("STATE", &|row| output::text(row, "state")),
            ("ADMIN", &|row| output::text(row, "admin")),
            ("MESSAGES", &|row| output::text(row, "messages")),
            ("USED", &|row| output::size(row, "bytes")),
            ("QUOTA", &|row| output::size(row, "quota")),
        ],
    )
}
