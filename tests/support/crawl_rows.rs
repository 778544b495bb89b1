//! A crawl written row by row: two sessions three days apart, dials turned, and a site that means ill.

use std::sync::Arc;

use crawldeck::crawl::protocol::change::{Change, ChangeAction};
use crawldeck::crawl::protocol::command::Origin;
use crawldeck::crawl::protocol::tuning::{ChangeEffect, EffectSide, EffectVerdict, Estimate};
use crawldeck::model::ids::{CrawlId, page_id};
use crawldeck::model::page_state::PageState;
use crawldeck::model::url_identity::UrlHash;
use crawldeck::settings::dials::Setting;
use crawldeck::store::{
    Batch, ChangeRow, Content, CrawlState, EffectColumns, HostRow, LinkRow, PageRow, Store,
    TimelineRow,
};

/// 2026-11-01 12:00:00.000: when it was started.
pub const AT: i64 = 1_793_534_400_000;

/// Pages of each session.
pub const PAGES: u32 = 600;

/// Between the two sessions.
pub const DAYS: i64 = 3 * 86_400_000;

/// A title that would do harm.
pub const TITLE: &str = "<script>alert('title')</script> & \"more\" \u{202E}drawkcab";

pub fn page(crawl: CrawlId, seq: u32, url: &str) -> PageRow {
    PageRow {
        id: page_id(crawl, seq),
        url: url.into(),
        url_hash: UrlHash(xxhash_rust::xxh3::xxh3_128(url.as_bytes()).to_be_bytes()),
        host: "h:1".into(),
        state: PageState::Ok,
        status: Some(200),
        content_length: 1000,
        content_type: Some("text/html".to_owned()),
        title: Some(format!("Page {seq}")),
        depth: 1,
        elapsed_ms: u64::from(seq % 50) + 10,
        attempts: 1,
        resent: 0,
        final_url: None,
        redirects: None,
        error: None,
        found_on: None,
        links_found: 3,
        created_at_ms: AT + i64::from(seq) * 100,
        content: None,
        lastmod_ms: None,
        change: None,
    }
}

fn change(seq: u64, at_ms: i64, what: ChangeAction) -> ChangeRow {
    entry(seq, at_ms, what, None)
}

fn entry(seq: u64, at_ms: i64, what: ChangeAction, effect: Option<ChangeEffect>) -> ChangeRow {
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap();
    let words = what.to_string();
    let by = Origin::Key;
    let effect_columns = effect.as_ref().map(|effect| EffectColumns {
        pages_per_s_before: effect.before.pages_per_s.value,
        pages_per_s_after: effect.after.pages_per_s.value,
        p95_ms_before: Some(effect.before.p95_ms),
        p95_ms_after: None,
        word: effect.verdict.word(),
    });
    let entry = Change {
        seq,
        at_s: 0.0,
        at,
        by,
        what,
        undoes: None,
        undone: false,
        redoes: None,
        reason: None,
        effect,
    };
    let entry = serde_json::to_string(&entry).unwrap();
    ChangeRow { seq, at_ms, by: by.name(), what: words, entry, effect: effect_columns }
}

/// A change of which is known what it gave.
fn better() -> ChangeEffect {
    let side = |value, p95_ms| EffectSide {
        pages_per_s: Estimate { value, ci: 0.5 },
        p95_ms,
        seconds: 10.0,
    };
    ChangeEffect {
        before: side(10.0, 100.0),
        after: side(12.5, 0.0),
        pages_percent: Estimate { value: 25.0, ci: 6.0 },
        verdict: EffectVerdict::Better,
        note: Some("permits were the limit".into()),
        ..ChangeEffect::default()
    }
}

/// What was measured: a row for ten seconds, or until a change; nothing while it was paused.
fn timeline() -> Vec<TimelineRow> {
    let spans: [(u32, i64, u64, u32); 12] = [
        (1, 10_000, 10_000, 10),
        (1, 20_000, 10_000, 10),
        (1, 30_000, 10_000, 16),
        (1, 45_000, 10_000, 16),
        (1, 55_000, 10_000, 16),
        (1, 60_100, 5_100, 16),
        (2, DAYS + 10_000, 10_000, 16),
        (2, DAYS + 20_000, 10_000, 16),
        (2, DAYS + 30_000, 10_000, 24),
        (2, DAYS + 40_000, 10_000, 24),
        (2, DAYS + 50_000, 10_000, 24),
        (2, DAYS + 60_000, 10_000, 24),
    ];
    let row = |(seq, (run, at_ms, span_ms, permits)): (u64, (u32, i64, u64, u32))| TimelineRow {
        seq,
        run,
        at_ms: AT + at_ms,
        span_ms,
        permits,
        workers: 40,
        queue: 100,
        pages: span_ms / 100,
        pages_sd: Some(1.0 / 3.0),
        bytes: span_ms * 10,
        requests: span_ms / 100,
        p50_ms: Some(34.0),
        p95_ms: (run == 1).then_some(57.125),
        mean_ms: Some(34.5),
        in_flight: 0.5,
        cpu_percent: 12.5,
        memory: 50 << 20,
        ..TimelineRow::default()
    };
    (1..).zip(spans).map(row).collect()
}

