//! Styles and glyphs: what each means, and what replaces it where a terminal has none.
//!
//! Panels ask for a meaning, a [`Role`], never for a colour. They draw in Unicode; on a terminal
//! without it [`Theme::finish`] puts a stand-in for every glyph, so that no panel needs a second
//! way to draw.

use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

use super::host_state::HostState;
use super::palette::{self, Role, Use};
use super::stand_in::stand_in;
use crate::crawl::protocol::snapshot::{RunState, WorkerState};
use crate::settings::appearance::{ColorDepth, ThemeName};

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
    /// Which colours.
    pub name: ThemeName,
    /// How many the terminal has.
    pub depth: ColorDepth,
    /// Whether glyphs get their ASCII stand-ins.
    pub ascii: bool,
}

#[cfg(any(test, feature = "internals"))]
impl Theme {
    /// The dark theme in Unicode with so many colours.
    #[must_use]
    pub const fn dark(depth: ColorDepth) -> Self {
        Self { name: ThemeName::Dark, depth, ascii: false }
    }

    /// Without colours.
    #[must_use]
    pub const fn mono() -> Self {
        Self { name: ThemeName::Mono, depth: ColorDepth::None, ascii: false }
    }

    /// The same in ASCII.
    #[must_use]
    pub const fn in_ascii(self) -> Self {
        Self { ascii: true, ..self }
    }
}

impl Theme {
    /// Whether there are colours.
    #[must_use]
    pub fn has_color(self) -> bool {
        self.depth > ColorDepth::None && self.name != ThemeName::Mono
    }

    /// Whether hues can be mixed.
    #[must_use]
    pub fn has_gradients(self) -> bool {
        self.depth > ColorDepth::Ansi && self.name != ThemeName::Mono
    }

    fn style(self, role: Role, used: Use) -> Style {
        let color = palette::color(self.name, self.depth, role, used);
        // Painted over what is dim, such as a frame, it would be both, which looks like neither.
        let plain = Style::new().remove_modifier(Modifier::DIM.union(Modifier::BOLD));
        let style = match role {
            Role::Strong => plain.remove_modifier(Modifier::DIM).add_modifier(Modifier::BOLD),
            Role::Limit if !self.has_color() => plain.add_modifier(Modifier::BOLD),
            Role::Dim if !self.has_gradients() => plain.add_modifier(Modifier::DIM),
            Role::Faint if !self.has_color() => plain.add_modifier(Modifier::DIM),
            _ => plain,
        };
        match color {
            Some(color) => style.fg(color),
            None if self.has_color() => style.fg(ratatui::style::Color::Reset),
            None => style,
        }
    }

    /// The style of words and numbers.
    #[must_use]
    pub fn text(self, role: Role) -> Style {
        self.style(role, Use::Text)
    }

    /// The style of bold words and numbers.
    #[must_use]
    pub fn bold(self, role: Role) -> Style {
        self.text(role).remove_modifier(Modifier::DIM).add_modifier(Modifier::BOLD)
    }

    /// The style of glyphs and lines.
    #[must_use]
    pub fn mark(self, role: Role) -> Style {
        self.style(role, Use::Mark)
    }

    /// The style of bars and areas.
    #[must_use]
    pub fn fill(self, role: Role) -> Style {
        self.style(role, Use::Fill)
    }

    /// The style of an area: the role's hue at strength `t`, 0..=1, where hues can be mixed.
    #[must_use]
    pub fn shade(self, role: Role, t: f32) -> Style {
        match palette::shade(self.name, self.depth, role, t) {
            Some(color) if self.has_color() => self.fill(role).fg(color),
            _ => self.fill(role),
        }
    }

    /// A cell of two colours, ink on ink: the upper one behind the glyph of the lower one.
    #[must_use]
    pub fn behind(self, lower: Style, upper: Style) -> Style {
        match upper.fg {
            Some(color) if self.has_color() => lower.bg(color),
            _ => lower,
        }
    }

    /// A chip: words in reverse.
    #[must_use]
    pub fn chip(self, role: Role) -> Style {
        self.bold(role).add_modifier(Modifier::REVERSED)
    }

    /// The frame of a panel, tinted by what it shows.
    #[must_use]
    pub fn tint(self, role: Role) -> Style {
        if self.has_gradients() { self.shade(role, 0.15) } else { self.mark(Role::Faint) }
    }

