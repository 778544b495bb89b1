//! Sites without an end, and ordinary ones.

use super::stage::{Ended, crawl, html, links, missing, redirect};

/// Rows, those that are `ok`, and those skipped for a reason that begins like this.
async fn counts(ended: &Ended, reason: &str) -> (usize, usize) {
    (ended.count("ok", "").await.0, ended.count("skipped", reason).await.1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forum_is_read_to_its_end() {
    let ended = crawl(
        |_, _| (),
        |path, _| {
            let all = |id: u32| (0..50).map(move |page| format!("/t?id={id}&page={page}"));
            if path == "/" {
                let all: Vec<_> = (0..60).flat_map(all).collect();
                return html(&links(all.iter().map(String::as_str)));
            }
            html(&format!("<title>{path}</title>{}", path.repeat(20)))
        },
    )
    .await;
    assert_eq!(counts(&ended, "").await, (3_001, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_page_under_ever_new_addresses_is_left() {
    let ended = crawl(
        |s, _| s.max_pages = Some(3_000),
        |_, _| {
            let head = "<title>same</title><link rel=canonical href=/home>";
            html(&format!("{head}{}{}", links(["a/", "b/", "c/", "d/"]), "y".repeat(200)))
        },
    )
    .await;
    let (ok, skipped) = counts(&ended, "trap: found on a page with the same content as ").await;
    assert!(ok < 800 && skipped > 0, "{ok} {skipped}");
    let trap = ended.last.traps.iter().find(|trap| trap.kind == "link of a copy").unwrap();
    assert_eq!(trap.skipped, skipped as u64);
    assert!(trap.pattern.starts_with(&ended.address), "{}", trap.pattern);
}

#[tokio::test(flavor = "multi_thread")]
async fn session_ids_that_nobody_names_are_seen() {
    let next_id = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(1));
    let ended = crawl(
        |s, _| s.max_pages = Some(3_000),
        move |_, _| {
            let id = next_id.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let id = id.wrapping_mul(0x9E37_79B9_7F4A_7C15) as u32;
            let to = ["a", "b", "c", "d", "e"].map(|page| format!("/s-{id:08x}/page{page}"));
            html(&format!("<title>t</title>{}", links(to.iter().map(String::as_str))))
        },
    )
    .await;
    let (ok, skipped) = counts(&ended, "trap: session id at ").await;
    assert!(ok < 500 && skipped > 0, "{ok} {skipped}");
}

#[tokio::test(flavor = "multi_thread")]
async fn urls_that_only_grow_are_left() {
    let ended = crawl(
        |s, _| s.max_pages = Some(3_000),
        |path, _| {
            let word = |n: u64| {
                let hash = xxhash_rust::xxh3::xxh3_64_with_seed(path.as_bytes(), n);
                (0..6)
                    .map(|at| char::from(b'a' + (hash >> (8 * at) & 15) as u8))
                    .collect::<String>()
            };
            html(&links([&*format!("{}/", word(1)), &*format!("{}/", word(2))]))
        },
    )
    .await;
    let (ok, skipped) = counts(&ended, "trap: growing URLs at ").await;
    assert!(ok < 2_000 && skipped > 0, "{ok} {skipped}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_into_a_trap_is_not_followed() {
    let ended = crawl(
        |_, _| (),
        |path, _| match path {
            "/" => html(&links(["/go", "/fine"])),
            "/go" => redirect("/a/b/a/b/a/b/a/b/"),
            "/fine" => redirect("/there"),
            "/there" => html("there"),
            _ => missing(),
        },
    )
    .await;
    assert_eq!(counts(&ended, "trap: repeated path at ").await, (2, 1));
    assert!(!ended.asked.contains_key("/a/b/a/b/a/b/a/b/"));
    assert_eq!(ended.last.traps[0].skipped, 1);
}
