//! `gatepost.toml` turned into validated settings, and every bound the server enforces.
//!
//! Layout: [`settings`] the validated values, [`limits`] the bounds, [`error`] what is wrong with a file and where,
//! [`trust`] peers that speak for others, [`template`] the file that `gatepost init` writes,
//! [`surgemail`] the configuration of a SurgeMail installation as one of ours; inside, `reader` takes values out of the TOML and collects every
//! fault with its place, and `checks` says what a host name, a duration or a size is.
//!
//! Invariants: pure apart from reading the one file; nothing else in the workspace reads configuration text; a
//! [`Settings`] that exists is valid.

mod checks;
pub mod error;
pub mod limits;
mod reader;
pub mod settings;
pub mod surgemail;
pub mod template;
pub mod trust;

pub use error::Error;
pub use limits::Limits;
pub use settings::Settings;
pub use template::Template;
pub use trust::Trust;
