//! One file for each command.

pub(crate) mod account;
pub(crate) mod alias;
pub(crate) mod backup;
pub(crate) mod ban;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod domain;
pub(crate) mod filter;
mod import_surgemail;
pub(crate) mod init;
pub(crate) mod queue;
pub(crate) mod restore;
pub(crate) mod script;
pub(crate) mod search;
pub(crate) mod serve;
pub(crate) mod setup_link;
pub(crate) mod status;
pub(crate) mod store;
pub(crate) mod trace;