/// Odd pages, after those that are well.
fn odd(crawl: CrawlId) -> Vec<PageRow> {
    let first = 2 * PAGES + 1;
    let page = |n: u32, url: &str| page(crawl, first + n, url);
    let at = AT + DAYS + 30_000;
    let failed = |n, url: &str, status| PageRow {
        state: PageState::Failed,
        status,
        error: status.is_none().then(|| "connection refused".to_owned()),
        created_at_ms: at,
        ..page(n, url)
    };
    let skipped = |n, url: &str, why: &str| PageRow {
        state: PageState::Skipped,
        status: None,
        elapsed_ms: 0,
        content_length: 0,
        error: Some(why.to_owned()),
        created_at_ms: at,
        ..page(n, url)
    };
    let copy = |n, url: &str| PageRow {
        content: Some(Box::new(Content { body_hash: Some([7; 16]), ..Content::default() })),
        created_at_ms: at,
        ..page(n, url)
    };
    let hops = r#"[{"url":"http://h:1/old","status":301},{"url":"http://h:1/older","status":302}]"#;
    let chain = PageRow {
        redirects: Some(hops.to_owned()),
        final_url: Some("http://h:1/new".to_owned()),
        created_at_ms: at,
        ..page(5, "http://h:1/old")
    };
    let slow = PageRow {
        elapsed_ms: 61_000,
        title: Some(TITLE.to_owned()),
        created_at_ms: at,
        attempts: 2,
        resent: 1_500,
        ..page(6, &format!("http://h:1/slow/{}", "x".repeat(1 << 20)))
    };
    vec![
        failed(0, "http://h:1/missing", Some(404)),
        failed(1, "http://h:2/'\"><img src=x onerror=alert(1)>", None),
        failed(2, "javascript:alert(document.domain)", Some(500)),
        skipped(3, "http://h:1/private/a", "robots.txt forbids it"),
        skipped(4, "http://h:1/private/b", "robots.txt forbids it"),
        chain,
        slow,
        copy(7, "http://h:1/copy/a"),
        copy(8, "http://h:1/copy/b"),
        failed(9, "http://user:pass-in-link@h:1/x", Some(404)),
    ]
}

/// Writes it all, and lets the crawl go as stopped.
pub async fn fill(store: &dyn Store) -> CrawlId {
    let settings = r#"{"seeds":["http://me:seed-secret@h:1/"],"permits":24,
        "credential_names":["header X-Key","basic http://me:name-secret@h:1"],
        "sitemap_urls":["http://me:map-secret@h:1/map.xml"]}"#;
    let crawl = store.create_crawl(settings).await.unwrap();
    let well = |seq: u32| {
        let mut page = page(crawl, seq, &format!("http://h:1/page/{seq}"));
        if seq > PAGES {
            page.created_at_ms += DAYS - i64::from(PAGES) * 100;
        }
        page
    };
    let mut pages: Vec<PageRow> = (1..=2 * PAGES).map(well).collect();
    pages.extend(odd(crawl));
    let link = |from: u32, to: u32, text: &str| LinkRow {
        from: page_id(crawl, from),
        to: page_id(crawl, to),
        anchor: Some(Arc::from(text)),
    };
    let missing = 2 * PAGES + 1;
    let mut links: Vec<LinkRow> = (1..=40).map(|from| link(from, missing, "<b>here</b>")).collect();
    links.push(link(3, missing + 1, "there"));
    links.push(link(4, missing + 2, "script"));
    links.push(link(1, 2, "well"));
    let batch = Batch {
        pages,
        links,
        hosts: vec![HostRow { host: "h:1".into(), robots: Some("3 rules".into()), incidents: 2 }],
        changes: vec![
            entry(
                1,
                AT + 20_000,
                ChangeAction::Set { old: Setting::Permits(10), new: Setting::Permits(16) },
                Some(better()),
            ),
            change(2, AT + 30_000, ChangeAction::Pause),
            change(3, AT + 35_000, ChangeAction::Resume),
            change(
                4,
                AT + 40_000,
                ChangeAction::Seed {
                    url: "http://me:journal-secret@h:1/s".parse().unwrap(),
                    added: true,
                    undo: None,
                },
            ),
            change(5, AT + 60_100, ChangeAction::Stop),
            change(
                6,
                AT + DAYS + 20_000,
                ChangeAction::Set { old: Setting::Permits(16), new: Setting::Permits(24) },
            ),
        ],
        timeline: timeline(),
        totals: Some(
            r#"{"pages":1210,"links":43,"retries":5,"resent":1500,"redirects":2}"#.to_owned(),
        ),
        ..Batch::default()
    };
    store.commit(crawl, &batch).await.unwrap();
    store.set_state(crawl, CrawlState::Stopped).await.unwrap();
    crawl
}
