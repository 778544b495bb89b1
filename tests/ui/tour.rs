//! The promise: the guided tour can be played to its end on a terminal, each step waits for what it is about, and
//! nothing that cannot happen holds the viewer up.
#![cfg(unix)]

use crate::tape::terminal::Terminal;
use tempfile::TempDir;

fn start(options: &[&str], size: (u16, u16)) -> (Terminal, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let command = [&["crawldeck", "tour"], options].concat();
    (Terminal::start(&command, size, folder.path(), &[]), folder)
}

/// The title of each step, the keys that it asks for, and how it explains what happened; on another tab than the
/// Deck a line has no room for that.
const STEPS: [(&str, &[u8], &str); 12] = [
    ("the frontier", b"", r"The site is larger"),
    ("the queue", b"", r"It is full, and"),
    ("the verdict", b"", r"The heavy frame says"),
    ("workers and permits", b"]]]]]", r"Each worker brought as"),
    ("backpressure", b"", r"Nothing is lost and"),
    ("faults", b"0", r"The buffer drains, the"),
    ("politeness", b"3", r"✓ 7 of 12"),
    ("the breaker", b"", r"After a cooldown one"),
    ("undo", b"u", r"Every change stands in"),
    ("tuning", b"5", r"✓ 10 of 12"),
    ("the autopilot", b"A", r"It measures each step"),
    ("slow motion", b":slow 0.1\r", r"Server and saver take"),
];

/// On the smallest screen, at the lab's own speed, in less than a minute.
#[test]
fn it_plays_to_its_end() {
    let (mut terminal, _folder) = start(&[], (80, 24));
    for (at, (title, keys, explained)) in STEPS.iter().enumerate() {
        let number = format!("{} of 12", at + 1);
        terminal.expect(&format!("▶ tour: {title} .* {number} "));
        for key in keys.chunks(1) {
            terminal.send(key);
        }
        terminal.expect(explained);
        let on_deck = terminal.text().contains("╭─ ▶ tour");
        assert_eq!(on_deck, !matches!(*title, "politeness" | "tuning"), "{}", terminal.text());
        terminal.send(b"J");
    }
    terminal.expect("That was the tour: 12 of 12 steps seen");
    assert!(terminal.text().contains("×0.1"), "the header says so:\n{}", terminal.text());
    terminal.send(b"q");
    assert_eq!(terminal.end(), 3);
    terminal.assert_restored();
    assert!(terminal.text().contains("the tour: 12 of 12 steps seen"), "{}", terminal.text());
}

#[test]
fn steps_are_skipped_gone_back_to_and_left() {
    let (mut terminal, _folder) = start(&[], (120, 36));
    terminal.expect("tour: the frontier");
    terminal.send(b"K");
    terminal.expect("this is the first step");
    for _ in 0..3 {
        terminal.send(b"X");
    }
    terminal.expect("tour: workers and permits .* 4 of 12 ");
    terminal.expect("permits 20 .*workers 1 ");
    terminal.send(b"J");
    terminal.expect("has not happened yet: X skips it");
    for _ in 0..2 {
        terminal.send(b"]");
    }
    terminal.expect("workers 3");
    terminal.send(b"X");
    terminal.expect("tour: backpressure");
    terminal.expect("saver 500ms|permits 16");
    // The stage is set again as the step needs it.
    terminal.send(b"K");
    terminal.expect("tour: workers and permits .* 4 of 12 ");
    terminal.expect("permits 20 .*workers 1 ");
    // On another tab the step is a line below it.
    terminal.send(b"3");
    terminal.expect(r"▶ 4 of 12 workers and permits  1 worker,.*X skips · 1 Deck");
    terminal.send(b"q");
    assert_eq!(terminal.end(), 3);
    terminal.assert_restored();
    let text = terminal.text();
    assert!(text.contains("stopped: ") && text.contains("crawldeck: the tour: "), "{text}");
}

#[test]
fn a_crawl_that_is_over_holds_nobody_up() {
    let (mut terminal, _folder) = start(&["--max-pages", "20"], (120, 36));
    terminal.expect("COMPLETE");
    for _ in 0..12 {
        terminal.send(b"X");
    }
    terminal.expect("That was the tour: ");
    terminal.send(b"K");
    terminal.expect("tour: slow motion .* 12 of 12 ");
    terminal.expect("the crawl is over");
    terminal.send(b"q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn the_tour_needs_a_terminal() {
    let (mut terminal, _folder) = start(&["--headless"], (80, 24));
    assert_eq!(terminal.end(), 2);
    assert!(terminal.text().contains("the tour needs a terminal"), "{}", terminal.text());
}
