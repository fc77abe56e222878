//! What one look at the bytes of a message gives: done once, off the async threads where it is large.

use crate::{attachment, bayes, content::Content, heuristics, heuristics::Hit};
use mail::summary::{Summary, summarize_whole};
use std::sync::Arc;

/// Messages up to this size are looked at where they are; larger ones on a thread for slow work.
const INLINE_BYTES_MAX: usize = 256 * 1024;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Looked {
    pub(crate) summary: Arc<Summary>,
    pub(crate) hits: Vec<Hit>,
    pub(crate) dangers: Vec<Hit>,
    /// Domains of links, as registered.
    pub(crate) domains: Vec<String>,
    /// Words, for what was learned.
    pub(crate) words: Vec<u64>,
}

impl Looked {
    /// Looks at a message. `now`: seconds since 1970.
    pub(crate) fn at(message: &[u8], now: i64) -> Self {
        let (summary, structure) = summarize_whole(message);
        let content = Content::new(message, &summary, &structure, now);
        let (hits, dangers) = (heuristics::look(&content), attachment::look(&content));
        let domains = content.link_domains().into_iter().collect();
        let words = bayes::words::of(&content);
        drop(content);
        Self { summary: Arc::new(summary), hits, dangers, domains, words }
    }

    /// As [`Looked::at`], wherever that is best done.
    pub(crate) async fn at_best(message: &[u8], now: i64) -> Self {
        if message.len() <= INLINE_BYTES_MAX {
            return Self::at(message, now);
        }
        let copy = message.to_vec();
        // A panic in there would be a fault of ours; the message is taken without what was not seen.
        tokio::task::spawn_blocking(move || Self::at(&copy, now)).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a message could not be looked at");
            Self { summary: Arc::new(mail::summary::summarize(message)), ..Self::default() }
        })
    }
}
