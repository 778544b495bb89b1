//! The promise: the documentation is one piece. Every relative link of README.md, CHANGELOG.md and docs/
//! leads to a file and a heading that exist, the index of docs/ lists every page, every marked block
//! is known to the tests, the modules and options that are named exist, and the README stays short.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests fail by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use crawldeck::cli::Cli;
use regex::Regex;

/// Maximum lines of the README.
const README_LINES: usize = 200;

/// The marked blocks, each in one page. `figures` is written by hand from measurements, `test` is
/// the command that `.ci/run` runs, all others are compared with the program.
const BLOCKS: [(&str, &str); 13] = [
    ("README.md", "ten-keys"),
    ("README.md", "test"),
    ("docs/database.md", "schema"),
    ("docs/export-and-report.md", "exports"),
    ("docs/faults-and-scenes.md", "faults"),
    ("docs/faults-and-scenes.md", "scenes"),
    ("docs/figures.md", "figures"),
    ("docs/glossary.md", "glossary"),
    ("docs/glossary.md", "screen-words"),
    ("docs/json.md", "json"),
    ("docs/keys.md", "keys"),
    ("docs/options.md", "options"),
    ("docs/verdict.md", "verdict-scenes"),
];

/// Options that the pages name and that are not of crawldeck but of cargo and its tests.
const OF_CARGO: [&str; 12] = [
    "bench",
    "example",
    "features",
    "ignored",
    "no-default-features",
    "nocapture",
    "open",
    "path",
    "profile",
    "release",
    "test",
    "test-threads",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The pages of docs/, sorted, by their paths from the root.
fn docs() -> Vec<PathBuf> {
    let files = std::fs::read_dir(root().join("docs")).unwrap();
    let paths = files.map(|entry| Path::new("docs").join(entry.unwrap().file_name()));
    let mut paths: Vec<_> = paths.filter(|p| p.extension().is_some_and(|e| e == "md")).collect();
    paths.sort();
    paths
}

fn pages() -> Vec<PathBuf> {
    [vec!["README.md".into(), "CHANGELOG.md".into()], docs()].concat()
}

/// The targets of the links of a page that lead to files or headings of the project.
fn local_links(text: &str) -> Vec<String> {
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let targets = link.captures_iter(text).map(|found| found[1].to_owned());
    targets.filter(|target| !target.contains("://")).collect()
}

/// The names by which links lead to the headings of a page: lower case, without punctuation, with `-`
/// for spaces. Lines of code blocks are no headings.
fn headings(text: &str) -> BTreeSet<String> {
    let mut in_code = false;
    let mut names = BTreeSet::new();
    for line in text.lines() {
        in_code ^= line.starts_with("```");
        if let Some(heading) = line.strip_prefix('#').filter(|_| !in_code) {
            let heading = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            names.insert(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
        }
    }
    names
}

#[test]
fn every_relative_link_leads_to_a_file_and_a_heading() {
    let mut broken = Vec::new();
    let mut checked = 0;
    for page in pages() {
        let text = read(&root().join(&page));
        for target in local_links(&text) {
            let (file, heading) = target.split_once('#').unwrap_or((&target, ""));
            let path = match file {
                "" => page.clone(),
                file => page.parent().unwrap().join(file),
            };
            let exists = root().join(&path).is_file()
                && (heading.is_empty() || headings(&read(&root().join(&path))).contains(heading));
            if !exists {
                broken.push(format!("{}: {target}", page.display()));
            }
            checked += 1;
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(checked > 40, "only {checked} links found");
}

#[test]
fn the_index_lists_every_page() {
    let listed: BTreeSet<String> =
        local_links(&read(&root().join("docs/README.md"))).into_iter().collect();
    let names = docs().into_iter().map(|p| p.file_name().unwrap().to_str().unwrap().to_owned());
    let names: BTreeSet<String> = names.filter(|name| name != "README.md").collect();
    assert_eq!(listed, names);
}

#[test]
fn every_marked_block_is_known() {
    let marker = Regex::new(r"(?m)^<!-- ([a-z-]+) -->$").unwrap();
    let mut found = Vec::new();
    for page in pages() {
        let text = read(&root().join(&page));
        let names = marker.captures_iter(&text).map(|found| found[1].to_owned());
        found.extend(names.map(|name| (page.to_str().unwrap().to_owned(), name)));
    }
    found.sort();
    let known = BLOCKS.map(|(page, name)| (page.to_owned(), name.to_owned()));
    assert_eq!(found, known, "a block that no test compares goes stale");
}

#[test]
fn the_readme_is_short() {
    let lines = read(&root().join("README.md")).lines().count();
    assert!(lines <= README_LINES, "{lines} lines");
}

/// The glossary names the module that owns each word; `–` stands for what is not built yet.
#[test]
fn the_modules_of_the_glossary_exist() {
    let glossary = read(&root().join("docs/glossary.md"));
    let rows = glossary.lines().filter_map(|line| line.strip_suffix(" |"));
    let modules = rows.filter_map(|row| row.rsplit_once("| `")).map(|(_, m)| m.trim_matches('`'));
    let modules: BTreeSet<&str> = modules.collect();
    assert!(modules.len() > 10, "{modules:?}");
    let missing = modules.iter().filter(|module| {
        let path = root().join("src").join(module.replace("::", "/"));
        !path.with_extension("rs").is_file() && !path.join("mod.rs").is_file()
    });
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&&str>::new(), "not under src/");
}

/// Each row of the invariants in ARCHITECTURE.md ends with a file below tests/ and a test in it.
#[test]
fn the_tests_of_the_invariants_exist() {
    let text = read(&root().join("ARCHITECTURE.md"));
    let row = Regex::new(r"(?m)\| `([a-z_/]+\.rs)` \| `([a-z_0-9]+)` \|$").unwrap();
    let rows: Vec<_> = row.captures_iter(&text).collect();
    assert!(rows.len() > 20, "only {} rows found", rows.len());
    let missing = rows.iter().filter(|row| {
        let file = root().join("tests").join(&row[1]);
        !file.is_file() || !read(&file).contains(&format!("fn {}(", &row[2]))
    });
    let missing: Vec<_> = missing.map(|row| format!("{}: {}", &row[1], &row[2])).collect();
    assert_eq!(missing, Vec::<String>::new());
}

/// README and docs/ name no option that the program does not have; CHANGELOG.md may name old ones.
#[test]
fn the_options_that_are_named_exist() {
    let mut cli = Cli::command();
    cli.build();
    let long = |command: &clap::Command| -> Vec<String> {
        command.get_arguments().filter_map(|a| a.get_long()).map(str::to_owned).collect()
    };
    let known: BTreeSet<String> = cli.get_subcommands().flat_map(long).collect();
    let option = Regex::new(r"(?:^|[\s`(|])--([a-z0-9][a-z0-9-]*)").unwrap();
    let mut unknown = Vec::new();
    for page in [vec!["README.md".into()], docs()].concat() {
        let text = read(&root().join(&page));
        for name in option.captures_iter(&text).map(|found| found[1].to_owned()) {
            // `--trap-…` stands for all that begin so.
            let is_prefix = name.ends_with('-') && known.iter().any(|k| k.starts_with(&name));
            if !is_prefix && !known.contains(&name) && !OF_CARGO.contains(&&*name) {
                unknown.push(format!("{}: --{name}", page.display()));
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}
