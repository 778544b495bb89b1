//! A picture or an animation of a screen, as SVG that needs no particular font.
//!
//! Text lies on a grid whatever the font; bars, frames and dots are drawn as shapes, so that they
//! meet at the edges of their cells. Rows that occur more than once are written once.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
#[cfg(feature = "internals")]
use std::time::Duration;

use super::cells::{PictureCell, PictureColors, PictureFrame, PictureRow};
use super::shapes::{HEIGHT, WIDTH, shape};

/// Where letters stand in it.
const BASE: usize = 13;
/// Room around the screen.
const PAD: usize = 14;
/// How long the last frame stays.
#[cfg(feature = "internals")]
const LAST: Duration = Duration::from_secs(3);

/// One screen.
#[must_use]
pub fn picture(frame: &PictureFrame, colors: PictureColors) -> String {
    let mut rows = PictureRows::new(colors);
    let body = rows.place(frame);
    page(frame, &rows, "", &format!("<g>{body}</g>"))
}

/// Screens one after the other, again and again: a strip of frames that moves on by one.
#[cfg(feature = "internals")]
#[must_use]
pub fn animation(frames: &[(PictureFrame, Duration)], colors: PictureColors) -> String {
    let Some((first, _)) = frames.first() else { return String::new() };
    let width = WIDTH * columns(first);
    let total: Duration = frames.iter().map(|(_, shown)| *shown).sum::<Duration>() + LAST;
    let mut rows = PictureRows::new(colors);
    let (mut strip, mut moves, mut at) = (String::new(), String::new(), Duration::ZERO);
    for (index, (frame, shown)) in frames.iter().enumerate() {
        let x = index * width;
        let _ = write!(strip, "<g transform=\"translate({x})\">{}</g>", rows.place(frame));
        let percent = at.as_secs_f64() / total.as_secs_f64() * 100.0;
        let _ = write!(moves, "{percent:.3}%{{transform:translateX(-{x}px)}}");
        at += *shown;
    }
    let style = format!(
        "@keyframes k{{{moves}}}.k{{animation:k {:.2}s step-end infinite}}",
        total.as_secs_f64()
    );
    page(first, &rows, &style, &format!("<g class=\"k\">{strip}</g>"))
}

fn columns(frame: &PictureFrame) -> usize {
    frame.first().map_or(0, Vec::len)
}

fn page(frame: &PictureFrame, rows: &PictureRows, style: &str, body: &str) -> String {
    let (width, height) = (WIDTH * columns(frame), HEIGHT * frame.len());
    let (outer_w, outer_h) = (width + 2 * PAD, height + 2 * PAD);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{outer_w}\" height=\"{outer_h}\" \
         viewBox=\"0 0 {outer_w} {outer_h}\"><style>\
         text{{font:13.3px 'DejaVu Sans Mono','JetBrains Mono',ui-monospace,Menlo,Consolas,\
         monospace;fill:currentColor;text-rendering:geometricPrecision}}\
         .f{{fill:currentColor}}.h{{fill:currentColor;fill-opacity:.5}}\
         .l{{fill:none;stroke:currentColor;stroke-width:1.2}}\
         .w{{fill:none;stroke:currentColor;stroke-width:2.6}}\
         .d{{fill:none;stroke:currentColor;stroke-width:1.9;stroke-linecap:round}}\
         .b{{font-weight:bold}}.u{{text-decoration:underline}}"
    );
    for (color, name) in &rows.names_of_colors {
        let _ = write!(out, ".{name}{{color:#{color:06x}}}");
    }
    let _ = write!(out, "{style}</style><defs>{}</defs>", rows.definitions);
    let ground = format!("#{:06x}", rows.colors.ground());
    let _ = writeln!(
        out,
        "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{ground}\"/>\
         <svg x=\"{PAD}\" y=\"{PAD}\" width=\"{width}\" height=\"{height}\">{body}</svg></svg>"
    );
    out
}

/// Rows and colours met so far, with the names they go by.
struct PictureRows {
    colors: PictureColors,
    names: HashMap<PictureRow, String>,
    definitions: String,
    names_of_colors: BTreeMap<u32, String>,
}

impl PictureRows {
    fn new(colors: PictureColors) -> Self {
        Self {
            colors,
            names: HashMap::new(),
            definitions: String::new(),
            names_of_colors: BTreeMap::new(),
        }
    }

    fn is_blank(&self, row: &PictureRow) -> bool {
        let ground = self.colors.ground();
        row.iter().all(|cell| cell.text.is_empty() && self.colors.color(cell.bg, false) == ground)
    }

