//! The promise: the terminal is handled with care. The shell gets it back as it was, whatever
//! ends the dashboard, and the dashboard copes with what a terminal does.
#![cfg(all(unix, feature = "tui"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::tape::terminal::{PATIENCE, Terminal};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

const SIZE: (u16, u16) = (120, 36);

/// The demonstration with a small web that takes a while.
const SLOW: &[&str] = &["crawldeck", "--pages", "2000", "--latency", "100ms"];

fn start(command: &[&str], size: (u16, u16), variables: &[(&str, &str)]) -> (Terminal, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Terminal::start(command, size, folder.path(), variables), folder)
}

fn signal(terminal: &Terminal, signal: Signal) {
    kill(Pid::from_raw(terminal.pid()), signal).unwrap();
}

#[test]
fn a_key_stops_it_gracefully() {
    for key in [&b"q"[..], b"\x03"] {
        let (mut terminal, _folder) = start(SLOW, SIZE, &[]);
        let before = terminal.modes();
        terminal.expect("RUNNING");
        assert_ne!(terminal.modes(), before, "raw mode is what this test is about");
        terminal.send(key);
        assert_eq!(terminal.end(), 3);
        terminal.assert_restored();
        assert_eq!(terminal.modes(), before);
        assert!(terminal.text().contains("stopped: "), "{}", terminal.text());
    }
}

#[test]
fn a_signal_stops_it_gracefully() {
    for stop in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let (mut terminal, _folder) = start(SLOW, SIZE, &[]);
        let before = terminal.modes();
        terminal.expect("RUNNING");
        signal(&terminal, stop);
        assert_eq!(terminal.end(), 3, "{stop}");
        terminal.assert_restored();
        assert_eq!(terminal.modes(), before, "{stop}");
        assert!(terminal.text().contains("stopped: "), "{}", terminal.text());
    }
}

/// A crawl that is over stays on screen until a key; where the terminal went away none will come.
#[test]
fn a_signal_ends_the_view_of_a_crawl_that_is_over() {
    let command = ["crawldeck", "--pages", "60", "--latency", "1ms"];
    for stop in [Signal::SIGTERM, Signal::SIGHUP] {
        let (mut terminal, _folder) = start(&command, SIZE, &[]);
        terminal.expect("COMPLETE");
        signal(&terminal, stop);
        assert_eq!(terminal.end(), 0, "{stop}");
        terminal.assert_restored();
    }
}

#[test]
fn a_second_stop_does_not_wait_for_requests() {
    // It takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let command = ["crawldeck", "crawl", &url, "--timeout", "10m"];
    let (mut terminal, _folder) = start(&command, SIZE, &[]);
    let _connection = silent.accept().unwrap();
    let asked = Instant::now();
    terminal.expect("1/10");
    terminal.send(b"q");
    terminal.expect("STOPPING");
    terminal.send(b"q");
    assert_eq!(terminal.end(), 3);
    // Ten minutes in all, but nobody waits for more than 15 s of silence.
    assert!(asked.elapsed() < Duration::from_secs(12), "it waited: {:?}", asked.elapsed());
    terminal.assert_restored();
}

#[test]
fn a_storm_of_sizes_is_survived() {
    let (mut terminal, _folder) = start(SLOW, SIZE, &[]);
    terminal.expect("RUNNING");
    let sizes = [(1, 1), (2, 40), (300, 1), (79, 23), (80, 24), (300, 100), (3, 3), (60, 15)];
    for round in 0..20 {
        for (columns, rows) in sizes {
            terminal.resize(columns + round % 3, rows + round % 2);
        }
        // As it was: between two frames, as likely as not, and everything on it is lost.
        terminal.resize(SIZE.0, SIZE.1);
        terminal.expect("(?s)crawldeck .*╭─ frontier.*╰.*╭─ answers.*╰.*permits 10");
    }
    // No key: one that comes at the very moment of a resize is read with the next.
    signal(&terminal, Signal::SIGTERM);
    assert_eq!(terminal.end(), 3);
    terminal.assert_restored();
}

