//! The binary: everything is in the library, so that only this file is compiled and linked anew.

use std::process::ExitCode;

fn main() -> ExitCode {
    crawldeck::program::main()
}
