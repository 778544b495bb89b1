//! Promise: headers that identify the user leave an origin with its last seed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use crate::web_server::{Server, fetch, fetcher, ok};
use crawldeck::settings::{Credentials, FetchSettings};

#[tokio::test]
async fn secrets_leave_with_the_last_seed_of_an_origin() {
    let (one, two) = (Server::start(|_| ok("")).await, Server::start(|_| ok("")).await);
    let identity =
        Credentials { headers: vec![("X-Key".into(), "hunter2".into())], ..Credentials::default() };
    let fetcher =
        fetcher(&FetchSettings { credentials: identity, ..Default::default() }, &[&one.base]);
    let other = two.base.join("other").unwrap();
    let keys = async || {
        for server in [&one, &two] {
            fetch(&fetcher, &server.base).await.unwrap();
        }
        [&one, &two].map(|server| server.heads().last().unwrap().contains("x-key"))
    };
    for seed in [&two.base, &other] {
        assert!(!fetcher.add_seed(seed), "the first seed has the same address");
    }
    assert_eq!(keys().await, [true, true]);
    fetcher.remove_seed(&two.base, false);
    assert_eq!(keys().await, [true, true], "another seed has its origin");
    fetcher.remove_seed(&other, false);
    assert_eq!(keys().await, [true, false]);
}
