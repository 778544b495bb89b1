//! A picture or an animation of a screen, as SVG that needs no particular font.
//!
//! Text lies on a grid whatever the font; bars, frames and dots are drawn as shapes, so that they
//! meet at the edges of their cells. Rows that occur more than once are written once.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::frames::{Cell, Frame, Ink, Row};

/// Width of a cell.
const W: usize = 8;
/// Height of a cell.
const H: usize = 17;
/// Where letters stand in it.
const BASE: usize = 13;
/// Room around the screen.
const PAD: usize = 14;
/// The terminal's colours: 16, and its own two.
const PALETTE: [u32; 16] = [
    0x0015_191f,
    0x00e5_6b6f,
    0x007f_c98a,
    0x00e2_b55f,
    0x006c_a6ee,
    0x00c0_8be0,
    0x0056_c8d8,
    0x00c8_d0da,
    0x005a_6472,
    0x00f0_8a8d,
    0x009b_dba4,
    0x00f0_ca80,
    0x008d_bcf5,
    0x00d3_a8ee,
    0x007e_dbe8,
    0x00f2_f5f8,
];
const TEXT: u32 = 0x00d5_dbe3;
const GROUND: u32 = 0x0015_191f;
/// How much of a dim colour is left.
const DIM: u32 = 55;
/// How long the last frame stays.
const LAST: Duration = Duration::from_secs(3);

/// One screen.
pub fn picture(frame: &Frame) -> String {
    let mut rows = Rows::default();
    let body = rows.place(frame);
    page(frame, &rows, "", &format!("<g>{body}</g>"))
}

/// Screens one after the other, again and again: a strip of frames that moves on by one.
pub fn animation(frames: &[(Frame, Duration)]) -> String {
    let first = &frames.first().expect("at least one frame").0;
    let width = W * first[0].len();
    let total: Duration = frames.iter().map(|(_, shown)| *shown).sum::<Duration>() + LAST;
    let mut rows = Rows::default();
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

fn page(frame: &Frame, rows: &Rows, style: &str, body: &str) -> String {
    let (width, height) = (W * frame[0].len(), H * frame.len());
    let (outer_w, outer_h) = (width + 2 * PAD, height + 2 * PAD);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{outer_w}\" height=\"{outer_h}\" \
         viewBox=\"0 0 {outer_w} {outer_h}\"><style>\
         text{{font:13.3px 'DejaVu Sans Mono','JetBrains Mono',ui-monospace,Menlo,Consolas,\
         monospace;fill:currentColor;text-rendering:geometricPrecision}}\
         .f{{fill:currentColor}}.h{{fill:currentColor;fill-opacity:.5}}\
         .l{{fill:none;stroke:currentColor;stroke-width:1.2}}\
         .d{{fill:none;stroke:currentColor;stroke-width:1.9;stroke-linecap:round}}\
         .b{{font-weight:bold}}.u{{text-decoration:underline}}"
    );
    for (color, name) in &rows.colors {
        let _ = write!(out, ".{name}{{color:#{color:06x}}}");
    }
    let _ = write!(out, "{style}</style><defs>{}</defs>", rows.definitions);
    let ground = format!("#{GROUND:06x}");
    let _ = writeln!(
        out,
        "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{ground}\"/>\
         <svg x=\"{PAD}\" y=\"{PAD}\" width=\"{width}\" height=\"{height}\">{body}</svg></svg>"
    );
    out
}

/// Rows and colours met so far, with the names they go by.
#[derive(Default)]
struct Rows {
    names: HashMap<Row, String>,
    definitions: String,
    colors: BTreeMap<u32, String>,
}

impl Rows {
    /// A frame in terms of rows that are written elsewhere.
    fn place(&mut self, frame: &Frame) -> String {
        let mut out = String::new();
        for (y, row) in frame.iter().enumerate() {
            if row.iter().all(|cell| cell.text.is_empty() && color(cell.bg, false) == GROUND) {
                continue;
            }
            let name = self.name(row);
            let _ = write!(out, "<use href=\"#{name}\" y=\"{}\"/>", y * H);
        }
        out
    }

    fn name(&mut self, row: &Row) -> String {
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
        let next = format!("c{}", self.colors.len());
        self.colors.entry(color).or_insert(next).clone()
    }

