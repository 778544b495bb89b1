//! A program in a pseudo-terminal: what it has on screen, what it is sent, how it ends.
//!
//! The terminal answers no questions (such as where its cursor is): a program that is to work
//! everywhere must not depend on answers.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use regex::Regex;
use vt100::{Parser, Screen};

/// Longer than anything takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A program in a pseudo-terminal.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    /// Until the terminal is closed.
    ends: Option<Ends>,
    shared: Arc<Shared>,
}

/// Our ends of the terminal.
struct Ends {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
}

/// What the reading thread has seen.
pub struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    parser: Parser,
    /// All bytes there were.
    raw: Vec<u8>,
    /// Nothing more will come.
    over: bool,
    /// The reading thread is to end.
    closing: bool,
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn vt_size(columns: u16, rows: u16) -> (NonZeroU16, NonZeroU16) {
    (NonZeroU16::new(rows).expect("rows"), NonZeroU16::new(columns).expect("columns"))
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the terminal emulator understands what was written")
    }

    /// A copy of the screen and the number of bytes that made it, once nothing has changed for a
    /// moment: a frame is written in several pieces.
    pub fn settled(&self) -> (Screen, usize) {
        let mut state = self.lock();
        for _ in 0..6 {
            let before = state.raw.len();
            let moment = Duration::from_millis(10);
            state = self
                .changed
                .wait_timeout_while(state, moment, |s| s.raw.len() == before && !s.over)
                .expect("the terminal emulator understands what was written")
                .0;
            if state.raw.len() == before {
                break;
            }
        }
        (state.parser.screen().clone(), state.raw.len())
    }
}

impl Terminal {
    /// Starts a program on a terminal of this many columns and rows, in this folder and with
    /// these variables beside a plain environment in which the crawler is on the path.
    pub fn start(
        command: &[&str],
        (columns, rows): (u16, u16),
        folder: &Path,
        variables: &[(&str, &str)],
    ) -> Self {
        let pty = native_pty_system().openpty(size(columns, rows)).expect("a pty");
        let mut builder = CommandBuilder::new(command[0]);
        builder.args(&command[1..]);
        builder.cwd(folder);
        builder.env_clear();
        let binary = Path::new(env!("CARGO_BIN_EXE_crawldeck"));
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", binary.parent().expect("a folder").display());
        let home = folder.to_str().expect("a plain name");
        let plain = [
            ("PATH", path.as_str()),
            ("HOME", home),
            ("XDG_CONFIG_HOME", home),
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("PS1", "$ "),
        ];
        for (name, value) in plain.iter().chain(variables) {
            builder.env(name, value);
        }
        let child = pty.slave.spawn_command(builder).expect("the program starts");
        drop(pty.slave);
        let mut reader = pty.master.try_clone_reader().expect("a reader");
        let writer = pty.master.take_writer().expect("a writer");
        let (vt_rows, vt_columns) = vt_size(columns, rows);
        let parser = Parser::new(vt_rows, vt_columns, 0);
        let state = Mutex::new(State { parser, raw: Vec::new(), over: false, closing: false });
        let shared = Arc::new(Shared { state, changed: Condvar::new() });
        let seen = Arc::clone(&shared);
        std::thread::spawn(move || {
            let mut buffer = [0; 1 << 13];
            loop {
                // Linux reports the end of a pty as an error.
                let count = reader.read(&mut buffer).unwrap_or(0);
                let mut state = seen.lock();
                state.parser.process(&buffer[..count]);
                state.raw.extend_from_slice(&buffer[..count]);
                state.over = count == 0 || state.closing;
                if state.over {
                    // Closed before others learn of it.
                    drop(reader);
                    seen.changed.notify_all();
                    return;
                }
                seen.changed.notify_all();
            }
        });
        Self { child, ends: Some(Ends { master: pty.master, writer }), shared }
    }

    /// What the reading thread sees, for another thread.
    pub fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Sends bytes, as keys would.
    pub fn send(&mut self, bytes: &[u8]) {
        let writer = &mut self.ends.as_mut().expect("an open terminal").writer;
        writer.write_all(bytes).expect("the terminal takes keys");
        writer.flush().expect("the terminal takes keys");
    }

