//! The promise: README and docs/ describe the program as it is. Their tables of keys and options are
//! those of the program, their fields and columns are all there are, their queries return rows.
#![cfg(feature = "tui")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    missing_docs,
    reason = "tests fail by panicking"
)]

use crate::crawl_rows;
use crate::support;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::support::database::Database;
use crate::verdict_page::verdict_scenes_markdown;
use clap::{Arg, CommandFactory};
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
use crawldeck::ui::glossary::{glossary_markdown, screen_words_markdown};
use crawldeck::ui::keys::keys_table_markdown;
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _, SqliteConnection};

/// Rows of the key table that the README shows, by their first key.
const TEN_KEYS: [&str; 10] = ["+", "-", "]", "[", ":", "Space", "u", "Tab", "?", "q"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a page, by its path from the root: `README.md`, `docs/keys.md`.
fn page(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// README.md and all pages of docs/, one after the other.
fn all_pages() -> String {
    let docs = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut docs: Vec<_> = docs.filter(|p| p.extension().is_some_and(|e| e == "md")).collect();
    docs.sort();
    docs.iter().fold(page("README.md"), |all, path| all + &std::fs::read_to_string(path).unwrap())
}

/// Where the text between `<!-- name -->` and `<!-- /name -->` stands.
fn place(page: &str, name: &str) -> std::ops::Range<usize> {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    assert_eq!((page.matches(&open).count(), page.matches(&close).count()), (1, 1), "{name}");
    page.find(&open).unwrap() + open.len()..page.find(&close).unwrap()
}

fn section(page: &str, name: &str) -> String {
    page[place(page, name)].to_owned()
}

/// The generated blocks: the page, the name of the block, and the text that the code gives for it.
fn generated() -> [(&'static str, &'static str, String); 8] {
    [
        ("README.md", "ten-keys", ten_keys_markdown()),
        ("docs/keys.md", "keys", keys_table_markdown()),
        ("docs/glossary.md", "glossary", glossary_markdown()),
        ("docs/glossary.md", "screen-words", screen_words_markdown()),
        ("docs/options.md", "options", options_markdown()),
        ("docs/faults-and-scenes.md", "faults", faults_markdown()),
        ("docs/faults-and-scenes.md", "scenes", scenes_markdown()),
        ("docs/verdict.md", "verdict-scenes", verdict_scenes_markdown()),
    ]
}

fn ten_keys_markdown() -> String {
    let all = keys_table_markdown();
    let rows: Vec<&str> = all.lines().collect();
    let (head, rows) = rows.split_at(2);
    let of = |key: &&str| {
        let row = rows.iter().find(|row| row.starts_with(&format!("| `{key}` ")));
        *row.unwrap_or_else(|| panic!("no key {key} in the key table"))
    };
    let chosen = head.iter().copied().chain(TEN_KEYS.iter().map(of));
    // Without the names of the actions.
    let without_names = |row: &str| {
        let (row, _) = row.trim_end_matches('|').rsplit_once('|').unwrap();
        format!("{row}|\n")
    };
    chosen.map(without_names).collect()
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
    let mut stale = Vec::new();
    for (name, block, text) in generated() {
        let mut page = page(name);
        let place = place(&page, block);
        if page[place.clone()] == text {
            continue;
        }
        stale.push(format!("{block} in {name}"));
        if std::env::var_os("UPDATE_README").is_some() {
            page.replace_range(place, &text);
            std::fs::write(root().join(name), page).unwrap();
        }
    }
    let update = "UPDATE_README=1 cargo test --test cli readme::";
    assert!(
        stale.is_empty() || std::env::var_os("UPDATE_README").is_some(),
        "{stale:?} differ from the program; bring them up to date with\n\n    {update}\n"
    );
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
    let (json, schema) = (page("docs/json.md"), page("docs/database.md"));
    let folder = tempfile::tempdir().unwrap();
    let (summary, mut db) = crawled(folder.path()).await;

    let mut are = BTreeSet::new();
    fields("", &serde_json::to_value(&summary).unwrap(), &mut are);
    let said: BTreeSet<_> = first_column(&section(&json, "json")).into_iter().collect();
    assert_eq!(said, are, "the fields of --json");

    let mut tables = BTreeSet::new();
    for part in section(&schema, "schema").split("**`").skip(1) {
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
    let pages = all_pages();
    let queries = pages.split("```sql\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    let queries: Vec<&str> = queries.map(|query| query.trim_end().trim_end_matches(';')).collect();
    let views = ["broken_links", "redirects", "slow_pages", "duplicates", "by_status", "by_host"];
    for table in views.into_iter().chain(["changes", "timeline", "content_length, created_at"]) {
        let asks = queries.iter().any(|query| query.contains(table));
        assert!(asks, "no example for {table}");
    }
    support::wait(async {
        let store = store::open(&database.url(), OpenMode::CreateIfMissing).await.unwrap();
        crawl_rows::fill(&*store).await;
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
    let page = page("docs/export-and-report.md");
    let said: Vec<_> =
        section(&page, "exports").split('`').skip(1).step_by(2).map(str::to_owned).collect();
    assert_eq!(said, TABLES.map(|table| table.name));
    let help =
        Cli::command().find_subcommand("export").unwrap().get_after_help().unwrap().to_string();
    assert!(TABLES.iter().all(|table| help.contains(table.name)), "{help}");
}

#[test]
fn what_it_links_to_is_there() {
    let readme = page("README.md");
    let link = regex::Regex::new(r"\]\(([^)#]+)\)").unwrap();
    let mut local = 0;
    for found in link.captures_iter(&readme).filter(|f| !f[1].contains("://")) {
        assert!(root().join(&found[1]).is_file(), "{} is not there", &found[1]);
        local += 1;
    }
    assert!(local >= 4, "pictures and licences");
}
