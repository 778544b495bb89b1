//! Colours and glyphs: what each means, and what replaces it where a terminal has none.
//!
//! Panels ask for a meaning (`accent`, `warn`), never for a colour. They draw in Unicode;
//! on a terminal without it [`Theme::finish`] puts a stand-in for every glyph, so that no
//! panel needs a second way to draw.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

use super::host_state::HostState;
use crate::crawl::protocol::snapshot::{RunState, WorkerState};

/// Marks what limits the crawl.
pub const LIMIT: &str = "◆";
/// Marks what is slow or broken, on purpose or not.
pub const FAULT: &str = "!";
/// Fill of a gauge.
pub const FULL: &str = "█";
/// Parts of a gauge's last cell, in eighths.
pub const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
/// The empty cells of a gauge.
pub const TRACK: &str = "·";
/// Columns of a chart, in eighths of a cell.
pub const COLUMNS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/// A change of a dial, on a chart.
pub const MARK: &str = "▲";

/// How this terminal shows meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    color: bool,
    ascii: bool,
}

impl Theme {
    /// With or without the 16 ANSI colours, in Unicode or in ASCII.
    #[must_use]
    pub const fn new(color: bool, ascii: bool) -> Self {
        Self { color, ascii }
    }

    /// As told; where nothing is told, what the environment says: `NO_COLOR` and `TERM` for colours, `LC_ALL`, `LC_CTYPE`,
    /// `LANG` (the first that is set) and `TERM` for glyphs.
    #[must_use]
    pub fn detect(
        color: Option<bool>,
        ascii: Option<bool>,
        env: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let set = |name: &str| env(name).filter(|v| !v.is_empty());
        let term = set("TERM").unwrap_or_default();
        let color = color.unwrap_or_else(|| {
            set("NO_COLOR").is_none()
                && (set("COLORTERM").is_some()
                    || !(term == "dumb" || term.starts_with("vt") || term.ends_with("-mono")))
        });
        let ascii = ascii.unwrap_or_else(|| {
            let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
            let utf8 = locale.is_none_or(|l| {
                let l = l.to_ascii_lowercase();
                l.contains("utf-8") || l.contains("utf8")
            });
            !utf8 || term == "linux" || term == "dumb" || term.starts_with("vt")
        });
        Self::new(color, ascii)
    }

    const fn colored(self, style: Style, color: Color) -> Style {
        if self.color { style.fg(color) } else { style }
    }

    /// Primary things: states, levels, titles.
    #[must_use]
    #[allow(clippy::unused_self, reason = "a style of the theme like all others")]
    pub const fn strong(self) -> Style {
        // Painted over what is dim, such as a frame, it would be both, which looks like neither.
        Style::new().add_modifier(Modifier::BOLD).remove_modifier(Modifier::DIM)
    }

    /// Secondary things: frames, tracks, units, idle workers.
    #[must_use]
    #[allow(clippy::unused_self, reason = "a style of the theme like all others")]
    pub const fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM).remove_modifier(Modifier::BOLD)
    }

    /// The limiting stage, and nothing else.
    #[must_use]
    pub const fn accent(self) -> Style {
        self.colored(self.strong(), Color::Cyan)
    }

    /// A warning.
    #[must_use]
    pub const fn warn(self) -> Style {
        // Dim yellow, as on a frame, would be a third shade without a meaning.
        self.colored(Style::new().remove_modifier(Modifier::DIM), Color::Yellow)
    }

    /// An error.
    #[must_use]
    pub const fn error(self) -> Style {
        self.colored(Style::new().remove_modifier(Modifier::DIM), Color::Red)
    }

    /// The row or tab that keys act on.
    #[must_use]
    #[allow(clippy::unused_self, reason = "a style of the theme like all others")]
    pub const fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The style for a final status, `None` for no response.
    #[must_use]
    pub const fn status(self, status: Option<u16>) -> Style {
        match status {
            Some(400..=499) => self.warn(),
            None | Some(500..) => self.error(),
            Some(_) => Style::new(),
        }
    }

    /// Glyph, word and style of a run state.
    #[must_use]
    pub const fn run_state(self, run: RunState) -> (&'static str, &'static str, Style) {
        match run {
            RunState::Starting => ("○", "STARTING", self.strong()),
            RunState::Running => ("●", "RUNNING", self.strong()),
            RunState::Paused => ("‖", "PAUSED", self.warn().add_modifier(Modifier::BOLD)),
            RunState::Stopping => ("◌", "STOPPING", self.warn().add_modifier(Modifier::BOLD)),
            RunState::Complete => ("✓", "COMPLETE", self.strong()),
            RunState::Stopped => ("■", "STOPPED", self.warn().add_modifier(Modifier::BOLD)),
            RunState::Failed => ("✗", "FAILED", self.error().add_modifier(Modifier::BOLD)),
        }
    }

    /// Glyph and style of what a worker does.
    #[must_use]
    pub const fn worker(self, state: WorkerState) -> (&'static str, Style) {
        match state {
            WorkerState::Idle => ("·", self.dim()),
            WorkerState::Permit => ("▯", self.dim()),
            WorkerState::Rate => ("◇", self.dim()),
            WorkerState::Connect | WorkerState::FirstByte | WorkerState::Body => {
                ("▮", Style::new())
            }
            WorkerState::Parse => ("▒", Style::new()),
            WorkerState::Database => ("▥", self.warn()),
            WorkerState::Blocked => ("▤", self.warn()),
            WorkerState::Paused => ("‖", self.dim()),
        }
    }

    /// Glyph and style of how a host is.
    #[must_use]
    pub const fn host(self, state: HostState) -> (&'static str, Style) {
        match state {
            HostState::Ok => ("●", Style::new()),
            HostState::Idle => ("◌", self.dim()),
            HostState::Waits => ("◔", self.warn()),
            HostState::Held => ("‖", self.warn()),
            HostState::Probing => ("◐", self.warn()),
            HostState::Skipped => ("–", self.dim()),
            HostState::Open | HostState::GivenUp => ("✗", self.error()),
        }
    }

    /// Whether glyphs get their ASCII stand-ins.
    #[must_use]
    pub const fn is_ascii(self) -> bool {
        self.ascii
    }

    /// The last step of a draw: on a terminal without Unicode, every glyph gets its stand-in.
    pub fn finish(self, buffer: &mut Buffer) {
        if !self.ascii {
            return;
        }
        for cell in &mut buffer.content {
            if !cell.symbol().is_ascii() {
                let stand_in = cell.symbol().chars().next().map_or(' ', stand_in);
                cell.set_char(stand_in);
            }
        }
    }
}

