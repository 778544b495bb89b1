//! Tests of the policy without a network.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::net::IpAddr;

use url::Url;

use super::policy::{AddressPolicy, Unresolved};
use crate::settings::FetchSettings;

fn policy(seeds: &[&str], resolve: &[(&str, &str)], allow_private: bool) -> AddressPolicy {
    let seeds: Vec<_> = seeds.iter().map(|seed| Url::parse(seed).unwrap()).collect();
    let resolve = resolve.iter().map(|(n, a)| ((*n).into(), a.parse().unwrap())).collect();
    let settings = FetchSettings { allow_private, resolve, ..FetchSettings::default() };
    AddressPolicy::new(&settings, None, &seeds)
}

async fn refuses(policy: &AddressPolicy, url: &str) -> Option<String> {
    policy.refuses(&Url::parse(url).unwrap()).await
}

#[tokio::test]
async fn a_private_seed_allows_its_own_address_alone() {
    let policy = policy(&["http://127.0.0.1:8000/"], &[], false);
    for url in ["http://127.0.0.1/", "https://127.0.0.1:9/", "http://[::ffff:127.0.0.1]/"] {
        assert_eq!(refuses(&policy, url).await, None, "{url}");
    }
    let message = refuses(&policy, "http://127.0.0.2/").await.unwrap();
    assert_eq!(message, "private address refused: 127.0.0.2 (loopback)");
    for url in ["http://[::1]/", "http://10.0.0.1/", "http://[64:ff9b::7f00:1]/", "http://0/"] {
        assert!(refuses(&policy, url).await.is_some(), "{url}");
    }
}

#[tokio::test]
async fn every_spelling_of_an_address_is_that_address() {
    let policy = policy(&["http://8.8.8.8/"], &[], false);
    for host in [
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "%31%32%37.0.0.1",
        "127.0.0.1.",
        "１２７.0.0.1",
        "[::ffff:7f00:1]",
    ] {
        let url = format!("http://{host}/");
        assert!(refuses(&policy, &url).await.is_some(), "{url}");
        let url = Url::parse(&url).unwrap();
        assert!(policy.refuses_without_lookup(&url).is_some(), "{url}");
    }
    assert_eq!(refuses(&policy, "http://8.8.4.4/").await, None);
}

