//! Where a report is written, and over what it is not.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crawldeck::store::{self, OpenMode};

use crate::support::{run, wait};

fn database(folder: &std::path::Path) {
    wait(async {
        let db = folder.join("crawldeck.db");
        let store = store::open(db.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
        store.create_crawl("{}").await.unwrap();
        store.close().await;
    });
}

#[test]
fn only_a_report_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    database(folder.path());
    let file = folder.path().join("crawldeck-report.html");
    fs::write(&file, "<html>my own page, with crawldeck report in it</html>").unwrap();
    let refused = run(folder.path(), &["report"]).exits(1);
    assert_eq!(
        refused.stderr,
        "crawldeck: crawldeck-report.html is no report of crawldeck, and was left as it is: name \
         another file with --output\n"
    );
    assert!(fs::read_to_string(&file).unwrap().starts_with("<html>my own"));

    run(folder.path(), &["report", "--output", "other.html"]).exits(0);
    let other = folder.path().join("other.html");
    let first = fs::read(&other).unwrap();
    fs::write(&other, [&first[..], b"<!-- old -->"].concat()).unwrap();
    run(folder.path(), &["report", "-o", "other.html"]).exits(0);
    assert_eq!(fs::read(&other).unwrap(), first, "the same rows, the same bytes");
    fs::write(folder.path().join("plain"), "").unwrap();
    let usual = fs::metadata(folder.path().join("plain")).unwrap().permissions().mode();
    assert_eq!(fs::metadata(&other).unwrap().permissions().mode(), usual);
    let left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with('.')), "{left:?}");
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let said = |args: &[&str], code, words: &str| {
        let ended = run(folder.path(), args).exits(code);
        assert!(ended.stderr.contains(words), "{ended:?}");
        assert_eq!((ended.stderr.lines().count(), ended.stdout.as_str()), (1, ""), "{ended:?}");
    };
    said(&["report", "nowhere.db"], 1, "nowhere.db does not exist");
    said(&["report", "redis://u:hush@h/0"], 2, "unknown kind of database");
    database(folder.path());
    said(&["report", "--crawl", "7"], 1, "7");
    said(&["report", "-o", "."], 1, ". is no report of crawldeck");
    said(&["report", "-o", "missing/r.html"], 1, "cannot write missing/r.html (");
    assert!(!folder.path().join("crawldeck-report.html").exists());
}
