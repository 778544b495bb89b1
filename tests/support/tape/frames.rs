//! The screen as it changed: frames with the time for which each was seen.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crawldeck::ui::picture::{CellInk, PictureCell, PictureFrame};
use vt100::Screen;

use super::terminal::Shared;

fn ink(color: vt100::Color, own: CellInk) -> CellInk {
    match color {
        vt100::Color::Default => own,
        vt100::Color::Idx(index) => CellInk::Index(index),
        vt100::Color::Rgb(r, g, b) => CellInk::Rgb(r, g, b),
    }
}

/// Frames, each with the time for which it was seen.
pub type Frames = Vec<(PictureFrame, Duration)>;

/// A frame under the name of a file.
pub type Still = (String, PictureFrame);

/// Reads a screen, its cursor included.
pub fn frame(screen: &Screen) -> PictureFrame {
    let (rows, columns) = screen.size();
    let cursor = (!screen.hide_cursor()).then(|| screen.cursor_position());
    (0..rows.get())
        .map(|y| (0..columns.get()).map(|x| cell(screen, y, x, cursor == Some((y, x)))).collect())
        .collect()
}

fn cell(screen: &Screen, y: u16, x: u16, cursor: bool) -> PictureCell {
    let cell = screen.cell(y, x).expect("within the screen");
    let (mut fg, mut bg) =
        (ink(cell.fgcolor(), CellInk::Text), ink(cell.bgcolor(), CellInk::Ground));
    if cell.inverse() != cursor {
        std::mem::swap(&mut fg, &mut bg);
    }
    let text = cell.contents();
    PictureCell {
        text: if text.trim().is_empty() { String::new() } else { text.to_owned() },
        width: if cell.is_wide_continuation() { 0 } else { 1 + u8::from(cell.is_wide()) },
        fg,
        bg,
        bold: cell.bold(),
        dim: cell.dim(),
        underline: cell.underline(),
    }
}

/// Looks at a terminal in the background and keeps what changes.
pub struct Camera {
    shared: Arc<Shared>,
    rolling: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    frames: JoinHandle<Frames>,
    stills: Mutex<Vec<Still>>,
}

impl Camera {
    /// Begins to record, with a maximum of so many frames a second.
    pub fn start(shared: Arc<Shared>, per_second: u32) -> Self {
        let (rolling, stop) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let seen = (Arc::clone(&shared), Arc::clone(&rolling), Arc::clone(&stop));
        let frames = std::thread::spawn(move || {
            let (shared, rolling, stop) = seen;
            let interval = Duration::from_secs(1) / per_second;
            let mut frames: Frames = Vec::new();
            let mut last = Instant::now();
            while !stop.load(Ordering::Relaxed) {
                std::thread::sleep(interval.saturating_sub(last.elapsed()));
                let now = Instant::now();
                if rolling.load(Ordering::Relaxed) {
                    let seen = frame(&shared.settled().0);
                    if let Some((_, shown)) = frames.last_mut() {
                        *shown += now - last;
                    }
                    if frames.last().is_none_or(|(before, _)| *before != seen) {
                        frames.push((seen, Duration::ZERO));
                    }
                }
                last = now;
            }
            frames
        });
        Self { shared, rolling, stop, frames, stills: Mutex::default() }
    }

    /// Records, or leaves out, what follows.
    pub fn roll(&self, on: bool) {
        self.rolling.store(on, Ordering::Relaxed);
    }

    /// Takes a picture.
    pub fn still(&self, name: &str) {
        let picture = frame(&self.shared.settled().0);
        self.stills.lock().expect("no panic").push((name.to_owned(), picture));
    }

    /// Ends; returns the frames with their times, and the pictures.
    pub fn finish(self) -> (Frames, Vec<Still>) {
        self.stop.store(true, Ordering::Relaxed);
        let frames = self.frames.join().expect("the camera works");
        (frames, self.stills.into_inner().expect("no panic"))
    }
}
