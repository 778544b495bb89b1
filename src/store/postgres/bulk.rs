//! Many rows in one statement: an array per column, unnested on the server.
//!
//! A statement takes any number of rows, so there is one text per table, prepared once. No row may
//! come twice in one statement: the caller sees to that.
//!
//! Rows that may be there already cost twice as much. Measured on the server, a million links, 12,500 a
//! statement: 5.6 s with `ON CONFLICT`, 2.7 s without, 2.3 s by `COPY`, which can neither replace nor
//! pass over a row. Hence [`Known`], and many new links by [`copy`].

use sqlx::postgres::{PgBindIterExt, PgConnection};

use super::copy;
use crate::model::ids::{CrawlId, PageId};
use crate::store::host_totals::HostTotals;
use crate::store::rows::{
    ChangeRow, Content, EffectColumns, FrontierRow, HostRow, LinkRow, PageChange, PageRow,
    SitemapRow,
};
use crate::store::sql::Known;
use crate::store::text::{clean, shared};
use crate::store::timeline_row::TimelineRow;

/// A statement in two ways.
struct Insert {
    plain: &'static str,
    upsert: &'static str,
}

impl Insert {
    fn sql(&self, known: Known) -> &'static str {
        match known {
            Known::Nothing => self.plain,
            Known::Some => self.upsert,
        }
    }
}

macro_rules! insert {
    ($rows:literal, $conflict:literal) => {
        Insert { plain: $rows, upsert: concat!($rows, " ", $conflict) }
    };
}

const PAGES: Insert = insert!(
    "INSERT INTO scraped_pages (crawl_id, id, url_hash, state, status, depth, \
     attempts, elapsed_ms, content_length, links_found, found_on, created_at, lastmod, change, \
     body_hash, host, content_type, url, final_url, title, error, redirects, etag, last_modified, \
     canonical, resent, not_parsed) \
     SELECT $1, id, url_hash, state, status, depth, attempts, elapsed_ms, content_length, \
     links_found, found_on, 'epoch'::timestamptz + at * interval '1 ms', lastmod, change, \
     body_hash, host, content_type, url, final_url, title, error, redirects, etag, last_modified, \
     canonical, resent, not_parsed \
     FROM unnest($2::bigint[], $3::bytea[], $4::text[], $5::int[], $6::int[], $7::int[], \
     $8::bigint[], $9::bigint[], $10::int[], $11::bigint[], $12::bigint[], $13::bigint[], \
     $14::text[], $15::bytea[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], \
     $21::text[], $22::text[], $23::text[], $24::text[], $25::text[], $26::int[], $27::text[]) \
     AS row (id, url_hash, state, status, depth, attempts, elapsed_ms, content_length, \
     links_found, found_on, at, lastmod, change, body_hash, host, content_type, url, final_url, \
     title, error, redirects, etag, last_modified, canonical, resent, not_parsed)",
    "ON CONFLICT (crawl_id, url_hash) DO UPDATE SET url = excluded.url, host = excluded.host, \
     state = excluded.state, status = excluded.status, depth = excluded.depth, \
     attempts = excluded.attempts, elapsed_ms = excluded.elapsed_ms, \
     content_length = excluded.content_length, links_found = excluded.links_found, \
     found_on = excluded.found_on, created_at = excluded.created_at, \
     lastmod = excluded.lastmod, change = excluded.change, body_hash = excluded.body_hash, \
     content_type = excluded.content_type, final_url = excluded.final_url, \
     title = excluded.title, error = excluded.error, redirects = excluded.redirects, \
     etag = excluded.etag, last_modified = excluded.last_modified, \
     canonical = excluded.canonical, resent = excluded.resent, not_parsed = excluded.not_parsed"
);

const LINKS: Insert = insert!(
    "INSERT INTO links (crawl_id, from_id, to_id, anchor) \
     SELECT $1, from_id, to_id, anchor FROM unnest($2::bigint[], $3::bigint[], $4::text[]) \
     AS row (from_id, to_id, anchor)",
    "ON CONFLICT DO NOTHING"
);

