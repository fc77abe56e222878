//! `gatepost backup`

use crate::{args::Global, output, reach::perform};
use admin::ops::Operation;
use std::path::PathBuf;

/// Copy store, configuration and keys to a new folder, while the server runs or not
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gatepost backup /backup/monday\n  gatepost store verify --dir /backup/monday\n  gatepost restore --from /backup/monday --dir /var/lib/gatepost\n\nThe copy is consistent: it is the store as of one moment. It holds passwords' hashes and private keys; keep it as safe\nas the server. On the same disk it takes little room, as finished parts of the log are shared with the store."
)]
pub(crate) struct Backup {
    /// The new folder; empty or not there yet
    dir: PathBuf,
}

impl Backup {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        // A running server has another working folder.
        let dir = std::path::absolute(&self.dir)?;
        let value = perform(global, Operation::Backup { dir }).await?;
        output::show(global, &value, |value| {
            format!(
                "{}: {} files, {}",
                output::text(value, "dir"),
                output::text(value, "files"),
                output::size(value, "bytes")
            )
        });
        Ok(())
    }
}
