//! Promise: a database written by the version before resumes with the settings that it was written
//! with, also a second time, when it holds settings under both their earlier and their new names; and
//! with no request counted as resent.
//!
//! `fixtures/earlier_version.sql` is the dump of such a database: a recrawl of the lab with
//! non-default values for the settings that were renamed since, stopped while it restored what an
//! exclusion had skipped. Two settings are put in here: `repeats`, which the command line cannot set,
//! and the end of a host's cooldown, which has to be in the future. A database on a server gets the
//! crawls, the journal and the open URLs of the dump, in tables of this version; that tables of the version
//! before are migrated there is tested in `tests/store/contract/migrated.rs`.

use std::sync::Arc;
use std::time::Duration;

use crawldeck::crawl;
use crawldeck::crawl::protocol::command::{Command, Origin};
use crawldeck::model::ids::{CrawlId, PageId};
use crawldeck::model::url_identity::UrlHash;
use crawldeck::settings::Settings;
use crawldeck::settings::dials::Setting;
use crawldeck::store::{self, Batch, ChangeRow, CrawlState, FrontierRow, OpenMode};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use crate::support::database::Database;
use crate::support::wait;

const DUMP: &str = include_str!("fixtures/earlier_version.sql");
const STORED: &str = "SELECT settings FROM crawls WHERE id = 2";

/// The host that cools down, and until when: 2100-01-01, in ms since 1970.
const COOLING_HOST: &str = "127.0.0.1:18431";
const COOLDOWN_END_MS: i64 = 4_102_444_800_000;

/// Writes the dump to a database file, or to one in memory.
async fn write_dump(url: &str) -> SqliteConnection {
    let mut connection = SqliteConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(DUMP.to_owned())).execute(&mut connection).await.unwrap();
    let patch = json!({"repeats": true, "resting": {COOLING_HOST: COOLDOWN_END_MS}}).to_string();
    let put = "UPDATE crawls SET settings = json_patch(settings, ?) WHERE id = 2";
    sqlx::query(put).bind(patch).execute(&mut connection).await.unwrap();
    connection
}

/// Writes what a crawl resumes from, as the dump has it, to a database on a server.
async fn copy_dump(url: &str) {
    let mut dump = write_dump("sqlite::memory:").await;
    let store = store::open(url, OpenMode::CreateIfMissing).await.unwrap();
    for state in [CrawlState::Complete, CrawlState::Stopped] {
        let sql = "SELECT id, settings FROM crawls WHERE state = ?";
        let (id, settings): (CrawlId, String) =
            sqlx::query_as(sql).bind(state.name()).fetch_one(&mut dump).await.unwrap();
        assert_eq!(store.create_crawl(&settings).await.unwrap(), id);
        let batch = Batch {
            discovered: open_urls(&mut dump, id).await,
            changes: journal(&mut dump, id).await,
            ..Batch::default()
        };
        store.commit(id, &batch).await.unwrap();
        store.set_state(id, state).await.unwrap();
    }
    store.close().await;
    dump.close().await.unwrap();
}

async fn open_urls(dump: &mut SqliteConnection, crawl: CrawlId) -> Vec<FrontierRow> {
    type Row = (PageId, Vec<u8>, u32, i64, i64, String);
    let sql = "SELECT id, url_hash, attempts, not_before, host_id, url FROM frontier \
               WHERE crawl_id = ? ORDER BY id";
    let rows: Vec<Row> = sqlx::query_as(sql).bind(crawl).fetch_all(dump).await.unwrap();
    let open = |(id, hash, attempts, not_before_ms, host_id, url): Row| FrontierRow {
        id,
        url: url.into(),
        url_hash: UrlHash(hash.try_into().unwrap()),
        depth: 0,
        attempts,
        resent: 0,
        not_before_ms,
        found_on: None,
        host_id,
        lastmod_ms: None,
    };
    rows.into_iter().map(open).collect()
}

async fn journal(dump: &mut SqliteConnection, crawl: CrawlId) -> Vec<ChangeRow> {
    let sql = "SELECT what, entry FROM changes WHERE crawl_id = ? ORDER BY seq";
    let rows: Vec<(String, String)> =
        sqlx::query_as(sql).bind(crawl).fetch_all(dump).await.unwrap();
    let change = |(what, entry): (String, String)| {
        let members: Value = serde_json::from_str(&entry).unwrap();
        let at: jiff::Timestamp = members["at"].as_str().unwrap().parse().unwrap();
        // The dashboard's keys and what was typed on it were one.
        let by = ["user", "signal"];
        ChangeRow {
            seq: members["seq"].as_u64().unwrap(),
            at_ms: at.as_millisecond(),
            by: by.into_iter().find(|by| members["by"] == *by).unwrap(),
            what,
            entry,
            effect: None,
        }
    };
    rows.into_iter().map(change).collect()
}

fn stored(database: &Database) -> String {
    database.texts(STORED).remove(0)
}

/// Writes a setting under its new name, as a later change does.
async fn save(url: &str, settings: &Value) {
    let store = store::open(url, OpenMode::MustExist).await.unwrap();
    store.open_crawl(Some(2)).await.unwrap();
    let batch = Batch { settings: Some(settings.to_string()), ..Batch::default() };
    store.commit(2, &batch).await.unwrap();
    store.set_state(2, CrawlState::Stopped).await.unwrap();
    store.close().await;
}

