//! The binary: everything is in the library, so that only this file is compiled and linked anew.

use std::process::ExitCode;

/// A page takes some hundred small allocations, made on one thread and often freed on another; that is a
/// fifth of all time with the system's allocator.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    crawldeck::program::main()
}
