//! What is done with crawls that are in a database: list, export, report, rm.

use std::io::{IsTerminal, Write, stderr, stdin, stdout};
use std::path::Path;
use std::process::ExitCode;

use crawldeck::cli::{DEFAULT_DB, ExportOptions};
use crawldeck::crawls;
use crawldeck::export::{self, Export, Format, TABLES, Target};
use crawldeck::headless::signals::Signals;
use crawldeck::headless::{self, tell};
use crawldeck::model::ids::CrawlId;
use crawldeck::report;
use crawldeck::store;
use crawldeck::store::{OpenMode, StoreAdmin};

use crate::failure::Failure;

/// Writes to standard output; a reader that has gone away is no failure.
pub fn print(bytes: &[u8]) -> Result<ExitCode, Failure> {
    match stdout().write_all(bytes).and_then(|()| stdout().flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::io("standard output")(e))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// What `list` prints.
pub async fn list(database: Option<&str>, json: bool) -> Result<ExitCode, Failure> {
    let store = store::open(database.unwrap_or(DEFAULT_DB), OpenMode::MustExist).await?;
    let listed = store.crawls().await;
    store.close().await;
    let listed = listed?;
    if json {
        return print(format!("{}\n", crawls::as_json(&listed)).as_bytes());
    }
    if listed.is_empty() {
        tell(&format!("crawldeck: {} has no crawls", store.describe()));
    }
    print(crawls::table(&listed).as_bytes())
}

/// Writes rows for other programs, with their count on a terminal that does not show them.
pub async fn export_rows(
    database: Option<&str>,
    options: ExportOptions,
) -> Result<ExitCode, Failure> {
    let ExportOptions { format, output, table, condition, crawl } = options;
    if format == Format::Sitemap && table != TABLES[0] {
        let why = format!("a sitemap is made of pages: leave out --table {table}");
        return Err(Failure::Usage(why));
    }
    let target = Target::of(output.as_deref());
    // A signal may end it at once where no half file has to be put away.
    let mut signals = match target {
        Target::Stdout => None,
        Target::File(_) => Some(Signals::listen().map_err(Failure::io("signals"))?),
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
        Ok(exported) => tell(&format!("crawldeck: {}", exported.told(table, &target))),
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a report, and says where it is.
pub async fn write_report(
    database: Option<&str>,
    crawl: Option<CrawlId>,
    output: &Path,
) -> Result<ExitCode, Failure> {
    let to_stdout = output == Path::new("-");
    if !to_stdout {
        // Before the work, which may take a while.
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

/// Removes crawls, after asking somebody or being told not to.
pub async fn remove(database: &str, ids: &[CrawlId], yes: bool) -> Result<ExitCode, Failure> {
    let asks = stdin().is_terminal() && stderr().is_terminal();
    if !yes && !asks {
        return Err(Failure::Usage(
            "rm removes crawls for good: say --yes where nobody can be asked".into(),
        ));
    }
    let store = store::open(database, OpenMode::MustExist).await?;
    let removed = remove_from(&*store, ids, yes).await;
    store.close().await;
    removed
}

async fn remove_from(
    store: &dyn StoreAdmin,
    ids: &[CrawlId],
    yes: bool,
) -> Result<ExitCode, Failure> {
    let found = crawls::to_remove(store, ids).await?;
    if !yes {
        let mut answer = String::new();
        let _ = write!(stderr(), "{}", crawls::question(&store.describe(), &found));
        stdin().read_line(&mut answer).map_err(Failure::io("standard input"))?;
        if !matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
            tell("crawldeck: nothing was removed");
            return Ok(ExitCode::FAILURE);
        }
    }
    for crawl in found {
        let rows = store.remove(crawl.id).await?;
        print(format!("removed crawl {}, {rows} rows\n", crawl.id).as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}
