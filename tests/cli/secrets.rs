//! Promise: a secret goes only to the servers it is for.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::fs;

use super::configured::{endless, folder, stopped, with};
use crate::support::{Ended, Web, run};
use crawldeck::web::url::parse_seed;

/// What must be found nowhere, as given and as Basic authentication writes it.
const SECRETS: [&str; 6] = [
    "hush",
    "bGlzdDpsaXN0aHVzaA",   // list:listhush
    "c2VlZDpzZWVkQGh1c2g",  // seed:seed@hush
    "bWFwOm1hcGh1c2g",      // map:maphush
    "YXV0aDphdXRoaHVzaA",   // auth:authhush
    "cHJveHk6cHJveHlodXNo", // proxy:proxyhush
];

#[track_caller]
fn silent(what: &str, bytes: &[u8]) {
    for secret in SECRETS {
        let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!found, "{what} shows {secret}: {}", String::from_utf8_lossy(bytes));
    }
}

/// The dashboard's prompt says what is wrong with a seed as the command line does.
#[test]
fn what_is_said_of_a_seed_tells_no_password() {
    for text in ["ftp://u:hush@h/", "u:hush@h", "hush:x@h", "http://u:hush@[", "//u:hu/sh@["] {
        let mut said = vec![parse_seed(text).unwrap_err().to_string()];
        #[cfg(feature = "tui")]
        said.push(crawldeck::ui::prompt::seed(text).unwrap_err());
        for said in said {
            assert!(!said.contains("hush") && !said.contains("hu/sh"), "{text}: {said}");
        }
    }
}

#[test]
fn a_secret_that_begins_with_a_dash_is_a_value() {
    let (folder, web) = (folder(), Web::of_pages(&[("/", "home")]));
    for (args, sent) in [
        (["--bearer", "--hush"], "authorization: bearer --hush\r\n"),
        (["--bearer", "-hush"], "authorization: bearer -hush\r\n"),
        (["--auth", "--u:-hush"], "authorization: basic lS11Oi1odXNo"),
    ] {
        let seed = web.url("/");
        let db = tempfile::tempdir().unwrap();
        let ended = run(db.path(), &[&["crawl", &seed][..], &args].concat()).exits(0);
        let head = web.requests().last().unwrap().head.to_lowercase();
        assert!(head.contains(&sent.to_lowercase()), "{args:?}: {head}");
        assert!(!ended.stderr.contains("hush"), "{ended:?}");
    }
    for (args, said) in [
        (&["--header", "--hush"][..], "headers are written 'Name: value'"),
        (&["--header", "-hush"], "headers are written 'Name: value'"),
        (&["--header", "-x: \u{1}hush"], "not a header value"),
        (&["--auth", "--hush"], "logins are written USER:PASSWORD"),
        (&["--bearer", "--hush\u{1}"], "not a header value"),
        (&["--proxy", "--hush"], "proxies are written"),
        (&["--barer=--hush"], "unexpected argument"),
        (&["--barer", "hush", "--hosts"], "unexpected argument"),
    ] {
        for command in [&["crawl", "h"][..], &["config"], &["resume"], &[]] {
            let ended = run(folder.path(), &[command, args].concat()).exits(2);
            assert!(ended.stderr.contains(said), "{args:?}: {}", ended.stderr);
            assert!(!ended.stderr.contains("hush"), "{}", ended.stderr);
        }
    }
}

#[test]
fn secrets_are_never_shown() {
    // It is the proxy, and through it all sites.
    let web = endless();
    let proxy = format!("http://proxy:proxyhush@{}", web.address);
    let secrets = [
        ("header", "X-Key: hush"),
        ("proxy", proxy.as_str()),
        ("sitemap", "http://map:maphush@map.test/map.xml"),
    ];
    let seed = "http://seed:seed%40hush@seed.test/";
    let usual =
        ["crawl", seed, "--list", "list.txt", "--timeout", "1h", "--log-file", "log.txt", "-vv"];
    let logins = [("auth", "auth:authhush"), ("bearer", "bearerhush")];
    for (kind, login) in ["flags", "environment", "file"]
        .map(|kind| logins.map(|login| (kind, login)))
        .as_flattened()
    {
        let (kind, secrets) = (*kind, secrets.iter().chain([login]));
        let folder = folder();
        fs::write(
            folder.path().join("list.txt"),
            "http://list:listhush@list.test/\nhttp://list:hush@[\n",
        )
        .unwrap();
        let (mut args, mut variables, mut lines) = (Vec::new(), Vec::new(), String::new());
        for &(key, value) in secrets {
            match kind {
                "flags" => args.push(format!("--{key}={value}")),
                "environment" => {
                    variables.push((format!("CRAWLDECK_{}", key.to_uppercase()), value));
                }
                _ => lines.extend([key, " = '", value, "'\n"]),
            }
        }
        // Outside the folder, whose files are looked through.
        let config = tempfile::NamedTempFile::new().unwrap();
        fs::write(config.path(), lines).unwrap();
        let mut variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        variables.push(("CRAWLDECK_CONFIG", config.path().to_str().unwrap()));
        let all = |more: &[&'static str]| -> Vec<String> {
            more.iter().map(|arg| (*arg).to_owned()).chain(args.clone()).collect()
        };
        let look = |ended: &Ended| {
            silent("standard output", ended.stdout.as_bytes());
            silent("standard error", ended.stderr.as_bytes());
            for entry in fs::read_dir(folder.path()).unwrap() {
                let path = entry.unwrap().path();
                if path.file_name().unwrap() != "list.txt" {
                    silent(&path.display().to_string(), &fs::read(&path).unwrap());
                }
            }
        };
        let run = |args: &[String], variables: &[(&str, &str)]| {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let ended = stopped(&folder, &web, variables, &args);
            look(&ended);
        };
        run(&all(&usual), &variables);
        let heads: Vec<String> =
            web.requests().iter().map(|request| request.head.clone()).collect();
        let sent = |what: &str| heads.iter().any(|head| head.contains(what));
        assert!(sent("cHJveHk6cHJveHlodXNo"), "{kind}: the proxy does not get it: {heads:?}");
        assert!(
            sent("hush") && sent("c2VlZDpzZWVkQGh1c2g"),
            "{kind}: the seed does not get it: {heads:?}"
        );
        assert!(sent("bGlzdDpsaXN0aHVzaA"), "{kind}: the list's host is not reported");
        // Other programs' parts log too, if asked to.
        let mut traced = variables.clone();
        traced.push(("CRAWLDECK_LOG", "trace"));
        run(&all(&["resume", "--log-file", "log.txt", "-vv"]), &traced);
        let log = fs::read_to_string(folder.path().join("log.txt")).unwrap();
        assert!(log.contains("seed.test"), "{kind}: the log says nothing: {log}");
        for more in [
            &["config"][..],
            &["config", "--json"],
            &["crawl", "--help"],
            &["crawl", seed, "--db", "redis://u:hush@h"],
        ] {
            let args = all(more);
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            if more[1..] == ["--help"] && kind == "flags" {
                continue;
            }
            look(&with(&folder, &variables, &args));
        }
    }
}
