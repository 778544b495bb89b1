//! The promise: the README says what is. Its tables of keys and options are those of the program,
//! its fields and columns are all there are, its queries answer.
#![cfg(feature = "tui")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    missing_docs,
    reason = "tests fail by panicking"
)]

use crate::{common, rows};

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Arg, CommandFactory};
use common::database::Database;
use crawldeck::cli::Cli;
use crawldeck::crawl;
use crawldeck::crawl::protocol::command::{Command, Origin};
use crawldeck::crawl::protocol::scene::Scene;
use crawldeck::crawl::protocol::snapshot::RunState;
use crawldeck::crawl::protocol::summary::Summary;
use crawldeck::export::TABLES;
use crawldeck::lab::{Lab, LabConfig};
use crawldeck::settings::Settings;
use crawldeck::settings::dials::Dial;
use crawldeck::settings::faults::{Fault, Faults, Place};
use crawldeck::settings::scope_kind::ScopeKind;
use crawldeck::store::{self, Columns, OpenMode};
use crawldeck::ui::keys_table_markdown;
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _, SqliteConnection};

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

fn readme() -> String {
    std::fs::read_to_string(path()).unwrap()
}

/// Where the text between `<!-- name -->` and `<!-- /name -->` stands.
fn place(readme: &str, name: &str) -> std::ops::Range<usize> {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    assert_eq!((readme.matches(&open).count(), readme.matches(&close).count()), (1, 1), "{name}");
    readme.find(&open).unwrap() + open.len()..readme.find(&close).unwrap()
}

fn section(readme: &str, name: &str) -> String {
    readme[place(readme, name)].to_owned()
}

/// What the README should say in places that are generated.
fn generated() -> String {
    let mut readme = readme();
    for (name, text) in [
        ("keys", keys_table_markdown()),
        ("options", options_markdown()),
        ("faults", faults_markdown()),
        ("scenes", scenes_markdown()),
    ] {
        readme.replace_range(place(&readme, name), &text);
    }
    readme
}

fn faults_markdown() -> String {
    let mut out = String::from("| fault | of | what | by keys |\n|---|---|---|---|\n");
    for fault in Fault::ALL {
        let of = match fault.place() {
            Place::Site => "the site",
            Place::Pipeline => "the pipeline",
        };
        let ladder = fault.ladder();
        let [first, last] = [ladder[0], ladder[ladder.len() - 1]].map(|l| fault.level_text(l));
        let _ = writeln!(out, "| `{fault}` | {of} | {} | {first} to {last} |", fault.what());
    }
    out
}

fn scenes_markdown() -> String {
    let mut out = String::from("| scene | what to watch |\n|---|---|\n");
    for scene in Scene::ALL {
        let _ = writeln!(out, "| `{scene}` | {} |", scene.watch());
    }
    out
}

#[test]
fn keys_and_options_are_those_of_the_program() {
    let (is, should_be) = (readme(), generated());
    if is == should_be {
        return;
    }
    let update = "UPDATE_README=1 cargo test --test cli readme::";
    assert!(
        std::env::var_os("UPDATE_README").is_some(),
        "README.md is behind the program; bring it up to date with\n\n    {update}\n"
    );
    std::fs::write(path(), should_be).unwrap();
}