    /// A frame in terms of rows that are written elsewhere.
    fn place(&mut self, frame: &PictureFrame) -> String {
        let mut out = String::new();
        for (y, row) in frame.iter().enumerate() {
            if self.is_blank(row) {
                continue;
            }
            let name = self.name(row);
            let _ = write!(out, "<use href=\"#{name}\" y=\"{}\"/>", y * HEIGHT);
        }
        out
    }

    fn name(&mut self, row: &PictureRow) -> String {
        if let Some(name) = self.names.get(row) {
            return name.clone();
        }
        let name = format!("r{}", self.names.len());
        let drawn = self.draw(row);
        let _ = write!(self.definitions, "<g id=\"{name}\">{drawn}</g>");
        self.names.insert(row.clone(), name.clone());
        name
    }

    fn color(&mut self, color: u32) -> String {
        let next = format!("c{}", self.names_of_colors.len());
        self.names_of_colors.entry(color).or_insert(next).clone()
    }

    /// A row at the top left corner: grounds, shapes, text.
    fn draw(&mut self, row: &PictureRow) -> String {
        let mut out = String::new();
        // Per kind of stroke and colour one path for the whole row.
        let mut paths: BTreeMap<(&str, u32), String> = BTreeMap::new();
        let mut runs: Vec<TextRun> = Vec::new();
        for (x, cell) in row.iter().enumerate() {
            let ground = self.colors.color(cell.bg, false);
            if ground != self.colors.ground() {
                let path = paths.entry(("f", ground)).or_default();
                let _ = write!(path, "M{} 0h{WIDTH}v{HEIGHT}h-{WIDTH}z", x * WIDTH);
            }
        }
        for ((class, ink), path) in std::mem::take(&mut paths) {
            let ink = self.color(ink);
            let _ = write!(out, "<path class=\"{class} {ink}\" d=\"{path}\"/>");
        }
        for (x, cell) in row.iter().enumerate() {
            let Some(first) = cell.text.chars().next() else { continue };
            let ink = self.colors.color(cell.fg, cell.dim);
            if let Some((class, shape)) = shape(first, x * WIDTH) {
                paths.entry((class, ink)).or_default().push_str(&shape);
                continue;
            }
            match runs.last_mut() {
                Some(run) if run.takes(x, cell, ink) => run.add(x, cell),
                _ => runs.push(TextRun::new(x, cell, ink)),
            }
        }
        for ((class, ink), path) in paths {
            let ink = self.color(ink);
            let _ = write!(out, "<path class=\"{class} {ink}\" d=\"{path}\"/>");
        }
        for run in runs {
            let ink = self.color(run.ink);
            out.push_str(&run.text(&ink));
        }
        out
    }
}

/// Text in one style.
struct TextRun {
    start: usize,
    end: usize,
    ink: u32,
    bold: bool,
    underline: bool,
    /// Of characters that every monospaced font has, so that they can be set together.
    plain: bool,
    text: String,
}

/// Most blanks within a run.
const GAP: usize = 8;

impl TextRun {
    fn new(x: usize, cell: &PictureCell, ink: u32) -> Self {
        Self {
            start: x,
            end: x + usize::from(cell.width),
            ink,
            bold: cell.bold,
            underline: cell.underline,
            plain: plain(cell),
            text: cell.text.clone(),
        }
    }

    fn takes(&self, x: usize, cell: &PictureCell, ink: u32) -> bool {
        let same = self.ink == ink && self.bold == cell.bold && self.underline == cell.underline;
        let gap = x - self.end;
        same && self.plain && plain(cell) && gap <= GAP && (gap == 0 || !self.underline)
    }

    fn add(&mut self, x: usize, cell: &PictureCell) {
        // One blank is kept by every viewer; more are, if they may not break.
        let blank = if x - self.end > 1 { '\u{a0}' } else { ' ' };
        self.text.extend(std::iter::repeat_n(blank, x - self.end));
        self.text.push_str(&cell.text);
        self.end = x + usize::from(cell.width);
    }

    fn text(&self, ink: &str) -> String {
        let (bold, under) =
            (if self.bold { " b" } else { "" }, if self.underline { " u" } else { "" });
        let columns = self.end - self.start;
        let length = if columns > 1 {
            format!(" textLength=\"{}\"", columns * WIDTH)
        } else {
            String::new()
        };
        let text = self.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        format!(
            "<text x=\"{}\" y=\"{BASE}\" class=\"{ink}{bold}{under}\"{length}>{text}</text>",
            self.start * WIDTH
        )
    }
}

fn plain(cell: &PictureCell) -> bool {
    cell.width == 1 && cell.text.chars().all(|c| matches!(c, '!'..='~' | '·' | '×' | '−' | '…'))
}
