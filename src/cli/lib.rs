//! The command line: what people and scripts call, and the one place that puts all parts together and runs them.
//!
//! Layout: [`args`] the commands and options, [`command`] one file for each, [`reach`] doing an operation by a running
//! server or on the store itself, [`output`] tables and JSON, [`compose`] the server out of its parts, [`web`] the browser's
//! sign-in over the directory, [`figures`] the server's metrics, [`progress`] how far long work has come, [`telemetry`] logs,
//! [`demo`] the mail of `gatepost demo`.
//!
//! Invariants: exit code 0 is done, 1 is failed, 2 is wrong usage; every command takes `--json`; what goes wrong is one line
//! on standard error that says what to do; no command changes data without going through `admin::ops` or the store's own
//! tools.

mod args;
mod command;
mod compose;
mod demo;
mod figures;
mod output;
mod password;
mod ports;
mod progress;
mod reach;
mod telemetry;
mod web;

use clap::Parser;
use std::process::ExitCode;

/// Reads the command line, does it, and says how it went.
pub fn run() -> ExitCode {
    let args = args::Args::parse();
    let json = args.global.json;
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => match runtime.block_on(args.run()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => output::failure(&error, json),
        },
        Err(error) => output::failure(&error.into(), json),
    }
}