fn options_markdown() -> String {
    let mut cli = Cli::command();
    cli.build();
    let mut out = String::from("| command | what it does |\n|---|---|\n");
    let _ = writeln!(out, "| `crawldeck` | the lab site in this process, crawled |");
    let for_users = |c: &&clap::Command| c.get_name() != "help" && !c.is_hide_set();
    for command in cli.get_subcommands().filter(for_users) {
        let words: Vec<_> = command.get_positionals().map(ToString::to_string).collect();
        let usage = format!("crawldeck {} {}", command.get_name(), words.join(" "));
        let about = command.get_about().unwrap().to_string();
        let _ = writeln!(out, "| `{}` | {about} |", usage.trim_end());
    }
    let everywhere = cli.find_subcommand("resume").unwrap().get_arguments();
    let everywhere: BTreeSet<&str> = everywhere.map(|a| a.get_id().as_str()).collect();
    let shared = cli.find_subcommand("crawl").unwrap().get_arguments();
    let shared: BTreeSet<&str> = shared.map(|a| a.get_id().as_str()).collect();
    let rows = |out: &mut String, arguments: &[&Arg]| {
        let mut headings: Vec<&str> = Vec::new();
        for heading in arguments.iter().map(|a| a.get_help_heading().unwrap()) {
            if !headings.contains(&heading) {
                headings.push(heading);
            }
        }
        for heading in headings {
            let _ = writeln!(out, "| **{heading}** | |");
            for argument in arguments.iter().filter(|a| a.get_help_heading() == Some(heading)) {
                let id = argument.get_id().as_str();
                let of_crawl = shared.contains(id) && !everywhere.contains(id);
                let only = if of_crawl { " (`crawl` alone)" } else { "" };
                let _ = writeln!(out, "| {} | {}{only} |", name(argument), meaning(argument));
            }
        }
    };
    let of = |name: &str, logging: bool| -> Vec<&Arg> {
        let of_logging = |a: &&Arg| matches!(a.get_id().as_str(), "verbose" | "quiet");
        let arguments = cli.find_subcommand(name).unwrap().get_arguments();
        arguments
            .filter(|a| !a.is_hide_set() && !a.is_positional() && a.get_id() != "help")
            .filter(|a| of_logging(a) == logging)
            .collect()
    };
    let resume = of("resume", false).into_iter();
    let resume: Vec<&Arg> = resume.filter(|a| !shared.contains(a.get_id().as_str())).collect();
    for (title, arguments) in [
        ("Of `crawl`, `resume` and the demonstration", of("crawl", false)),
        ("Of `resume` alone", resume),
        ("Of `list`", of("list", false)),
        ("Of `rm`", of("rm", false)),
        ("Of `report`", of("report", false)),
        ("Of `lab` and the demonstration", of("lab", false)),
        ("Of all of them", of("crawl", true)),
    ] {
        let _ = writeln!(out, "\n{title}:\n\n| option | meaning |\n|---|---|");
        rows(&mut out, &arguments);
    }
    out
}

/// `-q`, `--quiet` or `--permits N`.
fn name(argument: &Arg) -> String {
    let long = format!("--{}", argument.get_long().unwrap());
    // What a switch may be set to is said once, in the text.
    let value = if argument.get_action().takes_values() && !argument.is_require_equals_set() {
        argument.get_value_names().unwrap_or_default().join(" ")
    } else {
        String::new()
    };
    let short = argument.get_short().map_or(String::new(), |short| format!("`-{short}` "));
    format!("{short}`{}`", format!("{long} {value}").trim_end())
}

fn meaning(argument: &Arg) -> String {
    let mut text = argument.get_help().unwrap_or_default().to_string().replace('|', "\\|");
    let values = argument.get_possible_values();
    if argument.get_action().takes_values() && !values.is_empty() {
        let values: Vec<_> = values
            .iter()
            .map(|v| {
                let help = v.get_help().map(|h| format!(" ({})", h.to_string().to_lowercase()));
                format!("`{}`{}", v.get_name(), help.unwrap_or_default())
            })
            .collect();
        let _ = write!(text, "; one of {}", values.join(", "));
    }
    if let [default] = argument.get_default_values()
        && argument.get_action().takes_values()
    {
        let _ = write!(text, " [default: {}]", default.display());
    }
    text
}

