//! What every database promises the crawl: each promise is a function over a database of its own, and
//! runs on SQLite, and where a server is given on PostgreSQL and MySQL too (see `databases`).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]
#![allow(clippy::doc_markdown, reason = "SQLite is a name, not code")]

use std::collections::HashMap;
use std::sync::Arc;

use crawldeck::model::ids::{CrawlId, PageId, crawl_of, host_id, page_id};
use crawldeck::model::page_state::PageState;
use crawldeck::model::url_identity::UrlHash;
use crawldeck::store::{
    Batch, ChangeRow, Columns, Content, CrawlState, EffectColumns, FrontierRow, HostRow, LinkRow,
    OpenHost, PageChange, PageRow, PostponedRow, PreviousPage, SitemapRow, Store, StoreError,
    TimelineRow, Value,
};
use serde_json::json;

mod basics;
mod by_host;
mod crawl_lease;
mod databases;
mod dies;
mod kept;
mod large;
mod look;
mod lost;
mod many;
mod migrated;
mod mysql;
mod mysql_plans;
mod postgres;
mod postgres_failures;
mod postgres_plans;
mod recrawl;
mod sqlite;
mod stored_pages;
mod texts;
mod timeline;
mod views;

use databases::*;
use look::*;

contract![
    basics::batches_are_atomic,
    basics::finds_the_newest_unfinished,
    basics::found_and_done_at_once,
    basics::frontier_in_portions,
    basics::journal_entries_replace,
    basics::nothing_is_fine,
    basics::pages_are_never_doubled,
    basics::postpones,
    basics::resumes_where_it_was,
    basics::sees_every_url_once,
    basics::settings_are_patched,
    basics::sitemaps_and_hosts_alone_are_a_batch,
    basics::there_is_room,
    basics::what_was_saved_is_there_after_reopening,
    by_host::frontier_of_one_host,
    by_host::hosts_that_wait,
    by_host::restoring_is_atomic,
    by_host::restores,
    by_host::skipped_for_a_reason,
    crawl_lease::a_crawl_taken_over_cannot_be_written,
    crawl_lease::a_crawl_that_ended_has_no_owner,
    crawl_lease::a_dead_owner_is_taken_over,
    crawl_lease::a_living_owner_keeps_its_crawl,
    crawl_lease::heartbeats_are_signs_of_life,
    crawl_lease::of_two_only_one_gets_it,
    crawl_lease::two_stores_run_two_crawls_side_by_side,
    kept::a_frontier_row_holds_what_it_was_given,
    kept::a_page_row_holds_what_it_was_given,
    kept::hosts_are_sums_of_pages_even_of_pages_saved_again,
    kept::links_are_kept_once_with_their_first_text,
    kept::requests_are_those_of_the_last_row,
    kept::restored_pages_leave_the_sums_of_their_hosts,
    kept::sitemaps_replace_those_of_the_same_url,
    kept::what_is_known_of_hosts_is_kept_beside_their_sums,
    many::a_crawl_is_removed_with_all_its_rows,
    many::a_running_crawl_is_not_removed,
    many::crawls_are_listed,
    many::half_removed_crawls_can_only_be_removed,
    migrated::an_earlier_schema_is_brought_up_to_date,
    migrated::links_of_before_are_found_by_their_targets,
    migrated::the_schema_before_is_brought_up_to_date,
    recrawl::counts_good_pages,
    recrawl::good_pages_in_portions,
    recrawl::links_of_a_page,
    recrawl::only_complete_crawls_are_recrawled,
    recrawl::pages_as_they_were,
    stored_pages::a_stored_page_is_what_was_saved,
    stored_pages::links_to_a_page_with_their_texts,
    stored_pages::stored_pages_are_filtered_as_those_in_memory,
    stored_pages::stored_pages_in_portions,
    stored_pages::stored_pages_outlive_the_store,
    texts::hashes_tell_urls_apart_and_texts_do_not,
    texts::links_have_texts_of_any_kind,
    texts::odd_text_survives,
    timeline::a_row_holds_what_it_was_given,
    timeline::a_row_takes_300_bytes_at_most,
    timeline::changes_have_what_they_gave,
    timeline::numbers_that_are_none_do_no_harm,
    timeline::the_newest_rows_are_read_oldest_first,
    views::a_select_can_be_ended,
    views::a_select_changes_nothing,
    views::a_select_gives_every_kind_of_value,
    views::broken_links_name_the_pages_that_hold_them,
    views::by_status_and_by_host_add_up,
    views::changes_are_the_journal,
    views::duplicates_are_pages_with_the_same_bytes,
    views::redirects_are_reported_with_their_hops,
    views::slow_pages_are_the_slowest_of_each_crawl,
];

/// What takes minutes, on each kind of database.
macro_rules! measured {
    ($($name:ident: $place:expr;)+) => {
        mod ten_million_links {
            use super::{Place, kept, large};
            $(#[tokio::test(flavor = "multi_thread")]
            #[ignore = "measures for minutes: tests/long.sh pages"]
            async fn $name() {
                kept($place, large::times).await;
            })+
        }
    };
}

measured! {
    in_a_file: Place::sqlite();
    on_a_postgres_server: Place::postgres().await;
    on_a_mysql_server: Place::mysql().await;
}