/// By `kill`, not by a key: TSTP gives the terminal back, STOP cannot, and `fg` draws everything anew.
#[test]
fn stopped_from_outside_it_comes_back() {
    let (mut shell, folder) = start(&["sh", "-i"], SIZE, &[]);
    shell.expect(r"\$ $");
    shell.send(b"sh -c 'echo $$ > pid; exec crawldeck --latency 100ms'\r");
    shell.expect("RUNNING");
    let pid = std::fs::read_to_string(folder.path().join("pid")).unwrap();
    let pid = Pid::from_raw(pid.trim().parse().unwrap());
    for (stop, permits) in [(Signal::SIGTSTP, "permits 11"), (Signal::SIGSTOP, "permits 12")] {
        kill(pid, stop).unwrap();
        shell.expect(r"(?i)\[1\]\s*\+\s+(stopped|suspended)");
        // As a line feed: a terminal that was not given back is raw.
        shell.send(b"fg\n");
        let back = |screen: &vt100::Screen| {
            let text = screen.contents();
            screen.alternate_screen()
                && text.contains("RUNNING")
                && text.contains("╭─ queue")
                && !text.to_lowercase().contains("suspended")
                && !text.to_lowercase().contains("stopped")
        };
        shell.wait("the dashboard, drawn anew", PATIENCE, back).unwrap();
        shell.send(b"+");
        shell.expect(permits);
    }
    shell.send(b"q");
    shell.expect("stopped: ");
    shell.assert_restored();
    shell.send(b"exit 0\r");
    assert_eq!(shell.end(), 0);
}

/// The line that USR1 asks for goes where it does no harm.
#[test]
fn a_line_that_is_asked_for_is_not_written_across_the_dashboard() {
    let (mut terminal, _folder) = start(SLOW, SIZE, &[]);
    terminal.expect("RUNNING");
    let before = terminal.raw().len();
    signal(&terminal, Signal::SIGUSR1);
    terminal.send(b"6");
    terminal.expect(r"╭─ log(?s:.*)INFO.* pages/s");
    let written = String::from_utf8_lossy(&terminal.raw()[before..]).into_owned();
    assert!(!written.contains('\n'), "a line outside of a frame: {written:?}");
    signal(&terminal, Signal::SIGTERM);
    assert_eq!(terminal.end(), 3);
}

#[test]
fn suspended_it_gives_the_terminal_back_and_returns() {
    let (mut shell, _folder) = start(&["sh", "-i"], SIZE, &[]);
    shell.expect(r"\$ $");
    // What the shell's own line editor sets is not what a command finds.
    shell.send(b"stty -g > before; crawldeck --latency 100ms\r");
    shell.expect("RUNNING");
    shell.send(b"\x1a");
    shell.expect(r"(?i)\[1\]\s*\+\s+(stopped|suspended)");
    shell.assert_restored();
    shell.send(b"stty -g > during; cmp before during && echo same=$?\r");
    shell.expect(r"same=0");
    shell.send(b"fg\r");
    shell.expect("RUNNING");
    let back = shell.wait("the alternate screen", PATIENCE, vt100::Screen::alternate_screen);
    back.unwrap();
    shell.send(b"+");
    shell.expect("permits 11");
    shell.send(b"q");
    shell.expect("stopped: ");
    shell.send(b"stty -g > after; cmp before after && echo after=$?\r");
    shell.expect(r"after=0");
    shell.assert_restored();
    shell.send(b"exit\r");
    assert_eq!(shell.end(), 0);
}

#[test]
fn a_dumb_terminal_gets_plain_lines() {
    let small = ["crawldeck", "--pages", "100", "--latency", "0", "--backoff", "1ms"];
    let (mut terminal, _folder) = start(&small, SIZE, &[("TERM", "dumb")]);
    assert_eq!(terminal.end(), 0);
    let raw = terminal.raw();
    let written = String::from_utf8_lossy(&raw);
    assert!(written.contains("complete: 100 pages"), "{written}");
    assert!(!written.contains('\x1b'), "a dumb terminal knows no escapes: {written:?}");
}