/// A crawl of a small lab site, with a dial turned.
async fn crawled(folder: &Path) -> (Summary, SqliteConnection) {
    let config = LabConfig {
        pages: 600,
        faults: Faults::NONE.with(Fault::Latency, 0.0),
        ..LabConfig::default()
    };
    let lab = Lab::start(config).await.unwrap();
    let file = folder.join("readme.db");
    let store = store::open(file.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
    let settings = Settings {
        seeds: vec![lab.urls()[0].parse().unwrap()],
        scope: ScopeKind::Any,
        backoff: Duration::from_millis(1),
        // So that something is skipped.
        max_pages: Some(590),
        ..Settings::default()
    };
    let crawl = crawl::start(settings, store).await.unwrap();
    crawl.commands.send((Command::Nudge(Dial::Permits, 2), Origin::Api)).await.unwrap();
    let summary = crawl.wait().await;
    lab.stop().await;
    assert_eq!(summary.state, RunState::Complete);
    let options = SqliteConnectOptions::new().filename(&file).read_only(true);
    (summary, options.connect().await.unwrap())
}

/// The names in backticks of the first column of every row.
fn first_column(table: &str) -> Vec<String> {
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.flat_map(|row| {
        let (first, _) = row.split_once(" |").unwrap();
        first.trim_end_matches('`').split("`, `").map(str::to_owned).collect::<Vec<_>>()
    })
    .collect()
}

fn fields(prefix: &str, value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let dot = if prefix.is_empty() { "" } else { "." };
                fields(&format!("{prefix}{dot}{name}"), value, into);
            }
        }
        _ => {
            into.insert(prefix.to_owned());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_and_columns_are_those_of_a_crawl() {
    let readme = readme();
    let folder = tempfile::tempdir().unwrap();
    let (summary, mut db) = crawled(folder.path()).await;

    let mut are = BTreeSet::new();
    fields("", &serde_json::to_value(&summary).unwrap(), &mut are);
    let said: BTreeSet<_> = first_column(&section(&readme, "json")).into_iter().collect();
    assert_eq!(said, are, "the fields of --json");

    let mut tables = BTreeSet::new();
    for part in section(&readme, "schema").split("**`").skip(1) {
        let (table, part) = part.split_once("`**").unwrap();
        let said: BTreeSet<_> = first_column(part).into_iter().collect();
        let columns = AssertSqlSafe(format!("SELECT name FROM pragma_table_info('{table}')"));
        let columns = sqlx::query(columns).fetch_all(&mut db).await.unwrap();
        let are: BTreeSet<String> = columns.iter().map(|row| row.get(0)).collect();
        assert_eq!(said, are, "the columns of {table}");
        tables.insert(table.to_owned());
    }
    let all = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE \
               '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let all = sqlx::query(all).fetch_all(&mut db).await.unwrap();
    assert_eq!(tables, all.iter().map(|row| row.get(0)).collect(), "the tables");
}

/// Its queries have answers in a database that is filled here.
fn queries_answer(database: &Database) {
    let readme = readme();
    let queries = readme.split("```sql\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    let queries: Vec<&str> = queries.map(|query| query.trim_end().trim_end_matches(';')).collect();
    let views = ["broken_links", "redirects", "slow_pages", "duplicates", "by_status", "by_host"];
    for table in views.into_iter().chain(["changes", "content_length, created_at"]) {
        let asks = queries.iter().any(|query| query.contains(table));
        assert!(asks, "no example for {table}");
    }
    common::wait(async {
        let store = store::open(&database.url(), OpenMode::CreateIfMissing).await.unwrap();
        rows::fill(&*store).await;
        for query in queries {
            let mut rows = 0;
            let mut sink = |_: &Columns, _: &[store::Value]| {
                rows += 1;
                true
            };
            let asked = store.select(query, &mut sink).await;
            asked.unwrap_or_else(|error| panic!("{error}:\n{query}"));
            assert!(rows > 0, "no answer to\n{query}");
        }
        store.close().await;
    });
}

#[test]
fn queries_answer_in_sqlite() {
    queries_answer(&Database::sqlite());
}

#[test]
#[ignore = "needs a server: CRAWLDECK_TEST_POSTGRES=postgres://USER@HOST:PORT"]
fn queries_answer_in_postgres() {
    queries_answer(&Database::postgres());
}

#[test]
#[ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT"]
fn queries_answer_in_mysql() {
    queries_answer(&Database::mysql());
}

#[test]
fn what_can_be_exported_is_what_it_says() {
    let readme = readme();
    let said: Vec<_> =
        section(&readme, "exports").split('`').skip(1).step_by(2).map(str::to_owned).collect();
    assert_eq!(said, TABLES.map(|table| table.name));
    let help =
        Cli::command().find_subcommand("export").unwrap().get_after_help().unwrap().to_string();
    assert!(TABLES.iter().all(|table| help.contains(table.name)), "{help}");
}

#[test]
fn what_it_links_to_is_there() {
    let readme = readme();
    let link = regex::Regex::new(r"\]\(([^)#]+)\)").unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut local = 0;
    for found in link.captures_iter(&readme).filter(|f| !f[1].contains("://")) {
        assert!(root.join(&found[1]).is_file(), "{} is not there", &found[1]);
        local += 1;
    }
    assert!(local >= 4, "pictures and licences");
}