const FRONTIER: Insert = insert!(
    "INSERT INTO frontier (crawl_id, id, url_hash, depth, attempts, \
     not_before, found_on, host_id, lastmod, url, resent) \
     SELECT $1, id, url_hash, depth, attempts, not_before, found_on, host_id, lastmod, url, resent \
     FROM unnest($2::bigint[], $3::bytea[], $4::int[], $5::int[], $6::bigint[], $7::bigint[], \
     $8::bigint[], $9::bigint[], $10::text[], $11::int[]) AS row (id, url_hash, depth, attempts, \
     not_before, found_on, host_id, lastmod, url, resent)",
    "ON CONFLICT (id) DO UPDATE SET attempts = excluded.attempts, resent = excluded.resent, \
     not_before = excluded.not_before"
);

const CHANGES: &str = "INSERT INTO changes (crawl_id, seq, at, by_whom, what, entry, \
     pages_per_s_before, pages_per_s_after, p95_ms_before, p95_ms_after, effect) \
     SELECT $1, seq, 'epoch'::timestamptz + at * interval '1 ms', by_whom, what, entry, \
     pages_per_s_before, pages_per_s_after, p95_ms_before, p95_ms_after, effect \
     FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::float8[], \
     $8::float8[], $9::float8[], $10::float8[], $11::text[]) \
     AS row (seq, at, by_whom, what, entry, pages_per_s_before, pages_per_s_after, p95_ms_before, \
     p95_ms_after, effect) \
     ON CONFLICT (crawl_id, seq) DO UPDATE SET at = excluded.at, by_whom = excluded.by_whom, \
     what = excluded.what, entry = excluded.entry, \
     pages_per_s_before = excluded.pages_per_s_before, \
     pages_per_s_after = excluded.pages_per_s_after, p95_ms_before = excluded.p95_ms_before, \
     p95_ms_after = excluded.p95_ms_after, effect = excluded.effect";

// A row is written twice only when the answer to the first time was lost.
const TIMELINE: &str = "INSERT INTO timeline (crawl_id, seq, run, at, span_ms, conditions, permits, \
     workers, queue, rate, pages, pages_sd, bytes, requests, retries, errors, refused, p50_ms, p95_ms, \
     mean_ms, in_flight, queued, saver_backlog, loop_delay_ms, cpu_percent, memory) \
     SELECT $1, seq, run, 'epoch'::timestamptz + at * interval '1 ms', span_ms, conditions, permits, \
     workers, queue, rate, pages, pages_sd, bytes, requests, retries, errors, refused, p50_ms, p95_ms, \
     mean_ms, in_flight, queued, saver_backlog, loop_delay_ms, cpu_percent, memory \
     FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], \
     $7::bigint[], $8::bigint[], $9::bigint[], $10::float8[], $11::bigint[], $12::float8[], \
     $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::float8[], \
     $19::float8[], $20::float8[], $21::float8[], $22::float8[], $23::bigint[], $24::float8[], \
     $25::float8[], $26::bigint[]) \
     AS row (seq, run, at, span_ms, conditions, permits, workers, queue, rate, pages, pages_sd, bytes, \
     requests, retries, errors, refused, p50_ms, p95_ms, mean_ms, in_flight, queued, saver_backlog, \
     loop_delay_ms, cpu_percent, memory) \
     ON CONFLICT (crawl_id, seq) DO NOTHING";

// A host known before its first page has no times yet; `least` and `greatest` pass over null.
const HOSTS: &str = "INSERT INTO hosts (crawl_id, host, pages, ok, failed, skipped, bytes, \
     first_at, last_at) \
     SELECT $1, host, pages, ok, failed, skipped, bytes, \
     'epoch'::timestamptz + first_at * interval '1 ms', \
     'epoch'::timestamptz + last_at * interval '1 ms' \
     FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], \
     $7::bigint[], $8::bigint[], $9::bigint[]) \
     AS row (host, pages, ok, failed, skipped, bytes, first_at, last_at) \
     ON CONFLICT (crawl_id, host) DO UPDATE SET pages = hosts.pages + excluded.pages, \
     ok = hosts.ok + excluded.ok, failed = hosts.failed + excluded.failed, \
     skipped = hosts.skipped + excluded.skipped, bytes = hosts.bytes + excluded.bytes, \
     first_at = least(hosts.first_at, excluded.first_at), \
     last_at = greatest(hosts.last_at, excluded.last_at)";