/// The host of all URLs here, unless said otherwise.
const HOST: &str = "127.0.0.1:8700";

/// 2026-11-01 12:00:00.250.
const AT: i64 = 1_793_534_400_250;

fn hash_of(url: &str) -> UrlHash {
    UrlHash(xxhash_rust::xxh3::xxh3_128(url.as_bytes()).to_be_bytes())
}

fn url(seq: u32) -> Arc<str> {
    format!("http://127.0.0.1:8700/page/{seq}").into()
}

fn open_url(crawl: CrawlId, seq: u32) -> FrontierRow {
    FrontierRow {
        id: page_id(crawl, seq),
        url: url(seq),
        url_hash: hash_of(&url(seq)),
        depth: seq % 7,
        attempts: 0,
        resent: 0,
        not_before_ms: 0,
        found_on: (seq > 1).then(|| page_id(crawl, 1)),
        host_id: host_id(HOST),
        lastmod_ms: seq.is_multiple_of(2).then_some(AT - 1000),
    }
}

/// A URL that is to be tried again, with more requests resent than attempts made.
fn postponed(crawl: CrawlId, seq: u32, attempts: u32, not_before_ms: i64) -> PostponedRow {
    PostponedRow { id: page_id(crawl, seq), attempts, resent: attempts + 4, not_before_ms }
}

fn page(crawl: CrawlId, seq: u32) -> PageRow {
    PageRow {
        id: page_id(crawl, seq),
        url: url(seq),
        url_hash: hash_of(&url(seq)),
        host: HOST.into(),
        state: PageState::Ok,
        status: Some(200),
        content_length: 1000,
        content_type: Some("text/html".to_owned()),
        title: Some(format!("Page {seq}")),
        depth: 1,
        elapsed_ms: 12,
        attempts: 1,
        resent: 0,
        final_url: None,
        redirects: None,
        error: None,
        found_on: None,
        links_found: 3,
        created_at_ms: AT,
        content: None,
        lastmod_ms: None,
        change: None,
    }
}

fn link(crawl: CrawlId, from: u32, to: u32) -> LinkRow {
    let anchor = Some(format!("from {from} to {to}").into());
    LinkRow { from: page_id(crawl, from), to: page_id(crawl, to), anchor }
}

fn change(seq: u64, what: &str) -> ChangeRow {
    let entry = format!("{{\"seq\":{seq},\"what\":\"{what}\"}}");
    ChangeRow { seq, at_ms: AT, by: "user", what: what.to_owned(), entry, effect: None }
}

/// Ten seconds of ten pages a second.
fn timeline(seq: u64) -> TimelineRow {
    TimelineRow {
        seq,
        run: 1,
        at_ms: AT + 10_000 * seq as i64,
        span_ms: 10_000,
        pages: 100,
        ..TimelineRow::default()
    }
}

fn sitemap(url: &str) -> SitemapRow {
    SitemapRow {
        url: url.into(),
        url_hash: hash_of(url),
        state: PageState::Ok,
        status: Some(200),
        urls: 50,
        sitemaps: 2,
        depth: 1,
        error: None,
        created_at_ms: AT,
    }
}

async fn frontier(store: &Arc<dyn Store>, crawl: CrawlId) -> Vec<FrontierRow> {
    store.frontier_after(crawl, 0, u32::MAX).await.unwrap()
}

/// A page that differs from [`page`] in all that the frontier keeps of it.
fn unlike_others(row: PageRow) -> PageRow {
    PageRow {
        depth: 9,
        attempts: 2,
        resent: 6,
        found_on: Some(page_id(crawl_of(row.id), 7)),
        lastmod_ms: Some(AT),
        host: "[::1]:80".into(),
        ..row
    }
}

/// What was saved of a page, as a row of the frontier.
fn as_frontier_row(page: &PageRow) -> FrontierRow {
    FrontierRow {
        id: page.id,
        url: page.url.clone(),
        url_hash: page.url_hash,
        depth: page.depth,
        attempts: page.attempts,
        resent: page.resent,
        not_before_ms: 0,
        found_on: page.found_on,
        host_id: host_id(&page.host),
        lastmod_ms: page.lastmod_ms,
    }
}

/// All rows that a query gives in portions, each read from the id after which it begins; how many
/// rows each portion had.
async fn in_portions(
    read: impl AsyncFn(PageId) -> Result<Vec<FrontierRow>, StoreError>,
) -> (Vec<FrontierRow>, Vec<usize>) {
    let (mut all, mut portions, mut after) = (Vec::new(), Vec::new(), 0);
    loop {
        let portion = read(after).await.unwrap();
        let Some(last) = portion.last() else { return (all, portions) };
        after = last.id;
        portions.push(portion.len());
        all.extend(portion);
    }
}

async fn seen(store: &Arc<dyn Store>, crawl: CrawlId) -> HashMap<UrlHash, i64> {
    let mut all = HashMap::new();
    let mut sink = |chunk: &[(UrlHash, i64)]| {
        assert!(chunk.len() <= 10_000);
        for &(hash, id) in chunk {
            assert!(all.insert(hash, id).is_none(), "{id} came twice");
        }
        true
    };
    store.seen(crawl, &mut sink).await.unwrap();
    all
}