    /// Primary things: states, levels, titles.
    #[must_use]
    pub fn strong(self) -> Style {
        self.text(Role::Strong)
    }

    /// Secondary things: labels, units, idle workers.
    #[must_use]
    pub fn dim(self) -> Style {
        self.text(Role::Dim)
    }

    /// The row that keys act on, the active tab, a key.
    #[must_use]
    pub fn selected(self) -> Style {
        self.chip(Role::Wait)
    }

    /// What a search found, beside what is looked at.
    #[must_use]
    pub fn found(self) -> Style {
        self.bold(Role::Limit).add_modifier(Modifier::UNDERLINED)
    }

    /// The role of a final status, `None` for no answer.
    #[must_use]
    pub const fn status_role(status: Option<u16>) -> Role {
        match status {
            Some(200..=299) => Role::Ok,
            Some(300..=399) => Role::Moved,
            Some(400..=499) => Role::Client,
            None | Some(500..) => Role::Server,
            Some(_) => Role::Text,
        }
    }

    /// Glyph and style for a final status, `None` for no answer.
    #[must_use]
    pub fn status(self, status: Option<u16>) -> (&'static str, Style) {
        let glyph = match status {
            Some(200..=299) => "✓",
            Some(300..=399) => "»",
            Some(400..=499) => "!",
            None => "∅",
            Some(500..) => "✗",
            Some(_) => "·",
        };
        (glyph, self.mark(Self::status_role(status)))
    }

    /// Glyph, word and style of a run state.
    #[must_use]
    pub fn run_state(self, run: RunState) -> (&'static str, &'static str, Style) {
        match run {
            RunState::Starting => ("○", "STARTING", self.bold(Role::Dim)),
            RunState::Running => ("●", "RUNNING", self.bold(Role::Ok)),
            RunState::Paused => ("‖", "PAUSED", self.bold(Role::Wait)),
            RunState::Stopping => ("◌", "STOPPING", self.bold(Role::Wait)),
            RunState::Complete => ("✓", "COMPLETE", self.bold(Role::Ok)),
            RunState::Stopped => ("■", "STOPPED", self.bold(Role::Wait)),
            RunState::Failed => ("✗", "FAILED", self.bold(Role::Server)),
        }
    }

    /// Glyph and style of what a worker does.
    #[must_use]
    pub fn worker(self, state: WorkerState) -> (&'static str, Style) {
        match state {
            WorkerState::Idle => ("·", self.mark(Role::Faint)),
            WorkerState::Permit | WorkerState::Rate => ("▯", self.mark(Role::Wait)),
            WorkerState::Connect | WorkerState::FirstByte | WorkerState::Body => {
                ("▮", self.mark(Role::Ok))
            }
            WorkerState::Parse => ("▪", self.mark(Role::Moved)),
            WorkerState::Database => ("▥", self.mark(Role::Wait)),
            WorkerState::Blocked => ("▤", self.mark(Role::Blocked)),
            WorkerState::Paused => ("‖", self.mark(Role::Wait)),
        }
    }

    /// What the number of workers in a state is written in.
    #[must_use]
    pub const fn worker_role(state: WorkerState) -> Role {
        match state {
            WorkerState::Idle => Role::Dim,
            WorkerState::Connect | WorkerState::FirstByte | WorkerState::Body => Role::Ok,
            WorkerState::Parse => Role::Moved,
            WorkerState::Blocked => Role::Blocked,
            WorkerState::Permit
            | WorkerState::Rate
            | WorkerState::Database
            | WorkerState::Paused => Role::Wait,
        }
    }

    /// Glyph and style of how a host is.
    #[must_use]
    pub fn host(self, state: HostState) -> (&'static str, Style) {
        match state {
            HostState::Ok => ("●", self.mark(Role::Ok)),
            HostState::Idle => ("◌", self.mark(Role::Dim)),
            HostState::Waits => ("◔", self.mark(Role::Wait)),
            HostState::Held => ("‖", self.mark(Role::Wait)),
            HostState::Probing => ("◐", self.mark(Role::Blocked)),
            HostState::Skipped => ("–", self.mark(Role::Dim)),
            HostState::Open | HostState::GivenUp => ("✗", self.mark(Role::Server)),
        }
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
