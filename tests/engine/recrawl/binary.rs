//! What `crawldeck crawl --recrawl` does and says.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::support::{Ended, Running, crawldeck, number, rows};
use crawldeck::lab::test_origin::{OriginContent, TestOrigin, TestOriginConfig};

fn put(folder: &Path, name: &str, html: &str, age_s: u64) {
    let path = folder.join(name);
    fs::write(&path, html).unwrap();
    // `Last-Modified` has whole seconds: what changes must change by some.
    let at = SystemTime::now() - Duration::from_secs(age_s);
    fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
}

async fn run(folder: &Path, args: &[&str]) -> Ended {
    let mut command = crawldeck(folder);
    command.args(args);
    tokio::task::spawn_blocking(move || Running::start(&mut command).end()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recrawl_fetches_what_changed_and_counts_the_others() {
    let site = tempfile::tempdir().unwrap();
    let home = "<title>Home</title><a href=a.html>a</a><a href=b.html>b</a><a href=c.html>c</a>\
                <a href=dir/>d</a>";
    put(site.path(), "index.html", home, 1000);
    put(site.path(), "a.html", "<title>A</title><a href=only-from-a.html>x</a>", 1000);
    put(site.path(), "only-from-a.html", "<title>Far</title>", 1000);
    put(site.path(), "b.html", "<title>B</title>as it was", 1000);
    put(site.path(), "c.html", "<title>C</title>", 1000);
    let content = OriginContent::Folder(site.path().to_owned());
    let origin = TestOrigin::start(TestOriginConfig { content, ..TestOriginConfig::default() })
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("crawldeck.db");

    // Nothing to look at again yet.
    let ended = run(folder.path(), &["crawl", "--recrawl"]).await.exits(1);
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    let first = run(folder.path(), &["crawl", origin.url(), "--json", "--no-sitemaps"]).await;
    let first = first.exits(0).json();
    assert_eq!(
        (&first["ok"], &first["failed"], &first["recrawl"]),
        (&5.into(), &1.into(), &serde_json::Value::Null)
    );

    put(site.path(), "b.html", "<title>B</title>changed", 100);
    put(site.path(), "new.html", "<title>New</title>", 100);
    fs::remove_file(site.path().join("c.html")).unwrap();
    put(site.path(), "index.html", &home.replace("dir/", "new.html"), 100);
    origin.reset_times();
    let second = run(folder.path(), &["crawl", "--recrawl", "--json"]).await.exits(0).json();
    let recrawl = &second["recrawl"];
    let counts = ["previous", "new", "changed", "same", "gone"].map(|key| recrawl[key].as_i64());
    // Home and B have changed; A and what only A links to are as they were; C is gone.
    assert_eq!(counts, [Some(1), Some(1), Some(2), Some(2), Some(1)], "{second}");
    // What was not modified was not sent.
    let times = origin.times();
    let unmodified = times.requests.iter().filter(|came| came.status == Some(304)).count();
    assert_eq!(unmodified, 2, "{times:?}");
    // The rows are whole: title, length, type, links.
    let kept: Vec<(String, i64, String, i64)> = crate::support::wait_in_thread({
        let db = db.clone();
        move || {
            rows(
                &db,
                "SELECT title, content_length, change, status FROM scraped_pages \
                 WHERE crawl_id = 2 AND url LIKE '%/a.html'",
            )
        }
    })
    .await;
    let length = fs::metadata(site.path().join("a.html")).unwrap().len() as i64;
    assert_eq!(kept, [("A".to_owned(), length, "same".to_owned(), 200)]);
    let (links, gone) = crate::support::wait_in_thread(move || {
        let links = "SELECT count(*) FROM links JOIN scraped_pages p ON p.id = from_id \
                     WHERE p.crawl_id = 2 AND p.url LIKE '%/a.html'";
        let gone = "SELECT count(*) FROM scraped_pages WHERE crawl_id = 2 AND change = 'gone' \
                    AND status = 404 AND url LIKE '%/c.html'";
        (number(&db, links), number(&db, gone))
    })
    .await;
    assert_eq!((links, gone), (1, 1));

    // A third look finds all as it was: the 304s left the validators.
    let third = run(folder.path(), &["crawl", "--recrawl", "--json"]).await.exits(0).json();
    let recrawl = &third["recrawl"];
    let counts = ["previous", "new", "changed", "same", "gone"].map(|key| recrawl[key].as_i64());
    assert_eq!(counts, [Some(2), Some(0), Some(0), Some(5), Some(0)], "{third}");
    origin.stop().await;
}
