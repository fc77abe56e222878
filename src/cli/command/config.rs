//! `gatepost config`

use super::import_surgemail::ImportSurgemail;
use crate::{args::Global, output};
use clap::Subcommand;
use serde_json::json;

/// The configuration file
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gatepost config check --config /var/lib/gatepost/gatepost.toml\n  gatepost config show --json\n  gatepost config import-surgemail surgemail.ini webmail.ini --hostname mail.example.org --out gatepost.toml"
)]
pub(crate) struct Config {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say whether the file is right; else name line, key and what is allowed
    Check,
    /// Show the settings that are in force with it
    Show,
    /// Write a configuration from that of a SurgeMail installation, and say what became of each setting
    ImportSurgemail(ImportSurgemail),
}

impl Config {
    pub(crate) fn run(self, global: &Global) -> anyhow::Result<()> {
        match self.action {
            Action::ImportSurgemail(import) => import.run(global)?,
            Action::Check => {
                let (file, _) = global.settings()?;
                output::show(global, &json!({ "file": file, "valid": true }), |_| format!("{}: good", file.display()));
            }
            Action::Show => {
                let (file, settings) = global.settings()?;
                let listen = &settings.listen;
                let value = json!({
                    "file": file,
                    "hostname": settings.hostname,
                    "data_dir": settings.data_dir,
                    "loopback": settings.loopback,
                    "listen": {
                        "smtp": listen.smtp, "submission": listen.submission, "submissions": listen.submissions,
                        "imap": listen.imap, "imaps": listen.imaps, "pop3": listen.pop3, "pop3s": listen.pop3s, "sieve": listen.sieve,
                        "http": listen.http, "https": listen.https,
                    },
                    "smarthost": settings.queue.smarthost.as_ref().map(|host| format!("{}:{}", host.host, host.port)),
                    "queue_lifetime_hours": settings.queue.lifetime.as_secs() / 3600,
                    "message_bytes_max": settings.limits.message_bytes_max,
                    "recipients_max": settings.limits.recipients_max,
                    "connections_max": settings.limits.connections_max,
                    "log_filter": settings.log.filter,
                });
                output::show(global, &value, |value| serde_json::to_string_pretty(value).unwrap_or_default());
            }
        }
        Ok(())
    }
}
