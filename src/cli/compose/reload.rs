//! A changed configuration: taken over when it is right, and named in the log when it is not.

use super::services::Services;
use crate::telemetry::Filter;
use admin::Context;
use config::Settings;
use std::sync::Arc;

/// Reads the file again. What cannot change while the server runs is named and waits for a restart.
pub(super) async fn reload(services: &Services, context: &Context, filter: &Filter) {
    let file = &context.config_file;
    let new = match Settings::load(file) {
        Ok(new) => new,
        Err(error) => {
            tracing::error!(%error, "configuration not reloaded: the one before stays in force");
            return;
        }
    };
    if let Err(error) = filter.reload(&new.log) {
        tracing::error!(file = %file.display(), %error, "configuration not reloaded: the one before stays in force");
        return;
    }
    let (settings, waiting) = merge(&context.settings(), new);
    let settings = Arc::new(settings);
    services.settings.send_replace(settings.clone());
    services.smtp.iter().for_each(|smtp| smtp.reload(settings.clone()));
    services.imap.iter().for_each(|imap| imap.reload(settings.clone()));
    services.pop3.reload(settings.clone());
    services.sieve.iter().for_each(|sieve| sieve.reload(settings.clone()));
    context.queue.reload(settings);
    if let Some(certificates) = &context.certificates {
        certificates.refresh().await;
    }
    if waiting.is_empty() {
        tracing::info!(file = %file.display(), "configuration reloaded");
    } else {
        let waiting = waiting.join(", ");
        tracing::warn!(file = %file.display(), waiting, "configuration reloaded, but for keys that need a restart");
    }
}

/// The new settings with what only a restart can change as it was, and the names of that.
fn merge(old: &Settings, mut new: Settings) -> (Settings, Vec<&'static str>) {
    let mut waiting = Vec::new();
    macro_rules! keep {
        ($($name:literal: $($field:ident).+),* $(,)?) => {
            $(if new.$($field).+ != old.$($field).+ {
                waiting.push($name);
                new.$($field).+.clone_from(&old.$($field).+);
            })*
        };
    }
    keep!(
        "hostname": hostname,
        "data_dir": data_dir,
        "loopback": loopback,
        "[listen]": listen,
        "[tls]": tls,
        "[dns]": dns,
        "[store]": store,
        "log.format": log.format,
        "limits.connections_max": limits.connections_max,
        "limits.connections_per_address_max": limits.connections_per_address_max,
        "limits.connections_per_address_per_minute_max": limits.connections_per_address_per_minute_max,
        "limits.connections_local_max": limits.connections_local_max,
        "limits.connections_local_per_minute_max": limits.connections_local_per_minute_max,
        "limits.incoming_bytes_max": limits.incoming_bytes_max,
        "limits.offences_max": limits.offences_max,
        "limits.ban_time": limits.ban_time,
        "[trust]": trust,
        "limits.sign_in_failures_per_address_max": limits.sign_in_failures_per_address_max,
        "limits.sign_in_failures_per_account_max": limits.sign_in_failures_per_account_max,
    );
    (new, waiting)
}

#[cfg(test)]
mod tests {
    use super::merge;
    use config::Settings;

    #[test]
    fn what_needs_a_restart_stays_and_is_named() {
        let old = Settings::new("mail.example.test", "/data");
        let mut new = old.clone();
        new.listen.smtp = vec![([127, 0, 0, 1], 2525).into()];
        new.limits.recipients_max = 200;
        let (merged, waiting) = merge(&old, new);
        assert_eq!(waiting, ["[listen]"]);
        assert_eq!((merged.listen, merged.limits.recipients_max), (old.listen, 200));
    }
}
