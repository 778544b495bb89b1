//! Promise: a crawl of which nothing answers says why, and what to do.

use crate::closed_port::ClosedPort;
use crate::support::{rows, run};
use crate::terminal::Terminal;

#[test]
fn the_exit_line_names_cause_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let closed = ClosedPort::new();
    let refused = format!("http://{}/", closed.address());
    for (seed, said) in [
        (&*refused, "; does a server listen there? Next: start the server, then crawl again"),
        ("http://nosuch.invalid/", "; is the name right? Next: correct the name"),
    ] {
        let args = ["crawl", seed, "--attempts", "1", "--headless"];
        let ended = run(folder.path(), &args).exits(1);
        assert!(ended.stderr.contains("no page got a response: "), "{ended:?}");
        assert!(ended.stderr.contains(said), "{ended:?}");
    }
}

#[test]
fn the_deck_and_the_pages_name_them_too() {
    let folder = tempfile::tempdir().unwrap();
    let closed = ClosedPort::new();
    let seed = format!("http://{}/", closed.address());
    let command = ["crawldeck", "crawl", &seed, "--attempts", "1", "--db", "sqlite://none.db"];
    let mut terminal = Terminal::start(&command, (120, 36), folder.path(), &[]);
    let cause = format!("connection refused by {}", closed.address());
    terminal.expect(&format!("nothing answered +{cause}; does a server listen there"));
    terminal.expect("next +start the server, then crawl again");
    terminal.expect("✗ refused");
    terminal.send(b"4");
    terminal.expect(&format!("∅ none.*{}", &cause[..20]));
    terminal.send(b"q");
    assert_eq!(terminal.end(), 1);
    let error =
        rows::<(String,)>(&folder.path().join("none.db"), "SELECT error FROM scraped_pages");
    assert!(error[0].0.starts_with(&cause), "{error:?}");
}
