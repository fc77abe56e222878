//! The server's metrics: recorded once, shown to Prometheus as text and to the dashboard as counters.

use admin::figures::Counters;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use net::{Peer, Stream, shutdown::Shutdown};
use std::{future::Future, time::Duration};
use store::Store;

/// Between two clean-ups of the histograms.
const UPKEEP: Duration = Duration::from_secs(5);
/// SMTP and submission sessions open now, by service.
const SESSIONS: &str = "gatepost_smtp_sessions";
/// Bounds of histograms, seconds.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// Begins to record. There can be one recorder in a process.
pub(crate) fn record() -> anyhow::Result<PrometheusHandle> {
    Ok(PrometheusBuilder::new().set_buckets(&SECONDS)?.install_recorder()?)
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

/// The text form, with the figures of the store as they are now.
#[allow(clippy::cast_precision_loss, reason = "gauges are floats")]
pub(crate) fn text(handle: &PrometheusHandle, store: &Store, search: Option<&search::Index>) -> String {
    if let Some(index) = search {
        let status = index.status();
        metrics::gauge!("gatepost_search_messages").set(status.messages as f64);
        metrics::gauge!("gatepost_search_bytes").set(status.bytes as f64);
        metrics::gauge!("gatepost_search_pending_accounts").set(status.pending_accounts as f64);
        metrics::gauge!("gatepost_search_behind_seconds").set(status.behind_ms as f64 / 1000.0);
        metrics::gauge!("gatepost_search_failing").set(if status.failing.is_some() { 1.0 } else { 0.0 });
    }
    metrics::gauge!("gatepost_store_accepting").set(if store.stopped().is_none() { 1.0 } else { 0.0 });
    metrics::gauge!("gatepost_queue_entries").set(store.spool_len() as f64);
    if let Ok(stats) = store.stats() {
        metrics::counter!("gatepost_store_commits_total").absolute(stats.commits);
        metrics::counter!("gatepost_store_log_bytes_total").absolute(stats.log_bytes);
        metrics::gauge!("gatepost_store_segments").set(stats.segments as f64);
        metrics::gauge!("gatepost_store_segment_bytes").set(stats.segment_bytes as f64);
        metrics::gauge!("gatepost_store_live_bytes").set(stats.live_bytes as f64);
        metrics::gauge!("gatepost_store_last_fsync_seconds").set(stats.fsync_micros as f64 / 1e6);
        metrics::gauge!("gatepost_store_index_lag_commits")
            .set(stats.last_commit.saturating_sub(stats.applied_commit) as f64);
    }
    handle.render()
}

/// A session that counts among those that are open.
struct Open(metrics::Gauge);

impl Open {
    fn new(service: &'static str) -> Self {
        let gauge = metrics::gauge!(SESSIONS, "service" => service);
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// A handler whose sessions are counted while they run.
pub(crate) fn counted<H, F>(
    service: &'static str,
    handler: H,
) -> impl Fn(Stream, Peer) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> + Clone + Send + Sync + 'static
where
    H: Fn(Stream, Peer) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    move |stream, peer| {
        let session = handler(stream, peer);
        Box::pin(async move {
            let _open = Open::new(service);
            session.await;
        })
    }
}

/// The counters that the dashboard shows, out of the text form.
pub(crate) fn counters(text: &str) -> Counters {
    Counters {
        messages_in: sum(text, "gatepost_smtp_messages_total", ""),
        messages_out: sum(text, "gatepost_queue_deliveries_total", "result=\"sent\""),
        smtp_sessions: sum(text, SESSIONS, ""),
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
