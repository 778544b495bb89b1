//! The program `crawldeck`: runs the mode that the command line names, and maps the outcome to an
//! exit code.
//!
//! ```text
//! mod ── cmd_crawl     crawl, recrawl, resume     ┐ show_crawl   dashboard or progress lines,
//!    ├── cmd_lab       demo, tour, lab            ┘              then the summary
//!    ├── cmd_tune      tune
//!    ├── cmd_compare   compare
//!    ├── cmd_database  list, rm, export, report ── crawl_list    crawls as text and JSON
//!    └── cmd_config    config
//! error, logging, output, process_limits, seed_list   what the commands share
//! ```
//!
//! What needs the lab site is in `cmd_lab` and `cmd_compare` alone. The binary calls [`main`] and
//! has no code of its own.

mod cmd_compare;
mod cmd_config;
mod cmd_crawl;
mod cmd_database;
mod cmd_lab;
mod cmd_tune;
mod crawl_list;
mod error;
mod logging;
mod output;
mod process_limits;
mod seed_list;
mod show_crawl;

use std::process::ExitCode;
use std::time::Duration;

use clap::CommandFactory;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::cli::{self, Cli, CliError, Environment, Invocation, Subcommand};
use crate::compare::strategies;
use crate::headless::tell;

use error::ProgramError;
use output::print;

/// For how long a thread for blocking work is kept without any.
const BLOCKING_THREAD_KEPT: Duration = Duration::from_hours(1);

/// Runs the process from its arguments to its exit code: 0 complete, 1 failed, 2 usage, 3 stopped
/// before the end.
#[must_use]
pub fn main() -> ExitCode {
    process_limits::survive_file_size_limit();
    let invocation = match cli::read(std::env::args_os(), &Environment::of_process()) {
        Ok(invocation) => invocation,
        Err(CliError::CommandLine(error)) => error.exit(),
        Err(error) => {
            tell(&format!("crawldeck: {error}"));
            return ExitCode::from(2);
        }
    };
    // As many connections as the system allows: running out of file descriptors must not be recorded
    // as the server's failure. Where the system refuses, the limit stays as it is.
    if let Ok((_, hard_limit)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard_limit, hard_limit);
    }
    // The one TLS provider of the process; a second installation is refused and harmless.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if let Err(error) = process_limits::check_threads() {
        tell(&format!("crawldeck: the system allows too few threads (ulimit -u): {error}"));
        return ExitCode::FAILURE;
    }
    if let Some(Subcommand::Strategy { strategy }) = invocation.cli.command {
        // A strategy creates the kind of event loop that it measures.
        return strategies::main(strategy);
    }
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_keep_alive(BLOCKING_THREAD_KEPT)
        .build()
        .map_err(ProgramError::io("the event loop cannot start"))
        .and_then(|runtime| {
            start_blocking_thread(&runtime);
            let outcome = runtime.block_on(Box::pin(run(invocation)));
            // A thread that looks up a name is not waited for.
            runtime.shutdown_background();
            outcome
        });
    match outcome {
        Ok(code) => code,
        Err(error) => {
            tell(&format!("crawldeck: {error}"));
            error.exit_code()
        }
    }
}

/// Starts the first thread for blocking work, such as name look-ups, if the system allows one: it serves
/// them also when no other can be started later, where the event loop would panic without any.
fn start_blocking_thread(runtime: &tokio::runtime::Runtime) {
    if std::thread::Builder::new().spawn(|| ()).is_ok_and(|thread| thread.join().is_ok()) {
        drop(runtime.spawn_blocking(|| ()));
    }
}

async fn run(invocation: Invocation) -> Result<ExitCode, ProgramError> {
    let Invocation { cli, sources, warnings } = invocation;
    for warning in &warnings {
        tell(&format!("crawldeck: {warning}"));
    }
    let said = warnings.as_slice();
    match cli.command {
        None => cmd_lab::demo(None, &cli.lab, &cli.options, said).await,
        Some(Subcommand::Demo { scene, lab, options }) => {
            cmd_lab::demo(scene, &lab, &options, said).await
        }
        Some(Subcommand::Tour { options }) => cmd_lab::tour(&options, said).await,
        Some(Subcommand::Crawl { seeds, recrawl, options }) => {
            cmd_crawl::crawl(seeds, recrawl, &options, said).await
        }
        Some(Subcommand::Resume { database, options, crawl }) => {
            cmd_crawl::resume(database, crawl, &options, said).await
        }
        Some(Subcommand::List { database, json }) => {
            cmd_database::list(database.as_deref(), json).await
        }
        Some(Subcommand::Rm { database, crawls, yes }) => {
            cmd_database::remove(&database, &crawls, yes).await
        }
        Some(Subcommand::Export { database, options }) => {
            cmd_database::export_rows(database.as_deref(), options).await
        }
        Some(Subcommand::Report { database, crawl, output }) => {
            cmd_database::write_report(database.as_deref(), crawl, &output).await
        }
        Some(Subcommand::Config { seeds, recrawl, options }) => {
            cmd_config::config(&seeds, recrawl, &options, &sources)
        }
        Some(Subcommand::Tune { seeds, tune, options }) => {
            cmd_tune::tune(seeds, tune.budget, &options, said).await
        }
        Some(Subcommand::Compare { options }) => cmd_compare::compare(options).await,
        // `main` runs it before there is an event loop.
        Some(Subcommand::Strategy { strategy }) => Ok(strategies::main(strategy)),
        Some(Subcommand::Lab { options, logging }) => cmd_lab::serve(&options, logging).await,
        Some(Subcommand::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut cli::for_users(), "crawldeck", &mut script);
            print(&script)
        }
        Some(Subcommand::Man) => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command())
                .render(&mut page)
                .map_err(ProgramError::io("the manual page cannot be made"))?;
            print(&page)
        }
    }
}
