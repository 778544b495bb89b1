//! Promise: each mode takes from file and environment what concerns it, and warns of what may harm
//! others.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use super::configured::{endless, file, folder, stopped, stored, with};
use crate::support::{Web, run};
use clap::Parser;
use crawldeck::cli::{Cli, Subcommand};

#[test]
fn a_resumed_crawl_takes_secrets_and_output_alone() {
    let (folder, web) = (folder(), endless());
    let seed = web.url("/").replace("http://", "http://me:pw@");
    let secrets =
        ["--header", "X-Key: hush", "--bearer", "hush", "--permits", "5", "--workers", "6"];
    let mut args = vec!["crawl", &seed, "--timeout", "1h"];
    args.extend(secrets);
    stopped(&folder, &web, &[], &args);
    let db = folder.path().join("crawldeck.db");
    let names =
        serde_json::json!(["header X-Key", "bearer", format!("basic http://{}", web.address)]);
    assert_eq!(stored(&db)["credential_names"], names);

    let missing = format!("not stored: header X-Key, bearer, basic http://{} (", web.address);
    let ended = stopped(&folder, &web, &[], &["resume"]);
    assert!(ended.stderr.contains(&missing), "{ended:?}");
    assert!(!web.requests().last().unwrap().head.to_lowercase().contains("x-key"));

    file(
        &folder,
        "permits = 50\nworkers = 60\nheader = ['x-key: new']\njson = true\ndb = 'crawldeck.db'",
    );
    let variables = [("CRAWLDECK_BEARER", "new"), ("CRAWLDECK_QUEUE", "70")];
    let ended = stopped(&folder, &web, &variables, &["resume", "--workers", "9"]);
    assert!(!ended.stderr.contains("not stored"), "{ended:?}");
    let settings = ended.json()["settings"].clone();
    assert_eq!(
        settings,
        serde_json::json!({"permits": 5, "workers": 9, "queue": 100, "rate": null})
    );
    let head = web.requests().last().unwrap().head.to_lowercase();
    assert!(
        head.contains("x-key: new\r\n") && head.contains("authorization: bearer new\r\n"),
        "{head}"
    );
    assert_eq!(stored(&db)["credential_names"], names, "names of what it began with");
}

#[test]
fn the_demonstration_leaves_databases_alone() {
    let folder = folder();
    file(&folder, "db = 'mine.db'\nmax-pages = 3\njson = true");
    let args = ["--pages", "50", "--latency", "0", "--max-pages", "5"];
    let json = run(folder.path(), &args).exits(0).json();
    assert!(
        json["pages"].as_u64().unwrap() >= 5 && !folder.path().join("mine.db").exists(),
        "{json}"
    );
}

#[test]
fn what_others_may_suffer_from_is_said_aloud() {
    let (folder, web) = (folder(), Web::of_pages(&[("/", "home")]));
    let seed = web.url("/");
    for (variables, args) in [
        (&[][..], &["crawl", &seed, "--ignore-robots", "--insecure", "-q"][..]),
        (&[("CRAWLDECK_IGNORE_ROBOTS", "1"), ("CRAWLDECK_INSECURE", "yes")], &["crawl", &seed]),
    ] {
        let ended = with(&folder, variables, args).exits(0);
        assert!(ended.stderr.contains("robots.txt is IGNORED"), "{ended:?}");
        assert!(ended.stderr.contains("NOT VERIFIED"), "{ended:?}");
        let mut off = args.to_vec();
        off.retain(|arg| !arg.starts_with("--i"));
        off.extend(["--ignore-robots=false", "--insecure=false"]);
        assert_eq!(with(&folder, variables, &off).exits(0).stderr, "");
    }
}

#[test]
fn looking_again_needs_no_url() {
    for (args, count) in [(&["crawl", "--recrawl"][..], 0), (&["crawl", "h", "--recrawl"], 1)] {
        let cli = Cli::try_parse_from([&["crawldeck"], args].concat()).unwrap();
        let Some(Subcommand::Crawl { seeds, recrawl, .. }) = cli.command else {
            panic!("{args:?}")
        };
        assert!(recrawl && seeds.len() == count, "{args:?}");
    }
}
