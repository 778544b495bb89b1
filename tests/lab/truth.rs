//! Promise: the truth of the lab is what a crawl finds, and the same seed gives the same site.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::{BTreeMap, HashSet};

use crawldeck::lab::{Lab, LabConfig, Truth};
use reqwest::Client;

use crate::crawler::{LOC, at, client, crawl, idle, quick, text, unescape};
use crate::support::{LabProcess, number, rows, run};

#[tokio::test]
async fn the_truth_is_what_a_crawl_finds_again_and_again() {
    let lab = Lab::start(quick(700)).await.unwrap();
    let truth: Truth = {
        let answer = client().get(at(&lab, "truth.json")).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    };
    assert_eq!(truth, lab.truth());
    assert_eq!(truth.pages, 700);
    assert_eq!(truth.hosts.len(), 4);
    for status in ["200", "404", "410", "500"] {
        assert!(truth.by_status.contains_key(status), "no {status} in {truth:?}");
    }
    for _ in 0..2 {
        let crawl = crawl(&lab).await;
        assert_eq!(crawl.by_status, truth.by_status);
        assert_eq!(crawl.skipped, truth.skipped);
        assert!(crawl.retried > 0);
        let mut forms: Vec<_> = crawl.forms.into_iter().collect();
        forms.sort_unstable();
        let all = ["area", "base", "file", "iframe", "redirect", "refresh", "russian", "shouted"];
        assert_eq!(forms, all);
        let per_page = crawl.links.len() / 700;
        assert!((15..=30).contains(&per_page), "{per_page} links a page");
    }
    idle(&lab).await;
    lab.stop().await;
}

#[tokio::test]
async fn a_forbidden_part_is_linked_and_counts_as_skipped() {
    let lab = Lab::start(quick(700)).await.unwrap();
    let truth = lab.truth();
    let found = crawl(&lab).await;
    assert_eq!((&found.by_status, found.skipped), (&truth.by_status, truth.skipped));
    assert!((3..50).contains(&truth.skipped), "{truth:?}");
    assert_eq!(truth.by_status.values().sum::<u64>() + truth.skipped, truth.pages);
    assert_eq!(truth.pages, 700);
    // The rest is the same web as without.
    let lab_open = Lab::start(LabConfig { forbidden: false, ..quick(700) }).await.unwrap();
    let (open, found) = (lab_open.truth(), crawl(&lab_open).await);
    assert_eq!((&found.by_status, found.skipped), (&open.by_status, 0));
    assert_eq!((open.pages, open.skipped), (700, 0));
    assert_eq!(truth.by_status["404"], open.by_status["404"]);
    let sitemap = client().get(at(&lab, "sitemap-0.xml")).send().await.unwrap();
    assert!(!sitemap.text().await.unwrap().contains("/private/"));
}

/// The pages that a host's robots.txt, sitemap index and parts list, by part.
async fn listed(client: &Client, host: &str) -> Vec<Vec<String>> {
    let get = async |url: &str| text(client.get(url).send().await.unwrap()).await;
    let locs = |xml: &str| -> Vec<String> {
        LOC.captures_iter(xml).map(|found| unescape(&found[1])).collect()
    };
    let robots = get(&format!("{host}robots.txt")).await;
    assert!(robots.contains(&format!("Sitemap: {host}sitemap.xml")), "{robots}");
    let mut parts = Vec::new();
    for part in locs(&get(&format!("{host}sitemap.xml")).await) {
        parts.push(locs(&get(&part).await));
    }
    parts
}

#[tokio::test]
async fn every_sitemap_names_only_pages_that_the_truth_counts() {
    for (seed, forbidden) in [(1, true), (1, false), (2, true)] {
        let lab = Lab::start(LabConfig { seed, forbidden, ..quick(300) }).await.unwrap();
        let mut known = HashSet::from([lab.urls()[0].clone()]);
        known.extend(crawl(&lab).await.links);
        // As many as the truth counts, found without a sitemap: they are those it counts.
        assert_eq!(known.len() as u64, lab.truth().pages);
        let client = client();
        let mut all = HashSet::new();
        for host in lab.urls() {
            for page in listed(&client, host).await.into_iter().flatten() {
                assert!(page.starts_with(host) && known.contains(&page), "{page}");
                assert!(!page[host.len()..].starts_with("private/"), "{page}");
                assert!(all.insert(page.clone()), "{page} is listed twice");
            }
        }
        assert!((200..300).contains(&all.len()), "{} listed", all.len());
    }
}

#[tokio::test]
async fn a_large_sitemap_has_parts_and_their_pages_are_there() {
    let lab = Lab::start(quick(40_400)).await.unwrap();
    // Every number is a page that the truth counts, so whatever page answers is one of them.
    assert_eq!(lab.truth().pages, 40_400);
    let client = client();
    let mut all = 0;
    for host in lab.urls() {
        let parts = listed(&client, host).await;
        assert_eq!(parts.len(), 2);
        assert!(parts[0].len() > 4_000, "{}", parts[0].len());
        for page in &parts[1] {
            assert!(page.starts_with(host), "{page}");
            let mut answers = 0;
            while client.get(page).send().await.map_or(0, |got| got.status().as_u16()) != 200 {
                answers += 1;
                assert!(answers < 3, "{page} is not there");
            }
            all += 1;
        }
    }
    assert!((250..400).contains(&all), "{all} in the second parts");
}

