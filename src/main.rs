//! The mail appliance: everything is in the crates below `src/`.

use std::process::ExitCode;

/// Messages are allocated by one thread and freed by another at every turn, which the allocator of the C library does slowly:
/// with this one the store commits a third more (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
