//! Logs.

use config::settings::{Log, LogFormat};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Changes the filter of the logs while they are written.
pub(crate) struct Filter {
    set: Box<dyn Fn(EnvFilter) -> anyhow::Result<()> + Send + Sync>,
}

/// Sends logs to standard error from here on, in the configured form. `RUST_LOG` goes before the configured filter.
pub(crate) fn start(log: &Log) -> anyhow::Result<Filter> {
    let filter = filter(log)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let set: Box<dyn Fn(EnvFilter) -> anyhow::Result<()> + Send + Sync> = match log.format {
        LogFormat::Text => {
            let builder = builder.with_ansi(std::io::stderr().is_terminal()).with_filter_reloading();
            let handle = builder.reload_handle();
            builder.init();
            Box::new(move |filter| Ok(handle.reload(filter)?))
        }
        LogFormat::Json => {
            let builder = builder.json().flatten_event(true).with_filter_reloading();
            let handle = builder.reload_handle();
            builder.init();
            Box::new(move |filter| Ok(handle.reload(filter)?))
        }
    };
    Ok(Filter { set })
}

impl Filter {
    /// Takes the filter of a changed configuration.
    pub(crate) fn reload(&self, log: &Log) -> anyhow::Result<()> {
        (self.set)(filter(log)?)
    }
}

/// The filter in force with these settings; an error names the key.
pub(crate) fn filter(log: &Log) -> anyhow::Result<EnvFilter> {
    match std::env::var("RUST_LOG") {
        Ok(text) if !text.is_empty() => {
            EnvFilter::try_new(&text).map_err(|error| anyhow::anyhow!("RUST_LOG=\"{text}\": {error}"))
        }
        _ => {
            EnvFilter::try_new(&log.filter).map_err(|error| anyhow::anyhow!("log.filter = \"{}\": {error}", log.filter))
        }
    }
}
