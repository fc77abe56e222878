//! SPF (RFC 7208): whether a domain lets this client send for it.
//!
//! Layout: [`record`] the grammar, [`mod@macros`] what stands between `%{` and `}`, [`mod@check`] the evaluation with its bounds.
//!
//! The evaluation is ours rather than the library's, which knows neither the bound on void look-ups nor that two records are
//! an error: the published suite (`../shared/corpora/spf`) holds both.

mod check;
mod macros;
mod record;

pub use check::{Asked, Output, SpfResult, check};