    /// A row at the top left corner: grounds, shapes, text.
    fn draw(&mut self, row: &Row) -> String {
        let mut out = String::new();
        // Per kind of stroke and colour one path for the whole row.
        let mut paths: BTreeMap<(&str, u32), String> = BTreeMap::new();
        let mut runs: Vec<Run> = Vec::new();
        for (x, cell) in row.iter().enumerate() {
            let ground = color(cell.bg, false);
            if ground != GROUND {
                let path = paths.entry(("f", ground)).or_default();
                let _ = write!(path, "M{} 0h{W}v{H}h-{W}z", x * W);
            }
        }
        for ((class, ink), path) in std::mem::take(&mut paths) {
            let ink = self.color(ink);
            let _ = write!(out, "<path class=\"{class} {ink}\" d=\"{path}\"/>");
        }
        for (x, cell) in row.iter().enumerate() {
            let Some(first) = cell.text.chars().next() else { continue };
            let ink = color(cell.fg, cell.dim);
            if let Some((class, shape)) = shape(first, x * W) {
                paths.entry((class, ink)).or_default().push_str(&shape);
                continue;
            }
            match runs.last_mut() {
                Some(run) if run.takes(x, cell, ink) => run.add(x, cell),
                _ => runs.push(Run::new(x, cell, ink)),
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
struct Run {
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

impl Run {
    fn new(x: usize, cell: &Cell, ink: u32) -> Self {
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

    fn takes(&self, x: usize, cell: &Cell, ink: u32) -> bool {
        let same = self.ink == ink && self.bold == cell.bold && self.underline == cell.underline;
        let gap = x - self.end;
        same && self.plain && plain(cell) && gap <= GAP && (gap == 0 || !self.underline)
    }

    fn add(&mut self, x: usize, cell: &Cell) {
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
        let length =
            if columns > 1 { format!(" textLength=\"{}\"", columns * W) } else { String::new() };
        let text = self.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        format!(
            "<text x=\"{}\" y=\"{BASE}\" class=\"{ink}{bold}{under}\"{length}>{text}</text>",
            self.start * W
        )
    }
}

fn plain(cell: &Cell) -> bool {
    cell.width == 1 && cell.text.chars().all(|c| matches!(c, '!'..='~' | '·' | '×' | '−' | '…'))
}

/// A colour in numbers; dim ones lie nearer to the ground.
fn color(ink: Ink, dim: bool) -> u32 {
    let full = match ink {
        Ink::Text => TEXT,
        Ink::Ground => GROUND,
        Ink::Index(i @ 0..16) => PALETTE[usize::from(i)],
        Ink::Index(i @ 16..232) => {
            let level = |part: u8| if part == 0 { 0 } else { u32::from(part) * 40 + 55 };
            let i = i - 16;
            level(i / 36) << 16 | level(i / 6 % 6) << 8 | level(i % 6)
        }
        Ink::Index(i) => (u32::from(i - 232) * 10 + 8) * 0x0001_0101,
        Ink::Rgb(r, g, b) => u32::from(r) << 16 | u32::from(g) << 8 | u32::from(b),
    };
    if !dim {
        return full;
    }
    [16, 8, 0].into_iter().fold(0, |mixed, shift| {
        let (part, ground) = (full >> shift & 0xff, GROUND >> shift & 0xff);
        mixed | ((part * DIM + ground * (100 - DIM)) / 100) << shift
    })
}

/// Characters that are drawn: the class of path they belong to, and the path of a cell at `x`.
fn shape(c: char, x: usize) -> Option<(&'static str, String)> {
    let (w, h) = (W as f32, H as f32);
    let (left, x) = (x, x as f32);
    let rect = |dx: f32, dy: f32, rw: f32, rh: f32| {
        let (from, to) = (short(x + dx), short(dy));
        format!("M{from} {to}h{}v{}h{}z", short(rw), short(rh), short(-rw))
    };
    let found = match c {
        '█' => ("f", rect(0.0, 0.0, w, h)),
        '▐' => ("f", rect(w / 2.0, 0.0, w / 2.0, h)),
        '▁'..='▇' => {
            let high = h * (c as u32 - '▁' as u32 + 1) as f32 / 8.0;
            ("f", rect(0.0, h - high, w, high))
        }
        '▉'..='▏' => ("f", rect(0.0, 0.0, w * ('▏' as u32 - c as u32 + 1) as f32 / 8.0, h)),
        '▀' => ("f", rect(0.0, 0.0, w, h / 2.0)),
        '░'..='▓' => ("h", rect(0.8, 3.0, 6.4, 11.0)),
        '▮' => ("f", rect(1.2, 3.0, 5.6, 11.0)),
        '■' => ("f", rect(1.0, 5.0, 6.0, 6.0)),
        '▯' => ("l", rect(1.6, 3.5, 4.8, 10.0)),
        '▤' => {
            let outline = rect(1.6, 3.5, 4.8, 10.0);
            ("l", format!("{outline}M{0} 6h5M{0} 8.5h5M{0} 11h5", short(x + 1.5)))
        }
        '◆' | '◇' => {
            let path = format!("M{} 4l3.7 4.5l-3.7 4.5l-3.7-4.5z", short(x + 4.0));
            (if c == '◆' { "f" } else { "l" }, path)
        }
        '●' | '○' | '◌' => {
            let path = format!("M{left} 8.5a4 4 0 1 0 8 0a4 4 0 1 0-8 0z");
            let small = format!("M{} 8.5a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0-6.4 0z", short(x + 0.8));
            if c == '●' { ("f", path) } else { ("l", small) }
        }
        '▲' => ("f", format!("M{left} 13h8l-4-8z")),
        '▼' => ("f", format!("M{left} 5h8l-4 8z")),
        '▶' => ("f", format!("M{left} 4.5v8l8-4z")),
        '‖' => ("f", rect(1.5, 3.0, 1.8, 11.0) + &rect(4.7, 3.0, 1.8, 11.0)),
        '\u{2801}'..='\u{28ff}' => ("d", dots(c, x)),
        _ => ("l", lines(c, x)?),
    };
    Some(found)
}

/// A number with as few characters as it needs.
fn short(value: f32) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The dots of a braille character: columns 1, 2, 3, 7 and 4, 5, 6, 8.
fn dots(c: char, x: f32) -> String {
    const PLACES: [(f32, f32); 8] = [
        (2.0, 2.1),
        (2.0, 6.4),
        (2.0, 10.6),
        (6.0, 2.1),
        (6.0, 6.4),
        (6.0, 10.6),
        (2.0, 14.9),
        (6.0, 14.9),
    ];
    let bits = c as u32 - 0x2800;
    let set = PLACES.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
    set.fold(String::new(), |mut path, (_, (dx, dy))| {
        let _ = write!(path, "M{} {}h0", short(x + dx), short(*dy));
        path
    })
}

/// Light and heavy frames: from the middle of the cell to its edges.
fn lines(c: char, x: f32) -> Option<String> {
    let (mx, my, right) = (short(x + 4.0), "8.5", short(x + 8.0));
    let left = short(x);
    let arms = match c {
        '─' | '━' => return Some(format!("M{left} {my}h8")),
        '│' | '┃' => return Some(format!("M{mx} 0v17")),
        // How a rounded corner runs: from one edge over the middle to the other.
        '╭' => return Some(format!("M{mx} 17v-4q0-4.5 4-4.5")),
        '╮' => return Some(format!("M{left} {my}q4 0 4 4.5v4")),
        '╰' => return Some(format!("M{mx} 0v4q0 4.5 4 4.5")),
        '╯' => return Some(format!("M{left} {my}q4 0 4-4.5v-4")),
        '┌' => "rd",
        '┐' => "ld",
        '└' => "ru",
        '┘' => "lu",
        '├' => "rud",
        '┤' => "lud",
        '┬' => "lrd",
        '┴' => "lru",
        '┼' => "lrud",
        _ => return None,
    };
    Some(arms.chars().fold(String::new(), |mut path, arm| {
        let _ = match arm {
            'l' => write!(path, "M{left} {my}H{mx}"),
            'r' => write!(path, "M{mx} {my}H{right}"),
            'u' => write!(path, "M{mx} 0V{my}"),
            _ => write!(path, "M{mx} {my}V17"),
        };
        path
    }))
}
