//! Promise: a database written by the version before resumes with the settings that it was written
//! with, also a second time, when it holds settings under both their earlier and their new names.
//!
//! `fixtures/earlier_version.sql` is the dump of such a database: a recrawl of the lab with
//! non-default values for the settings that were renamed since, stopped while it restored what an
//! exclusion had skipped. `repeats` alone cannot be set on the command line; it is put in here.

use std::sync::Arc;
use std::time::Duration;

use crawldeck::crawl;
use crawldeck::crawl::protocol::command::{Command, Origin};
use crawldeck::settings::Settings;
use crawldeck::store::{self, OpenMode};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

const DUMP: &str = include_str!("fixtures/earlier_version.sql");
const STORED: &str = "SELECT settings FROM crawls WHERE id = 2";

async fn write_dump(url: &str) {
    let mut connection = SqliteConnection::connect(&format!("{url}?mode=rwc")).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(DUMP.to_owned())).execute(&mut connection).await.unwrap();
    let repeats = "UPDATE crawls SET settings = json_set(settings, '$.repeats', json('true'))";
    sqlx::query(repeats).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn stored(url: &str) -> String {
    let mut connection = SqliteConnection::connect(url).await.unwrap();
    let text: String = sqlx::query_scalar(STORED).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    text
}

/// Checks every setting that was renamed.
fn assert_kept(settings: &Settings) {
    let breaker = &settings.breaker;
    let secs = Duration::from_secs;
    assert!(settings.duplicate_seeds);
    assert_eq!(settings.host_give_up_after, secs(77));
    assert!(settings.respect_nofollow.pages && settings.respect_nofollow.links);
    assert_eq!(settings.live_exclusions, ["/p/1[0-4]"]);
    assert_eq!(settings.cooling_down.get("127.0.0.1:18431"), Some(&1_795_984_179_842));
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
    let turned = crawldeck::settings::dials::Setting::Permits(permits);
    crawl.commands.send((Command::Set(turned), Origin::Api)).await.unwrap();
    crawl.snapshots.wait_for(|s| s.dials.permits == permits).await.unwrap();
    let shown = Arc::clone(&crawl.snapshots.borrow());
    assert!(shown.changes.iter().any(|change| change.what.to_string() == "exclude /p/1[0-4]"));
    crawl.commands.send((Command::StopNow, Origin::Api)).await.unwrap();
    crawl.wait().await;
    in_force.unwrap()
}

#[tokio::test]
async fn settings_of_the_version_before_are_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("earlier.db").display());
    write_dump(&url).await;
    let text = stored(&url).await;
    assert!(text.contains("give_up") && !text.contains("host_give_up_after"), "{text}");

    let first = resume_and_stop(&url, 6).await;
    assert_kept(&first);
    assert_eq!(first.restoring, ["excluded: /p/3"]);

    // Both names stand there now, and the earlier one must not count any more.
    let both: Value = serde_json::from_str(&stored(&url).await).unwrap();
    assert_eq!(both["give_up"], both["host_give_up_after"]);
    let second = resume_and_stop(&url, 5).await;
    assert_kept(&Settings { permits: 5, ..second.clone() });
    assert_eq!(second.permits, 6);

    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let patch = json!({"host_give_up_after": {"secs": 5, "nanos": 0}}).to_string();
    let newer = "UPDATE crawls SET settings = json_patch(settings, ?) WHERE id = 2";
    sqlx::query(newer).bind(patch).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let third = resume_and_stop(&url, 7).await;
    assert_eq!(third.host_give_up_after, Duration::from_secs(5));
}
