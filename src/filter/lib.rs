//! What comes in from other servers is judged: facts first, then a verdict that gives all its reasons.
//!
//! Layout: [`engine`] the filter itself; facts: [`auth`] with [`spf`] and `arc`, [`client`] names, [`lists`] in the DNS, [`content`] with
//! [`heuristics`] and [`attachment`], [`bayes`] what was learned and [`learn`] how, [`clamd`], [`milter`], `recipient` known
//! people and greylisting; [`fact`] all of them together; [`policy`] what is wanted; [`verdict`] the pure function of both, with
//! the names and words of [`rules`]; [`results`] and `marks` what is written into the header.
//!
//! Invariants: a verdict is a pure function of facts and policy; a source that cannot be asked is a fact of its own and, unless
//! the configuration says otherwise, no reason to refuse; every source has a time-out; only mail from other servers is judged.

mod arc;
pub mod attachment;
pub mod auth;
pub mod bayes;
pub mod clamd;
pub mod client;
pub mod content;
pub mod engine;
pub mod error;
pub mod fact;
pub mod heuristics;
pub mod learn;
pub mod lists;
mod looked;
mod marks;
pub mod milter;
pub mod policy;
mod recipient;
pub mod results;
pub mod rules;
pub mod score;
pub mod spf;
pub mod verdict;

pub use engine::{Filter, Judgement, Refusal, To, Visitor};
pub use error::Error;
pub use score::Score;
pub use verdict::{Action, Verdict};
