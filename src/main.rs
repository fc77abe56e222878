//! The mail appliance: everything is in the crates below `src/`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
