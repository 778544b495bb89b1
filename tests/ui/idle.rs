//! The promise: the dashboard draws only after news, writes only the cells that differ, and rests
//! while there is nothing to show. The clock is paused: frames and bytes are counted, not timed.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crawldeck::crawl::protocol::command::{Command, Origin};
use crawldeck::crawl::protocol::snapshot::Snapshot;
use crawldeck::ui::app::App;
use crawldeck::ui::{EngineLink, Surface, show};
use crossterm::event::{Event, KeyCode, KeyEvent};
use futures_util::{Stream, StreamExt as _, stream};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::sleep;

use crate::fixtures;
use crate::screen::COLOR;

/// What is written to the terminal, read while the terminal has it.
#[derive(Clone, Default)]
struct Written(Rc<RefCell<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A terminal of 120×36 that keeps what each frame wrote to it.
struct Recorder {
    terminal: Terminal<CrosstermBackend<Written>>,
    written: Written,
    frames: Vec<Vec<u8>>,
    clears: usize,
}

impl Recorder {
    fn new() -> Self {
        let written = Written::default();
        let viewport = Viewport::Fixed(Rect::new(0, 0, 120, 36));
        let backend = CrosstermBackend::new(written.clone());
        let terminal = Terminal::with_options(backend, TerminalOptions { viewport }).unwrap();
        Self { terminal, written, frames: Vec::new(), clears: 0 }
    }

    /// The text that each frame after the first wrote, without escape sequences.
    fn later_texts(&self) -> Vec<String> {
        let escapes = regex::Regex::new(r"\x1b\[[0-9;?]*[A-Za-z]").unwrap();
        let text =
            |frame: &Vec<u8>| escapes.replace_all(&String::from_utf8_lossy(frame), "").into_owned();
        self.frames[1..].iter().map(text).collect()
    }
}

impl Surface for Recorder {
    fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(draw)?;
        self.frames.push(self.written.0.take());
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clears += 1;
        Ok(())
    }

    fn mouse(&mut self, _: bool) -> io::Result<()> {
        unreachable!("no key asks for it")
    }

    fn copy(&mut self, _: &str) -> io::Result<()> {
        unreachable!("no key asks for it")
    }

    fn title(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn ring(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        unreachable!("no key asks for it")
    }
}

/// Shows a paused crawl with these events, until `engine` has sent its snapshots.
async fn shown(
    events: impl Stream<Item = io::Result<Event>> + Unpin,
    engine: impl AsyncFnOnce(&watch::Sender<Arc<Snapshot>>),
) -> Recorder {
    let mut screen = Recorder::new();
    let (snapshots, received) = watch::channel(Arc::new(fixtures::paused()));
    let (commands, _heard) = mpsc::channel::<(Command, Origin)>(1);
    let (alive, gone) = oneshot::channel();
    let engine = async {
        engine(&snapshots).await;
        drop(alive);
    };
    let engine_link = EngineLink { snapshots: received, commands, stored: None };
    let view = show(&mut screen, App::new(), events, engine_link, COLOR, gone);
    let (result, ()) = tokio::join!(view, engine);
    result.unwrap();
    screen
}

/// Sends so many snapshots of a crawl that stays paused, one each `gap`; its clock runs on or not.
async fn send(snapshots: &watch::Sender<Arc<Snapshot>>, count: u32, gap: Duration, clock: bool) {
    for _ in 0..count {
        sleep(gap).await;
        let mut next = Snapshot::clone(&snapshots.borrow());
        next.seq += 1;
        next.at_s += if clock { gap.as_secs_f64() } else { 0.0 };
        snapshots.send(Arc::new(next)).unwrap();
    }
    // The last one is drawn.
    sleep(Duration::from_millis(100)).await;
}

#[tokio::test(start_paused = true)]
async fn without_news_nothing_is_drawn_or_written() {
    let screen = shown(stream::pending(), async |_| sleep(Duration::from_hours(1)).await).await;
    assert_eq!((screen.frames.len(), screen.clears), (1, 0));
    assert!(screen.written.0.borrow().is_empty(), "it wrote outside of a frame");
}

#[tokio::test(start_paused = true)]
async fn snapshots_that_look_the_same_write_no_cell() {
    let tenth = Duration::from_millis(100);
    let screen =
        shown(stream::pending(), async |snapshots| send(snapshots, 200, tenth, false).await).await;
    assert!(screen.frames.len() <= 201, "{} frames", screen.frames.len());
    assert_eq!(screen.clears, 0, "drawn in full");
    assert_eq!(screen.later_texts().concat(), "");
    // What is left resets styles and hides the cursor.
    assert!(screen.frames[1..].iter().all(|frame| frame.len() < 40), "{:?}", screen.frames[1]);
}

#[tokio::test(start_paused = true)]
async fn a_paused_crawl_whose_clock_runs_writes_a_twentieth_of_its_screen() {
    let tenth = Duration::from_millis(100);
    let screen =
        shown(stream::pending(), async |snapshots| send(snapshots, 200, tenth, true).await).await;
    assert_eq!(screen.clears, 0, "drawn in full");
    let (whole, later) = screen.frames.split_first().unwrap();
    let bytes = later.iter().map(Vec::len).sum::<usize>();
    assert!(bytes * 20 < whole.len() * later.len(), "{bytes} of {}", whole.len() * later.len());
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_snapshots_is_drawn_thirty_times_a_second() {
    let screen = shown(stream::pending(), async |snapshots| {
        send(snapshots, 1000, Duration::from_millis(1), true).await;
    })
    .await;
    assert!((20..=33).contains(&screen.frames.len()), "{} frames", screen.frames.len());
}

#[tokio::test(start_paused = true)]
async fn a_key_is_drawn_once() {
    let keys = stream::once(Box::pin(async {
        sleep(Duration::from_secs(1)).await;
        Ok(Event::Key(KeyEvent::from(KeyCode::Char('?'))))
    }));
    let events = keys.chain(stream::pending());
    let screen = shown(events, async |_| sleep(Duration::from_mins(10)).await).await;
    assert_eq!((screen.frames.len(), screen.clears), (2, 0));
    assert!(screen.later_texts()[0].len() > 500, "it shows the help");
}