/// Checks every setting that was renamed.
fn assert_kept(settings: &Settings) {
    let breaker = &settings.breaker;
    let secs = Duration::from_secs;
    assert!(settings.duplicate_seeds);
    assert_eq!(settings.host_give_up_after, secs(77));
    assert!(settings.respect_nofollow.pages && settings.respect_nofollow.links);
    assert_eq!(settings.live_exclusions, ["/p/1[0-4]"]);
    // No cooldown lasts that long: a resumed crawl corrects the time once it has read it.
    assert!((1..=COOLDOWN_END_MS).contains(&settings.cooling_down[COOLING_HOST]));
    assert_eq!(settings.recrawl_of, Some(1));
    assert_eq!(settings.credential_names, ["header X-Key"]);
    assert_eq!(settings.fetch.max_decompression_ratio, 55);
    assert_eq!((breaker.window, breaker.min_requests, breaker.ratio), (30, 9, 0.9));
    assert_eq!(
        (breaker.cooldown, breaker.max_cooldown, breaker.reset_after),
        (secs(7), secs(8), secs(9))
    );
    assert_eq!(settings.hosts["127.0.0.1:18432"].per_host, Some(3));
    assert!(settings.hosts["127.0.0.1:18433"].held);
    assert_eq!((settings.permits, settings.workers, settings.queue), (5, 4, 7));
    assert_eq!((settings.rate, settings.max_pages), (Some(9.0), Some(40)));
    assert_eq!(settings.added_seeds.len(), 3);
}

/// Resumes crawl 2, saves a change of the settings, and stops; the settings in force before.
async fn resume_and_stop(url: &str, permits: u32) -> Settings {
    let store = store::open(url, OpenMode::MustExist).await.unwrap();
    let mut in_force = None;
    let look = |settings: &mut Settings| in_force = Some(settings.clone());
    let mut crawl = crawl::resume(store.clone(), Some(2), look).await.unwrap();
    let set = Command::Set(Setting::Permits(permits));
    crawl.commands.send((set, Origin::Api)).await.unwrap();
    crawl.snapshots.wait_for(|s| s.dials.permits == permits).await.unwrap();
    let shown = Arc::clone(&crawl.snapshots.borrow());
    assert!(shown.changes.iter().any(|change| change.what.to_string() == "exclude /p/1[0-4]"));
    crawl.commands.send((Command::StopNow, Origin::Api)).await.unwrap();
    crawl.wait().await;
    in_force.unwrap()
}

/// The crawl's rows and totals say that nothing was resent: the version before did not count it. A retry
/// is one that a row tells of.
fn assert_nothing_resent(database: &Database) {
    for table in ["scraped_pages", "frontier"] {
        let rows = |which: &str| database.number(&format!("SELECT count(*) FROM {table} {which}"));
        assert!(rows("") > 0);
        assert_eq!(rows("WHERE resent = 0"), rows(""), "{table}");
    }
    assert_eq!(database.number("SELECT count(not_parsed) FROM scraped_pages"), 0);
    // Nor did it measure what its changes gave.
    let measured = "SELECT count(effect) + count(pages_per_s_before) FROM changes WHERE seq <= 13";
    assert_eq!(database.number("SELECT count(*) FROM changes WHERE seq <= 13"), 13);
    assert_eq!(database.number(measured), 0);
    let totals = database.texts("SELECT totals FROM crawls WHERE id = 2").remove(0);
    let totals: Value = serde_json::from_str(&totals).unwrap();
    assert_eq!((&totals["pages"], &totals["failed"]), (&json!(3), &json!(3)));
    assert_eq!((&totals["retries"], &totals["resent"]), (&json!(0), &json!(0)));
}

fn settings_are_kept(database: &Database) {
    let url = database.url();
    let text = stored(database);
    assert!(text.contains("give_up") && !text.contains("host_give_up_after"), "{text}");

    let first = wait(resume_and_stop(&url, 6));
    assert_kept(&first);
    assert_eq!(first.cooling_down[COOLING_HOST], COOLDOWN_END_MS);
    assert_eq!(first.restoring, ["excluded: /p/3"]);

    // Both names stand there now, and the earlier one must not count any more.
    let both: Value = serde_json::from_str(&stored(database)).unwrap();
    assert_eq!(both["give_up"], both["host_give_up_after"]);
    let second = wait(resume_and_stop(&url, 5));
    assert_kept(&Settings { permits: 5, ..second.clone() });
    assert_eq!(second.permits, 6);
    assert!(second.cooling_down[COOLING_HOST] < COOLDOWN_END_MS);

    wait(save(&url, &json!({"host_give_up_after": {"secs": 5, "nanos": 0}})));
    let third = wait(resume_and_stop(&url, 7));
    assert_eq!(third.host_give_up_after, Duration::from_secs(5));
}

#[test]
fn settings_of_the_version_before_are_in_force() {
    let database = Database::sqlite();
    let file = format!("{}?mode=rwc", database.url());
    wait(async { write_dump(&file).await.close().await }).unwrap();
    settings_are_kept(&database);
    assert_nothing_resent(&database);
}

fn settings_on_a_server_are_in_force(database: &Database) {
    wait(copy_dump(&database.url()));
    settings_are_kept(database);
}

#[test]
#[ignore = "needs a server: CRAWLDECK_TEST_POSTGRES=postgres://USER@HOST:PORT"]
fn settings_of_the_version_before_are_in_force_on_postgres() {
    settings_on_a_server_are_in_force(&Database::postgres());
}

#[test]
#[ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT"]
fn settings_of_the_version_before_are_in_force_on_mariadb() {
    settings_on_a_server_are_in_force(&Database::mysql());
}
