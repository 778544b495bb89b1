//! Promise: a comparison that is interrupted, or loses a strategy, keeps what was measured and leaves
//! no process behind.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{FOUR, assert_clean, folder, number, of, reasons, start_list};
use crate::support::{Web, hang, html, wait_until};

/// The processes that `parent` started.
fn children(parent: u32) -> Vec<i32> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let of_thread = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    let tasks = fs::read_dir(Path::new(&path).parent().unwrap().parent().unwrap());
    let texts: String = tasks
        .into_iter()
        .flatten()
        .flatten()
        .map(|task| of_thread(&task.path().join("children")))
        .collect();
    texts.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

/// Whether a process runs; a zombie does not.
fn runs(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// A site that responds to this many requests, and leaves all others without a response.
fn tires_after(answers: usize) -> Web {
    let left = Arc::new(AtomicUsize::new(answers));
    Web::start(move |_, stream| {
        let less = |left: usize| left.checked_sub(1);
        if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_err() {
            return hang(stream);
        }
        let _ = stream.write_all(&html(200, "<p>page"));
    })
}

#[test]
fn interrupted_in_the_first_it_tells_how_far_it_came() {
    let folder = folder();
    let web = tires_after(5);
    let running = start_list(folder.path(), &vec![web.url("/"); 9], &[]);
    wait_until("the sixth is requested", || web.paths().len() == 6);
    running.signal(Signal::SIGINT);
    let json = running.end().exits(3).json();
    assert_eq!(json["partial"], true);
    assert_eq!(json["strategies"].as_array().unwrap().len(), 1, "{json}");
    assert!(number(of(&json, "sequential"), "ok") <= 5.0, "{json}");
    let reasons = reasons(&json);
    assert!(reasons.contains("sequential: interrupted after "), "{reasons}");
    assert!(reasons.contains("full: not begun"), "{reasons}");
    assert_clean(folder.path());
}

#[test]
fn interrupted_in_the_last_it_keeps_what_was_measured_and_saved() {
    let folder = folder();
    // Nine for each of the first three, four of the last.
    let web = tires_after(3 * 9 + 4);
    let running = start_list(folder.path(), &vec![web.url("/"); 9], &["--permits", "2"]);
    wait_until("the last ones hang", || web.paths().len() == 3 * 9 + 6);
    running.signal(Signal::SIGTERM);
    let json = running.end().exits(3).json();
    for name in &FOUR[..3] {
        assert_eq!(of(&json, name)["ok"], 9, "{json}");
    }
    let full = of(&json, "full");
    assert_eq!((&full["ok"], &full["saved"], &full["expected"]), (&4.into(), &4.into(), &9.into()));
    assert_eq!(reasons(&json), "full: interrupted after 4 of 9 URLs\n");
    assert_clean(folder.path());
}

#[test]
fn a_strategy_that_dies_is_reported_and_the_others_run() {
    let folder = folder();
    let web = tires_after(2);
    let running = start_list(folder.path(), &vec![web.url("/"); 4], &[]);
    wait_until("it hangs", || web.paths().len() == 3);
    let [child] = children(running.pid())[..] else { panic!("{:?}", children(running.pid())) };
    kill(Pid::from_raw(child), Signal::SIGKILL).unwrap();
    wait_until("the next one runs", || web.paths().len() >= 3 + 4);
    running.signal(Signal::SIGINT);
    let json = running.end().exits(3).json();
    let reasons = reasons(&json);
    assert!(reasons.contains("sequential: was killed by signal 9 after "), "{reasons}");
    assert!(reasons.contains("unlimited: interrupted after 0 of 4 URLs"), "{reasons}");
}

#[test]
fn no_process_outlives_it() {
    let folder = folder();
    // Responses for the first three, then `full` hangs: it is the one with a database.
    let web = tires_after(3 * 4);
    let running = start_list(folder.path(), &vec![web.url("/"); 4], &[]);
    wait_until("the last one hangs", || web.paths().len() == 4 * 4);
    let [child] = children(running.pid())[..] else { panic!("{:?}", children(running.pid())) };
    assert!(runs(child));
    running.kill();
    wait_until("the child is gone", || !runs(child));
    assert_clean(folder.path());
}
