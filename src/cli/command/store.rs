//! `gatepost store`

use crate::{
    args::Global,
    compose, output,
    progress::{Shown, Unit},
    reach::perform,
};
use admin::ops::{self, Operation};
use anyhow::bail;
use clap::Subcommand;
use config::Settings;
use serde_json::{Value, json};
use std::path::PathBuf;

/// The store on disk
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gatepost store verify\n  gatepost store verify --dir /backup/monday --json\n  gatepost store rebuild\n  gatepost store stats"
)]
pub(crate) struct Store {
    /// Folder of a server or of a backup, instead of --config
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "config")]
    dir: Option<PathBuf>,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Read everything back and check it; fails when something is damaged
    Verify,
    /// Make the index anew from the log; the server must not run
    Rebuild,
    /// Sizes, and how commits fare
    Stats,
}

impl Store {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let file = self.dir.as_ref().map(|dir| dir.join("gatepost.toml"));
        let global = &global_of(global, file);
        match self.action {
            Action::Verify => verify(global).await,
            Action::Rebuild => rebuild(global).await,
            Action::Stats => {
                output::show(global, &perform(global, Operation::StoreStats).await?, stats);
                Ok(())
            }
        }
    }
}

/// With `--dir`, the options as if its configuration had been named.
fn global_of(global: &Global, file: Option<PathBuf>) -> Global {
    Global { config: file.or_else(|| global.config.clone()), json: global.json }
}

async fn verify(global: &Global) -> anyhow::Result<()> {
    let (file, settings) = global.settings()?;
    let value = match admin::control::call(&admin::control::path(&settings.data_dir), &Operation::StoreVerify).await {
        Some(outcome) => outcome?,
        None => alone(settings, file).await?,
    };
    output::show(global, &value, verified);
    match value["problems"].as_array().map_or(0, Vec::len) {
        0 => Ok(()),
        count => bail!(
            "{count} problems found: keep the folder as it is, and restore a backup; gatepost store rebuild helps where only the index is wrong"
        ),
    }
}

/// On the store itself, with progress.
async fn alone(settings: Settings, file: PathBuf) -> anyhow::Result<Value> {
    let context = compose::offline(settings, file).await?;
    let mut shown = Shown::new("verifying", Unit::Bytes);
    let outcome = ops::store::verify(&context, move |progress| shown.at(progress)).await;
    context.store().close().await;
    Ok(serde_json::to_value(outcome?)?)
}

async fn rebuild(global: &Global) -> anyhow::Result<()> {
    let (_, settings) = global.settings()?;
    let (dir, options) = (compose::store_dir(&settings), compose::store_options(&settings));
    let work = move || {
        let mut shown = Shown::new("rebuilding the index", Unit::Commits);
        store::Store::rebuild(&dir, &options, &mut |progress| shown.at(progress))
    };
    let recovery = match tokio::task::spawn_blocking(work).await? {
        Err(error @ store::Error::Locked { .. }) => bail!("{error}: stop it first"),
        outcome => outcome?,
    };
    let value = json!({
        "commits": recovery.replayed,
        "set_aside": recovery.rebuilt,
        "discarded": recovery.discarded,
    });
    output::show(global, &value, |_| format!("index rebuilt; {} commits were replayed", recovery.replayed));
    Ok(())
}

fn verified(value: &Value) -> String {
    let read = format!(
        "read {}: {} commits, {} messages",
        output::size(value, "bytes"),
        output::text(value, "commits"),
        output::text(value, "bodies")
    );
    match value["problems"].as_array().map_or(&[][..], Vec::as_slice) {
        [] => format!("{read}; all is well"),
        problems => {
            let lines: Vec<&str> = problems.iter().filter_map(Value::as_str).collect();
            format!("{read}\n{}", lines.join("\n"))
        }
    }
}

fn stats(value: &Value) -> String {
    format!(
        "commits         {}\nlog             {} in {} segments\nlive messages   {}\nlast fsync      {} us\nindex behind    {} commits\nsearch behind   {}\naccepting       {}",
        output::text(value, "commits"),
        output::size(value, "segment_bytes"),
        output::text(value, "segments"),
        output::size(value, "live_bytes"),
        output::text(value, "fsync_micros"),
        output::text(value, "index_lag"),
        value["search_pending_accounts"]
            .as_u64()
            .map_or_else(|| "no server runs".to_owned(), |count| format!("{count} accounts")),
        value["stopped"].as_str().map_or_else(|| "yes".to_owned(), |why| format!("no: {why}")),
    )
}