/// The ASCII character that stands in for a glyph.
const fn stand_in(glyph: char) -> char {
    match glyph {
        '█' | '▮' | '▉' | '▊' | '▇' | '┏' | '┓' | '┗' | '┛' => '#',
        '▋' | '▌' | '▍' | '▅' | '▆' | '‖' | '━' => '=',
        '▎' | '▏' | '─' | '−' | '–' => '-',
        '▃' | '▄' => ':',
        '▁' | '▂' | '·' => '.',
        '│' | '┤' | '┃' | '┊' | '▐' => '|',
        '╭' | '╮' | '╰' | '╯' | '┼' | '┬' | '┴' | '├' | '└' | '┌' | '┐' | '┘' => {
            '+'
        }
        '▯' | '●' | '○' | '◌' => 'o',
        '▒' => '%',
        '▤' | '✗' | '■' | '×' => 'x',
        '▥' => 'd',
        '◇' => 'r',
        '◔' => 'w',
        '◐' => 'p',
        '◆' => '*',
        '▶' | '→' | '›' => '>',
        '←' | '‹' => '<',
        '▲' | '↑' => '^',
        '▼' | '↓' | '✓' => 'v',
        '…' | '±' => '~',
        '⠁'..='⣿' => {
            // Dots 1, 2, 4, 5 are the upper half of a braille cell.
            let dots = glyph as u32 - 0x2800;
            match (dots & 0b0001_1011 != 0, dots & 0b1110_0100 != 0) {
                (true, false) => '\'',
                (false, true) => '.',
                _ => ':',
            }
        }
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_bold_and_dim_at_once() {
        let theme = Theme::new(true, false);
        let both = Modifier::BOLD | Modifier::DIM;
        for (under, over) in [(theme.dim(), theme.strong()), (theme.strong(), theme.dim())] {
            let mut cell = ratatui::buffer::Cell::default();
            cell.set_style(under).set_style(over);
            assert!(!cell.modifier.contains(both) && cell.modifier.intersects(both));
        }
    }

    fn detect(vars: &[(&str, &str)]) -> Theme {
        Theme::detect(None, None, |name| {
            vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
        })
    }

    #[test]
    fn the_environment_decides() {
        let utf8 = ("LANG", "de_DE.UTF-8");
        assert_eq!(detect(&[("TERM", "xterm"), utf8]), Theme::new(true, false));
        assert_eq!(detect(&[("TERM", "xterm"), utf8, ("NO_COLOR", "1")]), Theme::new(false, false));
        assert_eq!(detect(&[("TERM", "xterm"), utf8, ("NO_COLOR", "")]), Theme::new(true, false));
        assert_eq!(detect(&[("TERM", "xterm"), utf8, ("LC_ALL", "C")]), Theme::new(true, true));
        assert_eq!(detect(&[("TERM", "linux"), utf8]), Theme::new(true, true));
        assert_eq!(detect(&[("TERM", "dumb"), utf8]), Theme::new(false, true));
        assert_eq!(detect(&[("TERM", "xterm")]), Theme::new(true, false));
    }
}