const KNOWN_HOSTS: &str = "INSERT INTO hosts (crawl_id, host, pages, ok, failed, skipped, bytes, \
     incidents, robots) \
     SELECT $1, host, 0, 0, 0, 0, 0, incidents, robots \
     FROM unnest($2::text[], $3::bigint[], $4::text[]) AS row (host, incidents, robots) \
     ON CONFLICT (crawl_id, host) DO UPDATE SET incidents = excluded.incidents, \
     robots = coalesce(excluded.robots, hosts.robots)";

const SITEMAPS: &str = "INSERT INTO sitemaps (crawl_id, url_hash, url, state, status, urls, \
     sitemaps, depth, error, created_at) \
     SELECT $1, url_hash, url, state, status, urls, sitemaps, depth, error, \
     'epoch'::timestamptz + at * interval '1 ms' \
     FROM unnest($2::bytea[], $3::text[], $4::text[], $5::int[], $6::bigint[], $7::bigint[], \
     $8::int[], $9::text[], $10::bigint[]) \
     AS row (url_hash, url, state, status, urls, sitemaps, depth, error, at) \
     ON CONFLICT (crawl_id, url_hash) DO UPDATE SET url = excluded.url, \
     state = excluded.state, status = excluded.status, urls = excluded.urls, \
     sitemaps = excluded.sitemaps, depth = excluded.depth, error = excluded.error, \
     created_at = excluded.created_at";

