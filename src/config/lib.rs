//! `gatepost.toml` turned into validated settings, and every bound the server enforces.
//!
//! Layout: [`settings`] the validated values, [`limits`] the bounds, [`error`] what is wrong with a file and where.
//!
//! Invariants: pure apart from reading the one file; nothing else in the workspace reads configuration text; a
//! [`Settings`] that exists is valid.

pub mod error;
pub mod limits;
pub mod settings;

pub use error::Error;
pub use limits::Limits;
pub use settings::Settings;
