//! `gatepost setup-link`

use crate::{args::Global, output, reach::perform};
use admin::ops::Operation;

/// Print a new one-time link for making the first admin in the browser
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The link works for two days, once, and only while there is no admin. An earlier link stops working."
)]
pub(crate) struct SetupLink {}

impl SetupLink {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let value = perform(global, Operation::SetupLink).await?;
        output::show(global, &value, |value| output::text(value, "url"));
        Ok(())
    }
}