#[test]
fn a_crawl_with_all_defaults_finds_the_truth() {
    let lab = LabProcess::start(&["--pages", "700", "--latency", "0"]);
    let folder = tempfile::tempdir().unwrap();
    let args = ["crawl", lab.entry(), "--scope", "any", "--json"];
    let json = run(folder.path(), &args).exits(0).json();
    let truth = lab.truth();
    assert_eq!(json["state"], "complete");
    assert_eq!((&json["pages"], &json["skipped"]), (&truth["pages"], &truth["skipped"]));
    assert!(truth["skipped"].as_u64().unwrap() > 0, "{truth}");
    let db = folder.path().join("crawldeck.db");
    let statuses: Vec<(i64, i64)> = rows(
        &db,
        "SELECT status, count(*) FROM scraped_pages WHERE state <> 'skipped' GROUP BY status",
    );
    let by_status: BTreeMap<String, i64> =
        statuses.into_iter().map(|(status, count)| (status.to_string(), count)).collect();
    assert_eq!(serde_json::to_value(by_status).unwrap(), truth["by_status"]);
    let other = "SELECT count(*) FROM scraped_pages WHERE state = 'skipped' \
                 AND url NOT LIKE '%/private/%'";
    assert_eq!(number(&db, other), 0, "skipped for another reason than robots.txt");
}

/// One page on each host, where links lead from host to host: what a crawl has to do with robots.txt,
/// connections and pace for each.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_of_as_many_hosts_as_pages_finds_the_truth() {
    let pages = 300;
    let lab = Lab::start(LabConfig { hosts: Some(pages), ..quick(pages) }).await.unwrap();
    let (entry, truth) = (lab.urls()[0].clone(), lab.truth());
    assert_eq!((truth.pages, truth.hosts.len(), lab.urls().len()), (300, 300, 300));
    let crawling = tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        let any = ["--scope", "any", "--allow-private", "--backoff", "1ms", "--json"];
        let args = [&["crawl", &entry][..], &any].concat();
        let json = run(folder.path(), &args).exits(0).json();
        let db = folder.path().join("crawldeck.db");
        let statuses: Vec<(i64, i64)> = rows(
            &db,
            "SELECT status, count(*) FROM scraped_pages WHERE state <> 'skipped' GROUP BY status",
        );
        (json, statuses, number(&db, "SELECT count(DISTINCT host) FROM scraped_pages"))
    });
    let (json, statuses, hosts) = crawling.await.unwrap();
    assert_eq!(json["state"], "complete");
    assert_eq!(
        (json["pages"].as_u64(), json["skipped"].as_u64()),
        (Some(300), Some(truth.skipped))
    );
    let by_status: BTreeMap<String, u64> =
        statuses.into_iter().map(|(status, count)| (status.to_string(), count as u64)).collect();
    assert_eq!((by_status, hosts), (truth.by_status, 300));
    // Each host was asked for its robots.txt once, and knows its own requests alone.
    for host in 0..300 {
        let asked = lab.times(host).requests;
        let robots = asked.iter().filter(|request| request.path == "/robots.txt").count();
        assert_eq!(robots, 1, "host {host}: {asked:?}");
        assert!(asked.len() < 12, "host {host}: {asked:?}");
    }
    lab.stop().await;
}

#[tokio::test]
async fn the_web_follows_from_the_seed() {
    let (one, same) =
        (Lab::start(quick(300)).await.unwrap(), Lab::start(quick(300)).await.unwrap());
    let other = Lab::start(LabConfig { seed: 2, ..quick(300) }).await.unwrap();
    let mut found = Vec::new();
    for lab in [&one, &same, &other] {
        let mut links = crawl(lab).await.links;
        for (number, host) in lab.urls().iter().enumerate() {
            for link in &mut links {
                *link = link.replace(host.as_str(), &format!("host {number} "));
            }
        }
        // Sorted within a page by port; ports differ.
        links.sort();
        found.push(links);
    }
    assert_eq!(found[0], found[1]);
    assert_ne!(found[0], found[2]);
    assert_eq!(one.truth().by_status, same.truth().by_status);
}

#[tokio::test]
async fn a_flaky_page_succeeds_at_the_third_attempt_at_the_latest_then_starts_over() {
    let lab = Lab::start(quick(700)).await.unwrap();
    let client = client();
    let mut pages = HashSet::new();
    let found: HashSet<_> = crawl(&lab).await.links.into_iter().collect();
    for url in &found {
        if client.get(url).send().await.map_or(0, |answer| answer.status().as_u16()) % 502 == 0 {
            pages.insert(url);
        }
    }
    let mut closed = 0;
    for url in &pages {
        // The first of the cycle has failed above.
        let mut ok = Vec::new();
        for _ in 0..8 {
            let answer = client.get(*url).send().await;
            closed += u32::from(answer.is_err());
            ok.push(answer.is_ok_and(|answer| answer.status().as_u16() == 200));
        }
        let once = [true, false, true, false, true, false, true, false];
        let twice = [false, true, false, false, true, false, false, true];
        assert!(ok == once || ok == twice, "{url}: {ok:?}");
    }
    assert!(pages.len() > 2 && closed > 0, "{} flaky, {closed} closed", pages.len());
}
