//! The promise: in a real terminal keys reach the engine, and the terminal is given back however
//! the dashboard ends.
//!
//! Each test runs this very binary again in a pseudo-terminal; the child is the ignored test
//! [`child`], with a small engine that obeys commands.
//!
//! A binary of its own: the child installs the logger, the panic hook and the signal handlers of the
//! whole process, each of which a process can have only once.
#![cfg(feature = "tui")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

#[path = "support/fixtures/mod.rs"]
mod fixtures;

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crawldeck::crawl::protocol::command::{Command, Origin};
use crawldeck::crawl::protocol::snapshot::RunState;
use crawldeck::settings::appearance::{Appearance, ColorDepth, ThemeName};
use crawldeck::settings::dials::Dial;
use crawldeck::ui::{UiOptions, log_layer, run_until};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tokio::sync::{mpsc, watch};

#[test]
#[ignore = "runs only as the child of the other tests"]
fn child() {
    use tracing_subscriber::layer::SubscriberExt as _;
    let Ok(how) = std::env::var("DECK_CHILD") else { return };
    let registry = tracing_subscriber::registry().with(log_layer());
    tracing::subscriber::set_global_default(registry).unwrap();
    tracing::info!("hello \x1b[31mlog");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let result = runtime.block_on(async {
        let (tx, rx) = watch::channel(Arc::new(fixtures::permits_limited()));
        let (commands, mut heard) = mpsc::channel::<(Command, Origin)>(64);
        let appearance = Appearance {
            theme: Some(ThemeName::Dark),
            colors: Some(ColorDepth::Ansi),
            ascii: Some(false),
            no_motion: true,
            ..Appearance::default()
        };
        let options = UiOptions { appearance, ..UiOptions::default() };
        let engine = tokio::spawn(async move {
            while let Some((command, _)) = heard.recv().await {
                let mut next = (**tx.borrow()).clone();
                next.seq += 1;
                match command {
                    Command::Nudge(Dial::Permits, n) => {
                        next.dials.permits = next.dials.permits.saturating_add_signed(n);
                    }
                    Command::Set(setting) => next.dials.set(setting),
                    Command::TogglePause => next.run = RunState::Paused,
                    Command::Undo => panic!("the engine panics"),
                    Command::Stop => next.run = RunState::Stopping,
                    Command::StopNow => next.run = RunState::Stopped,
                    Command::Nudge(..)
                    | Command::NudgeBoth(_)
                    | Command::Redo
                    | Command::Pin
                    | Command::Autopilot(_)
                    | Command::ToggleAutopilot
                    | Command::Host(..)
                    | Command::Exclude(_)
                    | Command::AddSeed(_)
                    | Command::NudgeFault(..)
                    | Command::Fault(_)
                    | Command::ClearFaults
                    | Command::Scene(_)
                    | Command::Stage(_)
                    | Command::Slow(_) => {}
                }
                tx.send_replace(Arc::new(next));
            }
        });
        if how == "dropped" {
            let deck = run_until(rx, commands, options, std::future::pending());
            assert!(tokio::time::timeout(Duration::from_millis(500), deck).await.is_err());
            engine.abort();
            // The dashboard's thread sees that nobody waits for it any more.
            tokio::time::sleep(Duration::from_millis(300)).await;
            return Ok(());
        }
        run_until(rx, commands, options, std::future::pending()).await
    });
    let mut out = std::io::stdout();
    writeln!(out, "\r\nLEFT WITH {result:?}\r").unwrap();
}

fn cells(n: u16) -> std::num::NonZeroU16 {
    n.try_into().unwrap()
}

struct Deck {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
}

impl Deck {
    fn open(how: &str) -> Self {
        let size = PtySize { rows: 36, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env("DECK_CHILD", how);
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(cells(36), cells(120), 0)));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let shared = screen.clone();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                shared.lock().unwrap().process(&buffer[..n]);
            }
        });
        Self { child, master: pair.master, writer, screen }
    }

    fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    fn wait(&self, what: &str) {
        let start = Instant::now();
        while !self.text().contains(what) {
            assert!(start.elapsed() < Duration::from_secs(20), "no {what:?} in\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for the end, and looks at what is left of the terminal.
    fn left(mut self, with: &str) {
        self.wait(with);
        self.child.wait().unwrap();
        let parser = self.screen.lock().unwrap();
        let screen = parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen was left");
        assert!(!screen.hide_cursor(), "the cursor is back");
        assert!(!screen.bracketed_paste());
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }
}

#[test]
fn keys_turn_dials_and_q_ends_it() {
    let mut deck = Deck::open("keys");
    deck.wait("permits 16");
    deck.press("+");
    deck.wait("permits 17");
    deck.press("\x1b+");
    deck.wait("permits 27");
    deck.press(":permits 64\r");
    deck.wait("permits 64");
    deck.press("2");
    deck.wait("first byte");
    deck.press("m6");
    // The escape itself is gone; the vt100 crate shows nothing for its replacement.
    deck.wait("hello [31mlog");
    deck.press("\x0c1");
    deck.wait("limited by permits");
    deck.press("q");
    deck.wait("q again gives them up");
    deck.press("q");
    deck.left("LEFT WITH Ok(())");
}

#[test]
fn a_resize_draws_anew() {
    let deck = Deck::open("resize");
    deck.wait("permits 16");
    let size = PtySize { rows: 20, cols: 60, pixel_width: 0, pixel_height: 0 };
    deck.screen.lock().unwrap().screen_mut().set_size(cells(20), cells(60));
    deck.master.resize(size).unwrap();
    deck.wait("80×24 shows more");
    let mut deck = deck;
    deck.press("qq");
    deck.left("LEFT WITH Ok(())");
}

#[test]
fn ctrl_c_twice_ends_it() {
    let mut deck = Deck::open("ctrl-c");
    deck.wait("permits 16");
    deck.press("\x03");
    deck.wait("STOPPING");
    deck.press("\x03");
    deck.left("LEFT WITH Ok(())");
}

#[test]
fn ctrl_z_gives_the_terminal_back_until_it_continues() {
    use nix::sys::signal::{Signal, kill};
    let mut deck = Deck::open("suspend");
    deck.wait("permits 16");
    let id = nix::unistd::Pid::from_raw(deck.child.process_id().unwrap() as i32);
    let alternate = |deck: &Deck| deck.screen.lock().unwrap().screen().alternate_screen();
    let until = |what: &str, done: &dyn Fn() -> bool| {
        let start = Instant::now();
        while !done() {
            assert!(start.elapsed() < Duration::from_secs(20), "{what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    deck.press("\x1a");
    // A process group that no shell watches is not stopped by this signal; then the deck is back
    // at once, and the rest of this test holds as well.
    std::thread::sleep(Duration::from_millis(200));
    kill(id, Signal::SIGCONT).unwrap();
    until("back on the alternate screen", &|| alternate(&deck));
    deck.press("+");
    deck.wait("permits 17");
    deck.press("qq");
    deck.left("LEFT WITH Ok(())");
}

#[test]
fn a_dead_engine_ends_it_with_an_error() {
    let mut deck = Deck::open("dead");
    deck.wait("permits 16");
    deck.press("u");
    deck.left("LEFT WITH Err(EngineGone)");
}

#[test]
fn dropping_the_future_gives_the_terminal_back() {
    Deck::open("dropped").left("LEFT WITH Ok(())");
}
