//! Characters that are drawn as shapes, so that they meet at the edges of their cells.

use std::fmt::Write as _;

/// Width of a cell.
pub(super) const WIDTH: usize = 8;
/// Height of a cell.
pub(super) const HEIGHT: usize = 17;

/// Characters that are drawn: the class of path they belong to, and the path of a cell at `x`.
pub(super) fn shape(c: char, x: usize) -> Option<(&'static str, String)> {
    let (w, h) = (WIDTH as f32, HEIGHT as f32);
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
        '━' | '┃' | '┏' | '┓' | '┗' | '┛' => ("w", lines(c, x)?),
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
        '┌' | '┏' => "rd",
        '┐' | '┓' => "ld",
        '└' | '┗' => "ru",
        '┘' | '┛' => "lu",
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
