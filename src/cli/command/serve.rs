//! `gatepost serve`

use crate::{args::Global, compose::Server, output, telemetry};
use admin::ops::setup;
use config::Settings;
use serde_json::json;
use std::io::IsTerminal;

/// Run the server until SIGTERM or Ctrl-C; SIGHUP reloads the configuration
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gatepost serve --config /var/lib/gatepost/gatepost.toml\n  gatepost serve --check && systemctl reload gatepost\n\nA second SIGTERM or Ctrl-C ends it without waiting for sessions and deliveries to finish."
)]
pub(crate) struct Serve {
    /// Only say whether the configuration can be used
    #[arg(long)]
    check: bool,
}

impl Serve {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let (file, settings) = global.settings()?;
        if self.check {
            check(&settings)?;
            let value = json!({ "file": file, "valid": true });
            output::show(global, &value, |_| format!("{}: good", file.display()));
            return Ok(());
        }
        let filter = telemetry::start(&settings.log)?;
        let advice = format!("stop it, or change [listen] in {}", file.display());
        let server = Server::prepare(settings, file, &advice).await?;
        let link = if setup::has_admin(server.context())? { None } else { first_admin(&server).await? };
        server.run(&filter, || link.iter().for_each(output::line)).await
    }
}

/// What can be found wrong without starting: files that are named and cannot be used.
pub(crate) fn check(settings: &Settings) -> anyhow::Result<()> {
    telemetry::filter(&settings.log)?;
    if settings.tls.certificate.is_some() {
        net::tls::Certificates::load(settings)?;
    }
    if let Some(file) = settings.queue.smarthost.as_ref().and_then(|smarthost| smarthost.password_file.as_ref()) {
        std::fs::read(file)
            .map_err(|error| anyhow::anyhow!("queue.smarthost.password_file {}: {error}", file.display()))?;
    }
    Ok(())
}

/// How the first admin is made. The link itself is shown to people only, not to a log.
async fn first_admin(server: &Server) -> anyhow::Result<Option<String>> {
    if !std::io::stdout().is_terminal() {
        tracing::warn!("there is no admin yet: gatepost setup-link prints a link for making one");
        return Ok(None);
    }
    let link = setup::link(server.context()).await?;
    Ok(Some(format!("There is no admin yet. Open this link within two days to make one:\n  {}", link.url)))
}
