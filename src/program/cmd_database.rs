//! The commands on crawls in a database: `list`, `export`, `report`, `rm`.

use std::io::{IsTerminal, Write, stderr, stdin, stdout};
use std::path::Path;
use std::process::ExitCode;

use crate::cli::{DEFAULT_DB, ExportOptions};
use crate::export::{self, Export, Format, TABLES, Target};
use crate::headless::signals::ProcessSignals;
use crate::headless::{self, tell};
use crate::model::ids::CrawlId;
use crate::report;
use crate::store;
use crate::store::{OpenMode, Store};
use crate::terminal_text::escaped;

use super::crawl_list;
use super::error::ProgramError;
use super::output::{print, print_result};

/// Lists the crawls of a database.
pub(super) async fn list(database: Option<&str>, json: bool) -> Result<ExitCode, ProgramError> {
    let store = store::open(database.unwrap_or(DEFAULT_DB), OpenMode::MustExist).await?;
    let listed = store.crawls().await;
    store.close().await;
    let listed = listed?;
    if json {
        return print(format!("{}\n", crawl_list::as_json(&listed)).as_bytes());
    }
    if listed.is_empty() {
        tell(&format!("crawldeck: {} has no crawls", store.describe()));
    }
    print(crawl_list::table(&listed).as_bytes())
}

/// Exports rows, and shows their count where standard output is not a terminal that shows the rows.
pub(super) async fn export_rows(
    database: Option<&str>,
    options: ExportOptions,
) -> Result<ExitCode, ProgramError> {
    let ExportOptions { format, output, table, condition, crawl } = options;
    if format == Format::Sitemap && table != TABLES[0] {
        let why = format!("a sitemap is made of pages: leave out --table {table}");
        return Err(ProgramError::Usage(why));
    }
    let target = Target::of(output.as_deref());
    // Standard output needs no cleaning up: a signal may end the process at once.
    let mut signals = match target {
        Target::Stdout => None,
        Target::File(_) => Some(ProcessSignals::listen().map_err(ProgramError::io("signals"))?),
    };
    let store = store::open(database.unwrap_or(DEFAULT_DB), OpenMode::MustExist).await?;
    let bar = headless::counter(!(target.is_stdout() && stdout().is_terminal()));
    let what = Export { format, table, crawl, condition };
    let mut progress = |rows| bar.set_position(rows);
    let exporting = export::export(&*store, &what, &target, &mut progress);
    let exported = match &mut signals {
        None => exporting.await,
        Some(signals) => tokio::select! {
            exported = exporting => exported,
            () = signals.stop() => {
                bar.finish_and_clear();
                tell(&format!("crawldeck: stopped, {target} is as it was"));
                return Ok(ExitCode::from(3));
            }
        },
    };
    bar.finish_and_clear();
    store.close().await;
    match exported {
        Err(error) if target.is_stdout() && error.is_broken_pipe() => return Ok(ExitCode::SUCCESS),
        Err(error) => return Err(error.into()),
        Ok(exported) => tell(&format!("crawldeck: {}", exported.summary(table, &target))),
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a report, and reports its file name.
pub(super) async fn write_report(
    database: Option<&str>,
    crawl: Option<CrawlId>,
    output: &Path,
) -> Result<ExitCode, ProgramError> {
    let to_stdout = output == Path::new("-");
    if !to_stdout {
        // Before reading the database, which may take a while.
        report::save::check(output)?;
    }
    let store = store::open(database.unwrap_or(DEFAULT_DB), OpenMode::MustExist).await?;
    let gathered = report::gather(&*store, crawl).await;
    store.close().await;
    let gathered = gathered?;
    let html = report::render(&gathered);
    if to_stdout {
        return print(html.as_bytes());
    }
    report::save::save(output, &html)?;
    let (crawl, file) = (gathered.crawl.id, output.display());
    tell(&format!("crawldeck: the report of crawl {crawl} is in {file}"));
    Ok(ExitCode::SUCCESS)
}

/// Removes crawls, after a question unless `yes`.
pub(super) async fn remove(
    database: &str,
    ids: &[CrawlId],
    yes: bool,
) -> Result<ExitCode, ProgramError> {
    let asks = stdin().is_terminal() && stderr().is_terminal();
    if !yes && !asks {
        return Err(ProgramError::Usage(
            "rm removes crawls for good: without a terminal it takes --yes".into(),
        ));
    }
    let store = store::open(database, OpenMode::MustExist).await?;
    let removed = remove_from(&*store, ids, yes).await;
    store.close().await;
    removed
}

async fn remove_from(
    store: &dyn Store,
    ids: &[CrawlId],
    yes: bool,
) -> Result<ExitCode, ProgramError> {
    let found = crawl_list::to_remove(store, ids).await?;
    if !yes {
        let mut answer = String::new();
        let question = crawl_list::question(&store.describe(), &found);
        let _ = write!(stderr(), "{}", escaped(&question));
        stdin().read_line(&mut answer).map_err(ProgramError::io("standard input"))?;
        if !matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
            tell("crawldeck: nothing was removed");
            return Ok(ExitCode::FAILURE);
        }
    }
    for crawl in found {
        let rows = store.remove(crawl.id).await?;
        print_result(format!("removed crawl {}, {rows} rows\n", crawl.id).as_bytes());
    }
    Ok(ExitCode::SUCCESS)
}