    fn master(&self) -> &dyn MasterPty {
        &*self.ends.as_ref().expect("an open terminal").master
    }

    /// Closes the terminal, as when its window is closed or ssh is cut. The program must be writing to it.
    pub fn close(&mut self) {
        let mut state = self.shared.lock();
        state.closing = true;
        while !state.over {
            state = self.shared.changed.wait(state).expect("readable");
        }
        self.ends = None;
    }

    /// Changes the size, as a window would.
    pub fn resize(&self, columns: u16, rows: u16) {
        let (vt_rows, vt_columns) = vt_size(columns, rows);
        self.shared.lock().parser.screen_mut().set_size(vt_rows, vt_columns);
        self.master().resize(size(columns, rows)).expect("the terminal takes a size");
    }

    /// Looks at the screen.
    pub fn look<T>(&self, look: impl FnOnce(&Screen) -> T) -> T {
        look(self.shared.lock().parser.screen())
    }

    /// The screen as text.
    pub fn text(&self) -> String {
        self.look(Screen::contents)
    }

    /// All that was written to it, escape sequences included.
    pub fn raw(&self) -> Vec<u8> {
        self.shared.lock().raw.clone()
    }

    /// Whether these bytes were written to it.
    pub fn wrote(&self, part: &[u8]) -> bool {
        self.raw().windows(part.len()).any(|bytes| bytes == part)
    }

    /// The number of the process.
    pub fn pid(&self) -> i32 {
        self.child.process_id().expect("it runs").cast_signed()
    }

    /// How the terminal treats lines: echo, line editing, signals.
    pub fn modes(&self) -> String {
        format!("{:?}", self.master().get_termios().expect("a terminal"))
    }

    /// Waits until the screen is as asked for; otherwise says what it was.
    pub fn wait(
        &self,
        what: &str,
        patience: Duration,
        mut as_asked: impl FnMut(&Screen) -> bool,
    ) -> Result<(), String> {
        let deadline = Instant::now() + patience;
        let mut state = self.shared.lock();
        loop {
            if as_asked(state.parser.screen()) {
                return Ok(());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || state.over {
                let why = if state.over { "the program ended" } else { "in time" };
                let screen = state.parser.screen().contents();
                return Err(format!("waited for {what} in vain ({why}); on screen:\n{screen}"));
            }
            state = self.shared.changed.wait_timeout(state, left).expect("readable").0;
        }
    }

    /// Waits until the screen matches, or fails the test.
    #[track_caller]
    pub fn expect(&self, pattern: &str) {
        let regex = Regex::new(pattern).expect("a pattern");
        let waited = self.wait(pattern, PATIENCE, |screen| regex.is_match(&screen.contents()));
        waited.unwrap_or_else(|error| panic!("{error}"));
    }

    /// Waits for the end of the program; returns its exit code.
    #[track_caller]
    pub fn end(&mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                // What it wrote last is read to the end.
                let mut state = self.shared.lock();
                while !state.over && Instant::now() < deadline {
                    let left = deadline.saturating_duration_since(Instant::now());
                    state = self.shared.changed.wait_timeout(state, left).expect("readable").0;
                }
                return status.exit_code();
            }
            assert!(Instant::now() < deadline, "it does not end; on screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Fails the test unless a program that had the terminal has given it back.
    #[track_caller]
    pub fn assert_restored(&self) {
        self.look(|screen| {
            assert!(!screen.alternate_screen(), "the alternate screen was not left");
            assert!(!screen.hide_cursor(), "the cursor is still hidden");
            assert!(!screen.bracketed_paste(), "bracketed paste is still on");
            assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
            assert!(!screen.bold() && !screen.dim() && !screen.inverse(), "a style is left on");
            assert_eq!(screen.fgcolor(), vt100::Color::Default, "a colour is left on");
        });
        let raw = String::from_utf8_lossy(&self.raw()).into_owned();
        let entered = raw.matches("\x1b[?1049h").count();
        assert!(entered > 0, "it never had the terminal");
        assert_eq!(raw.matches("\x1b[>").count(), raw.matches("\x1b[<").count(), "key protocol");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // The shell of a test that failed takes its jobs with it when its terminal goes.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