#[tokio::test]
async fn a_seeds_name_means_what_it_leads_to_first() {
    let resolve = [("intra.test", "10.1.1.1"), ("other.test", "10.1.1.2")];
    let policy = policy(&["http://Intra.test./"], &resolve, false);
    assert_eq!(policy.refuses_without_lookup(&Url::parse("http://10.1.1.1/").unwrap()), None);
    assert_eq!(refuses(&policy, "http://10.1.1.1:81/").await, None);
    assert!(refuses(&policy, "http://10.1.1.2/").await.is_some());
    assert!(policy.refuses_without_lookup(&Url::parse("http://10.1.1.2/").unwrap()).is_some());
    let error = policy.lookup("other.test", true).await.unwrap_err();
    let message = "private address refused: other.test leads to 10.1.1.2 (private)";
    assert_eq!(error.to_string(), message);
    assert_eq!(policy.lookup("INTRA.test", true).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_name_that_turns_private_later_is_refused() {
    let mut policy = policy(&["http://a.test/"], &[("a.test", "8.8.8.8")], false);
    assert_eq!(policy.lookup("a.test", true).await.unwrap().len(), 1);
    policy.overrides.insert("a.test".into(), vec!["127.0.0.1".parse().unwrap()]);
    assert!(matches!(policy.lookup("a.test", true).await, Err(Unresolved::Refused { .. })));
    // Of several, those that are public are left.
    let both = ["127.0.0.1", "9.9.9.9"].map(|address| address.parse().unwrap());
    policy.overrides.insert("a.test".into(), both.to_vec());
    assert_eq!(policy.lookup("a.test", true).await.unwrap(), [both[1]]);
}

#[tokio::test]
async fn one_public_answer_makes_a_public_seed() {
    let resolve = [("a.test", "127.0.0.1"), ("a.test", "8.8.8.8"), ("a.test", "10.0.0.1")];
    let policy = policy(&["http://a.test/"], &resolve, false);
    let public: IpAddr = "8.8.8.8".parse().unwrap();
    for _ in 0..2 {
        assert_eq!(policy.lookup("a.test", true).await.unwrap(), [public]);
        assert!(refuses(&policy, "http://127.0.0.1/").await.is_some());
    }
}

#[tokio::test]
async fn metadata_are_opened_by_no_name() {
    let resolve = [("a.test", "169.254.169.254"), ("a.test", "10.0.0.1")];
    let names = policy(&["http://a.test/"], &resolve, false);
    let private: IpAddr = "10.0.0.1".parse().unwrap();
    assert_eq!(names.lookup("a.test", true).await.unwrap(), [private]);
    assert!(refuses(&names, "http://169.254.169.254/").await.is_some());
    assert!(refuses(&names, "http://metadata.google.internal/").await.is_some());
    let literal = policy(&["http://169.254.169.254/"], &[], false);
    assert_eq!(refuses(&literal, "http://169.254.169.254/").await, None);
    assert!(refuses(&literal, "http://100.100.100.200/").await.is_some());
}

#[tokio::test]
async fn a_resumed_crawl_believes_no_name_twice() {
    let seeds = ["http://a.test/", "http://b.test/", "http://new.test/"];
    let first = policy(&seeds, &[("a.test", "8.8.8.8"), ("b.test", "10.0.0.1")], false);
    for name in ["a.test", "b.test"] {
        first.lookup(name, true).await.unwrap();
    }
    let seed_names = first.seed_names(0).unwrap();
    assert_eq!(first.seed_names(2), None);
    let resolve = [("a.test", "127.0.0.1"), ("b.test", "10.0.0.2"), ("new.test", "10.0.0.3")]
        .map(|(name, to)| (name.to_owned(), to.parse().unwrap()));
    let settings = FetchSettings { seed_names, resolve: resolve.into(), ..Default::default() };
    let second = AddressPolicy::new(&settings, None, &seeds.map(|seed| Url::parse(seed).unwrap()));
    assert!(refuses(&second, "http://127.0.0.1/").await.is_some());
    assert!(matches!(second.lookup("a.test", true).await, Err(Unresolved::Refused { .. })));
    // What it stood on stays allowed, and a name never resolved is believed.
    assert_eq!(refuses(&second, "http://10.0.0.1/").await, None);
    assert!(second.lookup("b.test", true).await.is_err());
    assert!(second.lookup("new.test", true).await.is_ok());
}

#[tokio::test]
async fn names_that_mean_the_same_everywhere_are_refused_by_name() {
    let names = [
        "localhost",
        "LOCALHOST.",
        "foo.localhost",
        "ip6-localhost",
        "metadata.google.internal",
        "instance-data",
    ];
    let settings = FetchSettings::default();
    let proxy = Url::parse("http://proxy.test:3128").unwrap();
    let seed = [Url::parse("http://8.8.8.8/").unwrap()];
    for proxy in [None, Some(&proxy)] {
        let policy = AddressPolicy::new(&settings, proxy, &seed);
        for name in names {
            let url = format!("http://{name}:9309/");
            assert!(refuses(&policy, &url).await.is_some(), "{url}");
            assert!(policy.refuses_without_lookup(&Url::parse(&url).unwrap()).is_some(), "{url}");
            let policy = AddressPolicy::new(&settings, proxy, &[Url::parse(&url).unwrap()]);
            assert_eq!(refuses(&policy, &url).await, None, "{url}");
        }
        assert_eq!(refuses(&policy, "http://localhost.test/").await, None);
    }
    // Where a seed stands on the same address, it is that address.
    let policy = policy(&["http://127.0.0.1:8000/"], &[], false);
    assert_eq!(refuses(&policy, "http://localhost:9/").await, None);
    assert!(refuses(&policy, "http://instance-data/").await.is_some());
}

#[tokio::test]
async fn the_proxys_name_is_for_the_proxy_alone() {
    let resolve = vec![("proxy.test".to_owned(), "127.0.0.1".parse().unwrap())];
    let settings = FetchSettings { resolve, ..FetchSettings::default() };
    let proxy = Url::parse("socks5://proxy.test:1080").unwrap();
    let policy =
        AddressPolicy::new(&settings, Some(&proxy), &[Url::parse("http://8.8.8.8/").unwrap()]);
    assert!(policy.lookup("proxy.test", true).await.is_ok());
    assert!(refuses(&policy, "http://Proxy.test.:9/").await.is_some());
    assert!(refuses(&policy, "http://127.0.0.1/").await.is_some());
}

#[tokio::test]
async fn all_may_be_allowed() {
    let policy = policy(&[], &[("a.test", "10.0.0.1")], true);
    assert_eq!(refuses(&policy, "http://127.0.0.1/").await, None);
    assert_eq!(refuses(&policy, "http://localhost/").await, None);
    assert_eq!(policy.lookup("a.test", true).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_seed_that_is_removed_allows_nothing_more() {
    let resolve =
        [("intra.test", "10.1.1.1"), ("other.test", "10.1.1.1"), ("late.test", "10.1.1.2")];
    let policy = policy(&["http://10.9.9.9/", "http://intra.test/"], &resolve, false);
    let url = |text: &str| Url::parse(text).unwrap();
    // No seed but the first has the host of these.
    assert!(!policy.add_seed(&url("http://10.9.9.9:81/x")));
    assert!(!policy.add_seed(&url("http://INTRA.test./x")));
    for (seed, allowed) in [
        ("http://10.0.0.7/", "http://10.0.0.7/"),
        ("http://localhost/", "http://localhost/"),
        ("http://other.test/", "http://10.1.1.1/"),
        ("http://late.test/", "http://10.1.1.2/"),
    ] {
        for _ in 0..2 {
            assert!(policy.add_seed(&url(seed)), "{seed}");
            assert_eq!(refuses(&policy, allowed).await, None, "{seed}");
            policy.remove_seed(&url(seed));
            // Another name leads there too.
            let is_left = allowed == "http://10.1.1.1/";
            assert_eq!(refuses(&policy, allowed).await.is_some(), !is_left, "{seed}");
        }
    }
    assert!(policy.lookup("late.test", true).await.is_err());
    let names: Vec<_> = policy.seed_names(0).unwrap().into_iter().map(|seed| seed.name).collect();
    assert_eq!(names, ["intra.test"]);
    // Removed before it was resolved.
    assert!(policy.add_seed(&url("http://late.test/")));
    policy.remove_seed(&url("http://late.test/"));
    assert!(policy.lookup("late.test", true).await.is_err());
}