/// A counter in a column of 32 bits with a sign.
pub(super) fn int(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

/// The number, unless it is none or infinite.
fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

/// Pages with the ids that their rows get.
pub(super) async fn pages(
    db: &mut PgConnection,
    crawl: CrawlId,
    rows: &[(PageId, &PageRow)],
    known: Known,
) -> Result<(), sqlx::Error> {
    let pages = || rows.iter().map(|(_, page)| *page);
    let text = |of: fn(&PageRow) -> Option<&String>| {
        pages().map(move |page| of(page).map(|text| clean(text))).bind_iter()
    };
    let content = |of: fn(&Content) -> Option<&String>| {
        let content = pages().map(|page| page.content.as_deref());
        content.map(move |content| content.and_then(of).map(|text| clean(text))).bind_iter()
    };
    let body_hash = |page: &PageRow| page.content.as_deref().and_then(|c| c.body_hash);
    sqlx::query(PAGES.sql(known))
        .bind(crawl)
        .bind(rows.iter().map(|(id, _)| *id).bind_iter())
        .bind(pages().map(|page| page.url_hash.0).bind_iter())
        .bind(pages().map(|page| page.state.name()).bind_iter())
        .bind(pages().map(|page| page.status.map(i32::from)).bind_iter())
        .bind(pages().map(|page| int(page.depth)).bind_iter())
        .bind(pages().map(|page| int(page.attempts)).bind_iter())
        .bind(pages().map(|page| page.elapsed_ms as i64).bind_iter())
        .bind(pages().map(|page| page.content_length as i64).bind_iter())
        .bind(pages().map(|page| int(page.links_found)).bind_iter())
        .bind(pages().map(|page| page.found_on).bind_iter())
        .bind(pages().map(|page| page.created_at_ms).bind_iter())
        .bind(pages().map(|page| page.lastmod_ms).bind_iter())
        .bind(pages().map(|page| page.change.map(PageChange::name)).bind_iter())
        .bind(pages().map(body_hash).bind_iter())
        .bind(pages().map(|page| clean(&page.host)).bind_iter())
        .bind(text(|page| page.content_type.as_ref()))
        .bind(pages().map(|page| clean(&page.url)).bind_iter())
        .bind(text(|page| page.final_url.as_ref()))
        .bind(text(|page| page.title.as_ref()))
        .bind(text(|page| page.error.as_ref()))
        .bind(text(|page| page.redirects.as_ref()))
        .bind(content(|content| content.etag.as_ref()))
        .bind(content(|content| content.last_modified.as_ref()))
        .bind(content(|content| content.canonical.as_ref()))
        .bind(pages().map(|page| int(page.resent)).bind_iter())
        .bind(content(|content| content.not_parsed.as_ref()))
        .execute(db)
        .await
        .map(drop)
}

/// Links; what is there stays.
pub(super) async fn links(
    db: &mut PgConnection,
    crawl: CrawlId,
    rows: &[&LinkRow],
    known: Known,
) -> Result<(), sqlx::Error> {
    if matches!(known, Known::Nothing) && rows.len() >= copy::LEAST_ROWS {
        return copy::links(db, crawl, rows).await;
    }
    sqlx::query(LINKS.sql(known))
        .bind(crawl)
        .bind(rows.iter().map(|link| link.from).bind_iter())
        .bind(rows.iter().map(|link| link.to).bind_iter())
        .bind(rows.iter().map(|link| link.anchor.as_deref().map(clean)).bind_iter())
        .execute(db)
        .await
        .map(drop)
}

/// URLs that are open.
pub(super) async fn frontier(
    db: &mut PgConnection,
    crawl: CrawlId,
    rows: &[&FrontierRow],
    known: Known,
) -> Result<(), sqlx::Error> {
    sqlx::query(FRONTIER.sql(known))
        .bind(crawl)
        .bind(rows.iter().map(|row| row.id).bind_iter())
        .bind(rows.iter().map(|row| row.url_hash.0).bind_iter())
        .bind(rows.iter().map(|row| int(row.depth)).bind_iter())
        .bind(rows.iter().map(|row| int(row.attempts)).bind_iter())
        .bind(rows.iter().map(|row| row.not_before_ms).bind_iter())
        .bind(rows.iter().map(|row| row.found_on).bind_iter())
        .bind(rows.iter().map(|row| row.host_id).bind_iter())
        .bind(rows.iter().map(|row| row.lastmod_ms).bind_iter())
        .bind(rows.iter().map(|row| clean(&row.url)).bind_iter())
        .bind(rows.iter().map(|row| int(row.resent)).bind_iter())
        .execute(db)
        .await
        .map(drop)
}

/// Journal entries.
pub(super) async fn changes(
    db: &mut PgConnection,
    crawl: CrawlId,
    rows: &[&ChangeRow],
) -> Result<(), sqlx::Error> {
    let effect = |of: fn(EffectColumns) -> Option<f64>| {
        rows.iter().map(move |row| row.effect.and_then(of)).bind_iter()
    };
    sqlx::query(CHANGES)
        .bind(crawl)
        .bind(rows.iter().map(|row| row.seq as i64).bind_iter())
        .bind(rows.iter().map(|row| row.at_ms).bind_iter())
        .bind(rows.iter().map(|row| row.by).bind_iter())
        .bind(rows.iter().map(|row| clean(&row.what)).bind_iter())
        .bind(rows.iter().map(|row| clean(&row.entry)).bind_iter())
        .bind(effect(|effect| finite(effect.pages_per_s_before)))
        .bind(effect(|effect| finite(effect.pages_per_s_after)))
        .bind(effect(|effect| effect.p95_ms_before.and_then(finite)))
        .bind(effect(|effect| effect.p95_ms_after.and_then(finite)))
        .bind(rows.iter().map(|row| row.effect.map(|effect| effect.word)).bind_iter())
        .execute(db)
        .await
        .map(drop)
}

/// What was measured; what is there stays.
pub(super) async fn timeline(
    db: &mut PgConnection,
    crawl: CrawlId,
    rows: &[TimelineRow],
) -> Result<(), sqlx::Error> {
    let count =
        |of: fn(&TimelineRow) -> u64| rows.iter().map(move |row| of(row) as i64).bind_iter();
    let level =
        |of: fn(&TimelineRow) -> u32| rows.iter().map(move |row| i64::from(of(row))).bind_iter();
    let real = |of: fn(&TimelineRow) -> f64| {
        rows.iter().map(move |row| finite(of(row)).unwrap_or(0.0)).bind_iter()
    };
    let optional = |of: fn(&TimelineRow) -> Option<f64>| {
        rows.iter().map(move |row| of(row).and_then(finite)).bind_iter()
    };
    sqlx::query(TIMELINE)
        .bind(crawl)
        .bind(count(|row| row.seq))
        .bind(level(|row| row.run))
        .bind(rows.iter().map(|row| row.at_ms).bind_iter())
        .bind(count(|row| row.span_ms))
        .bind(level(|row| row.conditions))
        .bind(level(|row| row.permits))
        .bind(level(|row| row.workers))
        .bind(level(|row| row.queue))
        .bind(optional(|row| row.rate))
        .bind(count(|row| row.pages))
        .bind(optional(|row| row.pages_sd))
        .bind(count(|row| row.bytes))
        .bind(count(|row| row.requests))
        .bind(count(|row| row.retries))
        .bind(count(|row| row.errors))
        .bind(count(|row| row.refused))
        .bind(optional(|row| row.p50_ms))
        .bind(optional(|row| row.p95_ms))
        .bind(optional(|row| row.mean_ms))
        .bind(real(|row| row.in_flight))
        .bind(real(|row| row.queued))
        .bind(count(|row| row.saver_backlog))
        .bind(real(|row| row.loop_delay_ms))
        .bind(real(|row| row.cpu_percent))
        .bind(count(|row| row.memory))
        .execute(db)
        .await
        .map(drop)
}

/// What is added to the totals of the hosts.
pub(super) async fn hosts<T: AsRef<str> + Sync>(
    db: &mut PgConnection,
    crawl: CrawlId,
    rows: &[(T, HostTotals)],
) -> Result<(), sqlx::Error> {
    let total =
        |of: fn(&HostTotals) -> i64| rows.iter().map(move |(_, totals)| of(totals)).bind_iter();
    sqlx::query(HOSTS)
        .bind(crawl)
        .bind(rows.iter().map(|(host, _)| host.as_ref()).bind_iter())
        .bind(total(|totals| totals.pages))
        .bind(total(|totals| totals.ok))
        .bind(total(|totals| totals.failed))
        .bind(total(|totals| totals.skipped))
        .bind(total(|totals| totals.bytes))
        .bind(rows.iter().map(|(_, totals)| totals.first_ms).bind_iter())
        .bind(rows.iter().map(|(_, totals)| totals.last_ms).bind_iter())
        .execute(db)
        .await
        .map(drop)
}

/// What else is known of hosts, with totals of 0 where there are none yet.
pub(super) async fn known_hosts(
    db: &mut PgConnection,
    crawl: CrawlId,
    rows: &[HostRow],
) -> Result<(), sqlx::Error> {
    sqlx::query(KNOWN_HOSTS)
        .bind(crawl)
        .bind(rows.iter().map(|row| shared(&row.host).to_string()).bind_iter())
        .bind(rows.iter().map(|row| i64::from(row.incidents)).bind_iter())
        .bind(rows.iter().map(|row| row.robots.as_deref().map(clean)).bind_iter())
        .execute(db)
        .await
        .map(drop)
}

/// Sitemaps.
pub(super) async fn sitemaps(
    db: &mut PgConnection,
    crawl: CrawlId,
    rows: &[&SitemapRow],
) -> Result<(), sqlx::Error> {
    sqlx::query(SITEMAPS)
        .bind(crawl)
        .bind(rows.iter().map(|row| row.url_hash.0).bind_iter())
        .bind(rows.iter().map(|row| clean(&row.url)).bind_iter())
        .bind(rows.iter().map(|row| row.state.name()).bind_iter())
        .bind(rows.iter().map(|row| row.status.map(i32::from)).bind_iter())
        .bind(rows.iter().map(|row| i64::from(row.urls)).bind_iter())
        .bind(rows.iter().map(|row| i64::from(row.sitemaps)).bind_iter())
        .bind(rows.iter().map(|row| int(row.depth)).bind_iter())
        .bind(rows.iter().map(|row| row.error.as_deref().map(clean)).bind_iter())
        .bind(rows.iter().map(|row| row.created_at_ms).bind_iter())
        .execute(db)
        .await
        .map(drop)
}
