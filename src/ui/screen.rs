//! The terminal, taken and given back: raw mode, alternate screen, keyboard protocol, mouse.
//!
//! Whatever ends the dashboard, the shell finds its terminal as it was: [`Screen`] gives it back
//! when dropped, and a panic hook does so before the panic is printed.

use std::io::{self, Write, stdout};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste,
    EnableFocusChange, EnableMouseCapture, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags,
    PushKeyboardEnhancementFlags,
};
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    SetTitle, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect};
use ratatui::{Frame, Terminal};

use super::job_control;
use crate::settings::faults::{PanicPoint, PanicPoints};

/// Whether the terminal is ours now; the panic hook has no other way to know.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether a panic elsewhere gave the terminal back while the dashboard continues.
static LOST: AtomicBool = AtomicBool::new(false);
/// Whether the terminal's title is ours; the one before waits on the terminal's stack.
static TITLED: AtomicBool = AtomicBool::new(false);
/// Puts the title on the terminal's stack, and takes it back.
const SAVE_TITLE: &str = "\u{1b}[22;2t";
const RESTORE_TITLE: &str = "\u{1b}[23;2t";
static HOOK: Once = Once::new();

/// What a view draws on.
pub trait Surface {
    /// Draws one frame.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()>;

    /// Forgets what is on screen, so that the next frame is drawn in full.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn clear(&mut self) -> io::Result<()>;

    /// Takes the mouse, or leaves it to the terminal.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn mouse(&mut self, on: bool) -> io::Result<()>;

    /// Copies a text to the user's clipboard.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn copy(&mut self, text: &str) -> io::Result<()>;

    /// Says something in the title of the terminal.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn title(&mut self, words: &str) -> io::Result<()>;

    /// Rings the bell.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn ring(&mut self) -> io::Result<()>;

    /// Gives the terminal back, stops the process as Ctrl-Z does, and takes the terminal again
    /// when it resumes.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn suspend(&mut self) -> io::Result<()>;
}

/// The terminal while the dashboard has it.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Output>>,
    mouse: bool,
    panic_points: PanicPoints,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When it cannot be put into raw mode or written to.
    pub fn enter(panic_points: PanicPoints) -> io::Result<Self> {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                if TAKEN.load(Ordering::SeqCst) {
                    give_back();
                    // A panic of the main thread ends the program; after any other the
                    // dashboard may continue and takes the terminal again.
                    let ends = std::thread::current().name() == Some("main");
                    LOST.store(!ends, Ordering::SeqCst);
                }
                before(panic);
            }));
        });
        let taken = take(false);
        if let Err(error) = taken {
            give_back();
            return Err(error);
        }
        match Terminal::new(CrosstermBackend::new(Output)) {
            Ok(terminal) => Ok(Self { terminal, mouse: false, panic_points }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }
}

impl Surface for Screen {
    fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        if job_control::was_continued() && TAKEN.load(Ordering::SeqCst) {
            // A shell has had the terminal: its modes are what that left.
            give_back();
            LOST.store(true, Ordering::SeqCst);
        }
        if LOST.swap(false, Ordering::SeqCst) {
            take(self.mouse)?;
            self.clear()?;
        }
        self.panic_points.pass(PanicPoint::Dashboard);
        if !has_keyboard_protocol() {
            return self.terminal.draw(draw).map(|_| ());
        }
        // Terminals that know it show the frame at once, others skip the sequence.
        queue!(stdout(), BeginSynchronizedUpdate)?;
        let drawn = self.terminal.draw(draw).map(|_| ());
        execute!(stdout(), EndSynchronizedUpdate)?;
        drawn
    }

    fn clear(&mut self) -> io::Result<()> {
        // Not `Terminal::clear`: that asks the terminal where its cursor is and waits for an
        // answer, which the event stream may take away from it.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size)))
    }

    fn mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if on {
            execute!(stdout(), EnableMouseCapture)
        } else {
            execute!(stdout(), DisableMouseCapture)
        }
    }

    /// By OSC 52, which reaches the user's clipboard over ssh too.
    fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(stdout(), CopyToClipboard::to_clipboard_from(text))
    }

    fn title(&mut self, words: &str) -> io::Result<()> {
        if !TITLED.swap(true, Ordering::SeqCst) {
            execute!(stdout(), Print(SAVE_TITLE))?;
        }
        execute!(stdout(), SetTitle(words))
    }

    fn ring(&mut self) -> io::Result<()> {
        execute!(stdout(), Print('\u{7}'))
    }

    fn suspend(&mut self) -> io::Result<()> {
        give_back();
        LOST.store(true, Ordering::SeqCst);
        job_control::stop()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if TAKEN.load(Ordering::SeqCst) {
            give_back();
        }
    }
}

/// Standard output, as ratatui writes to it. Once the terminal is given back, an error of it is nobody's:
/// ratatui's own terminal shows the cursor when it is dropped, and would print its failure to a
/// standard error that may be as dead as the terminal, which panics.
struct Output;

impl Output {
    /// The result, while the terminal is ours; else `done`.
    fn while_taken<T>(result: io::Result<T>, done: T) -> io::Result<T> {
        if TAKEN.load(Ordering::SeqCst) { result } else { Ok(done) }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Self::while_taken(stdout().write(bytes), bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Self::while_taken(stdout().flush(), ())
    }
}

fn take(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(
        stdout(),
        EnterAlternateScreen,
        cursor::Hide,
        EnableBracketedPaste,
        EnableFocusChange
    )?;
    if has_keyboard_protocol() {
        // Asking for support could wait two seconds for an answer; terminals without it skip
        // the sequence.
        let flags = KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES
            | KeyboardEnhancementFlags::REPORT_ALTERNATE_KEYS;
        execute!(stdout(), PushKeyboardEnhancementFlags(flags))?;
    }
    if mouse {
        execute!(stdout(), EnableMouseCapture)?;
    }
    Ok(())
}

/// Gives the terminal back as far as it still listens.
fn give_back() {
    if TITLED.swap(false, Ordering::SeqCst) {
        let _ = execute!(stdout(), Print(RESTORE_TITLE));
    }
    if has_keyboard_protocol() {
        let _ = execute!(stdout(), PopKeyboardEnhancementFlags);
    }
    let _ = execute!(
        stdout(),
        DisableMouseCapture,
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = disable_raw_mode();
    TAKEN.store(false, Ordering::SeqCst);
}

fn has_keyboard_protocol() -> bool {
    !matches!(std::env::var("TERM").as_deref(), Ok("linux" | "dumb") | Err(_))
}
