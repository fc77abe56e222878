//! What is known of a message when the verdict is given. A source that could not be asked is a fact too.

use crate::{
    auth::Authentication, bayes::Probability, clamd::Scan, client::ClientFacts, heuristics::Hit, lists::Listing,
    milter::MilterFact, score::Score,
};

/// All facts of one message.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// SPF, DKIM, DMARC, ARC.
    pub authentication: Authentication,
    /// The client's names.
    pub client: ClientFacts,
    /// What lists say, in the order of the configuration.
    pub listings: Vec<Listing>,
    /// What the text and the headers look like.
    pub hits: Vec<Hit>,
    /// Attachments that may do harm.
    pub dangers: Vec<Hit>,
    /// What was learned from mail of everybody here; `None` where too little was learned.
    pub bayes: Option<Probability>,
    /// What the virus scanner says; `None` where none is configured.
    pub scan: Option<Scan>,
    /// What milters say, in the order of the configuration.
    pub milters: Vec<MilterFact>,
    /// Sources that could not be asked: name, and what went wrong.
    pub dead: Vec<(&'static str, String)>,
}

/// What is known for one recipient beyond that.
#[derive(Debug, Clone, Default)]
pub struct RecipientFacts {
    /// Whether the account has written to the author before.
    pub knows_author: bool,
    /// What was learned from this account's mail.
    pub bayes: Option<Probability>,
    /// Why the message is to come again later.
    pub greylisted: bool,
}

/// A reason with what it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Name of the rule, such as `SPF_FAIL`: the key under which its words can be translated.
    pub rule: &'static str,
    /// What the words are about: a domain, a list, a file.
    pub detail: String,
    /// What it counts.
    pub score: Score,
}