#[test]
fn no_color_is_obeyed() {
    let colors = |variables: &[(&str, &str)]| {
        let (mut terminal, _folder) = start(SLOW, SIZE, variables);
        terminal.expect("limited by permits");
        for key in [&b"2"[..], b"3", b"4", b"5", b"6", b"?"] {
            terminal.send(key);
        }
        terminal.expect("─ words ─");
        terminal.send(b"?");
        terminal.expect("one permit more");
        // The help, then the crawl.
        terminal.send(b"q");
        terminal.send(b"q");
        assert_eq!(terminal.end(), 3);
        sgr_colors(&terminal.raw())
    };
    assert_eq!(colors(&[("NO_COLOR", "1")]), Vec::<String>::new());
    // The same without it, or the test could not fail.
    assert_ne!(colors(&[]), Vec::<String>::new());
}

/// The parameters of all styles that set a colour other than the terminal's own.
fn sgr_colors(raw: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(raw);
    let sgr = regex::Regex::new(r"\x1b\[([0-9;:]*)m").unwrap();
    let colors = |list: &str| {
        list.split([';', ':'])
            .filter_map(|n| n.parse::<u32>().ok())
            .any(|n| matches!(n, 30..=38 | 40..=48 | 90..=97 | 100..=107))
    };
    sgr.captures_iter(&text).map(|found| found[1].to_owned()).filter(|list| colors(list)).collect()
}

#[test]
fn no_line_is_wrapped_at_80_by_24() {
    let (mut terminal, _folder) = start(SLOW, (80, 24), &[]);
    terminal.expect("limited by permits");
    let tabs: [(&[u8], &str); 8] = [
        (b"2", r"(?s)1 Deck.*workers.*by "),
        (b"3", r"(?s)1 Deck.*hosts.*by "),
        (b"4", r"(?s)1 Deck.*pages.*by "),
        (b"5", r"(?s)1 Deck.*measured.*journal"),
        (b"6", r"(?s)1 Deck.*6 Log.*log"),
        (b"1", "limited by permits"),
        (b"?", "─ words ─"),
        (b"?", "one permit more"),
    ];
    for (key, shown) in tabs {
        terminal.send(key);
        terminal.expect(shown);
        terminal.look(|screen| {
            for row in 0..24 {
                assert!(!screen.row_wrapped(row), "row {row} of\n{}", screen.contents());
            }
            assert!(screen.alternate_screen(), "it scrolled:\n{}", screen.contents());
        });
    }
    // The help, then the crawl.
    terminal.send(b"q");
    terminal.send(b"q");
    assert_eq!(terminal.end(), 3);
}

/// Somebody at a terminal is asked before crawls are removed, and can say no.
#[test]
fn rm_asks_at_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("crawldeck.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let crawls = || {
        runtime.block_on(async {
            use crawldeck::store::{OpenMode, open};
            let store = open(name.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
            let crawls = store.crawls().await.unwrap().len();
            if crawls == 0 {
                let crawl = store.create_crawl(r#"{"seeds":["http://h/"]}"#).await.unwrap();
                let stopped = crawldeck::store::CrawlState::Stopped;
                store.set_state(crawl, stopped).await.unwrap();
            }
            store.close().await;
            crawls
        })
    };
    assert_eq!(crawls(), 0);
    for (answer, code, said, left) in [
        ("\r", 1, "nothing was removed", 1),
        ("no\r", 1, "nothing was removed", 1),
        ("y\r", 0, "removed crawl 1", 0),
    ] {
        let command = ["crawldeck", "rm", "crawldeck.db", "1"];
        let mut terminal = Terminal::start(&command, SIZE, folder.path(), &[]);
        terminal.expect("crawl 1, stopped, 0 pages, 0 open: http://h/");
        terminal.expect("for good");
        terminal.send(answer.as_bytes());
        assert_eq!(terminal.end(), code, "{}", terminal.text());
        assert!(terminal.text().contains(said), "{}", terminal.text());
        assert_eq!(crawls(), left);
    }
}
