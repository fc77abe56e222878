//! `gatepost status`

use crate::{args::Global, output};
use admin::{control, ops::Operation};
use anyhow::bail;
use serde_json::Value;

/// Show how the running server is; fails when none runs
#[derive(Debug, clap::Args)]
#[command(after_help = "Fit as a health check: the exit code is 0 while the server answers, and 1 otherwise.")]
pub(crate) struct Status {}

impl Status {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let (file, settings) = global.settings()?;
        let socket = control::path(&settings.data_dir);
        let Some(outcome) = control::call(&socket, &Operation::Status).await else {
            bail!(
                "no server answers at {}: start it with gatepost serve --config {}",
                socket.display(),
                file.display()
            );
        };
        output::show(global, &outcome?, people);
        Ok(())
    }
}

fn people(value: &Value) -> String {
    let figures = &value["figures"];
    format!(
        "gatepost {} on {}\nrunning since   {}\ncertificate     {}\ndomains         {}\naccounts        {}\nqueue           {}\nmessages        {} in, {} out\nsessions        {} SMTP, {} IMAP\nstore           {}\ndisk free       {} of {}",
        output::text(value, "version"),
        output::text(value, "hostname"),
        output::time(figures, "started"),
        output::text(value, "certificate"),
        output::text(value, "domains"),
        output::text(value, "accounts"),
        output::text(value, "queue"),
        output::text(figures, "messages_in"),
        output::text(figures, "messages_out"),
        output::text(figures, "smtp_sessions"),
        output::text(figures, "imap_sessions"),
        output::size(figures, "store_bytes"),
        output::size(figures, "disk_free"),
        output::size(figures, "disk_total"),
    )
}
