//! The server's metrics: recorded once, shown to Prometheus as text and to the dashboard as counters.

use admin::figures::Counters;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use net::shutdown::Shutdown;
use std::time::Duration;

/// Between two clean-ups of the histograms.
const UPKEEP: Duration = Duration::from_secs(5);

/// Begins to record. There can be one recorder in a process.
pub(crate) fn record() -> anyhow::Result<PrometheusHandle> {
    Ok(PrometheusBuilder::new().install_recorder()?)
}

/// Keeps histograms small until draining begins.
pub(crate) async fn upkeep(handle: PrometheusHandle, shutdown: Shutdown) {
    let mut clock = tokio::time::interval(UPKEEP);
    loop {
        tokio::select! {
            () = shutdown.draining.cancelled() => return,
            _ = clock.tick() => handle.run_upkeep(),
        }
    }
}

/// The counters that the dashboard shows, out of the text form.
pub(crate) fn counters(text: &str) -> Counters {
    Counters {
        messages_in: sum(text, "gatepost_smtp_messages_total", "result=\"accepted\""),
        messages_out: sum(text, "gatepost_queue_deliveries_total", "result=\"sent\""),
        smtp_sessions: sum(text, "gatepost_smtp_sessions", ""),
        imap_sessions: sum(text, "gatepost_imap_sessions", ""),
    }
}

/// Sum over the series of a metric whose labels contain `label`.
fn sum(text: &str, name: &str, label: &str) -> u64 {
    let value = |line: &str| {
        let (series, value) = line.rsplit_once(' ')?;
        let labels = series.strip_prefix(name)?;
        let same = labels.is_empty() || labels.starts_with('{');
        (same && labels.contains(label)).then(|| value.parse::<f64>().ok())?
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counters are whole and not negative")]
    text.lines().filter_map(value).map(|value| value.max(0.0) as u64).sum()
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn only_the_named_metric_and_label_count() {
        let text = "# TYPE a counter\na{result=\"accepted\",x=\"1\"} 3\na{result=\"refused\"} 4\na_b{result=\"accepted\"} 9\na 1\n";
        assert_eq!(sum(text, "a", "result=\"accepted\""), 3);
        assert_eq!(sum(text, "a", ""), 8);
        assert_eq!(sum(text, "none", ""), 0);
    }
}
