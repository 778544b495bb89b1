//! The two lines on top: what is crawled and how it goes; tabs and the process itself.

use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::crawl::protocol::snapshot::{PauseReason, RunState, Snapshot};
use crate::ui::action::{Action, Tab};
use crate::ui::app::App;
use crate::ui::clicks::ClickTarget;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::units;
use crate::ui::url_text;
use crate::ui::view_thread::ShownDatabase;

/// A delay of the event loop from which on it is a warning, in ms.
const STALL_MS: f64 = 50.0;

/// Lays out the header:
///
/// ```text
///  crawldeck  lab · http://127.0.0.1:8700/                 ● RUNNING  02:41   sqlite · crawl 7
///   1 Deck   2 Workers   3 Hosts …     IGNORING ROBOTS     CPU  38%   41 MiB   loop late 3 ms
/// ```
///
/// Flags that third parties should know of stands on every tab: in short where there is
/// little room, and before tabs keep their air.
pub fn draw(painter: &mut Painter<'_>, area: Rect, app: &App, live: &Snapshot) {
    let theme = painter.theme;
    let strip = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    // The target gets its width before the database does, but no more than two fifths.
    let target = url_text::readable(&live.target);
    let target = target.replace("http://", "");
    let target = target.trim_end_matches('/').to_owned();
    let kept = (text::width(&target) as u16 + 2).min(strip.width * 2 / 5);
    let right = Rect { x: strip.x + kept, width: strip.width - kept, ..strip };
    let mut segments = state_segments(painter, app, live, right.width);
    if area.height < 2 {
        segments.extend(flag_segments(theme, live, true));
    }
    let free = kept + painter.fit_right(right, 0, 3, segments);
    let left = Rect { width: free.saturating_sub(2), ..strip };
    let named = usize::from(left.width) >= text::width(&target) + 11;
    let column = if named { painter.text(left, 0, 0, "crawldeck", theme.strong()) + 2 } else { 0 };
    painter.text(left, column, 0, &target, theme.dim());
    if area.height < 2 {
        return;
    }
    let wide = |segments: &[Segment<'_>]| {
        segments
            .iter()
            .flat_map(|p| &p.spans)
            .map(|s| text::width(&s.content) as u16 + 3)
            .sum::<u16>()
    };
    let airy = Tab::ALL.iter().map(|tab| tab.name().len() as u16 + 5).sum::<u16>();
    let mut flags = flag_segments(theme, live, false);
    if airy + wide(&flags) > strip.width {
        flags = flag_segments(theme, live, true);
    }
    let airy = airy + wide(&flags) <= strip.width + 3;
    let mut column = 0;
    for tab in Tab::ALL {
        let style = if tab == app.tab { theme.selected() } else { theme.dim() };
        let name = format!("{} {}", painter.keys.name_of(Action::Show(tab)), tab.name());
        let name = if airy { format!(" {name} ") } else { name };
        let end = painter.text(strip, column, 1, &name, style);
        let place = Rect { x: strip.x + column, y: strip.y + 1, width: end - column, height: 1 };
        painter.clicks.add(place, ClickTarget::Tab(tab));
        column = end + 1;
    }
    let shown = app.shown(live);
    let rest = Rect { x: strip.x + column, width: strip.width.saturating_sub(column), ..strip };
    let stall = shown.loop_delay.worst_10s_ms;
    let style = if stall >= STALL_MS { theme.text(Role::Blocked) } else { theme.dim() };
    let mut segments = flags;
    let dot = app.motion.pages_per_dot();
    if app.tab == Tab::Deck && app.shows_motion() && dot > 1 {
        let words = format!("● = {} pages", units::count(dot));
        segments.push(Segment::new(4, words, theme.dim()));
    }
    segments.extend([
        Segment::new(1, format!("CPU {:>3.0}%", shown.process.cpu_percent), theme.dim()),
        Segment::new(2, format!("{:>8}", units::bytes(shown.process.rss_bytes)), theme.dim()),
        Segment::new(3, format!("loop late {:>6}", units::duration(stall)), style),
    ]);
    painter.fit_right(rest, 1, 3, segments);
}

/// Flags that third parties should know of, in words or, where there is little room, in
/// short.
#[must_use]
pub fn flag_segments<'a>(theme: Theme, live: &Snapshot, short: bool) -> Vec<Segment<'a>> {
    let flags = &live.flags;
    [
        (flags.ignore_robots, "IGNORING ROBOTS", "NO ROBOTS"),
        (flags.insecure, "CERTIFICATES NOT VERIFIED", "INSECURE"),
        (flags.allow_private, "PRIVATE ADDRESSES ALLOWED", "PRIVATE"),
    ]
    .into_iter()
    .filter(|(set, ..)| *set)
    .map(|(_, long, brief)| {
        let style = theme.bold(Role::Server);
        Segment::new(0, if short { brief } else { long }, style)
    })
    .collect()
}

/// Run state, time, database: what the first line says on its right, in so many columns. Of
/// several reasons to pause each is named, in short where they would not fit.
#[must_use]
pub fn state_segments<'a>(
    painter: &Painter<'_>,
    app: &App,
    live: &Snapshot,
    columns: u16,
) -> Vec<Segment<'a>> {
    let theme = painter.theme;
    let (glyph, word, style) = theme.run_state(live.run);
    let mut state = vec![Span::styled(format!("{glyph} {word}"), style)];
    if live.run == RunState::Paused {
        let named = |short: bool| {
            let reasons: Vec<_> = live.pause_reasons.iter().map(|r| reason(*r, short)).collect();
            reasons.join(", ")
        };
        let mut reasons = named(false);
        // State, time, and the gaps between them come first.
        if text::width(&reasons) + 20 > columns.into() {
            reasons = named(true);
        }
        if !reasons.is_empty() {
            state.push(Span::styled(format!(" {reasons}"), theme.text(Role::Wait)));
        }
    }
    let mut segments = Vec::new();
    if let Some(frozen) = &app.frozen {
        let text = format!(" FROZEN at {} ", units::elapsed(frozen.at_s));
        segments.push(Segment::new(0, text, theme.text(Role::Wait).patch(theme.selected())));
    }
    segments.push(Segment::of(0, state));
    if let Some(slow) = live.slow {
        segments.push(Segment::new(0, slow.to_string(), theme.bold(Role::Wait)));
    }
    segments.push(Segment::new(1, units::elapsed(live.at_s), theme.strong()));
    let db = match &app.database {
        ShownDatabase::Temporary => "temporary database".to_owned(),
        _ => text::cut(&text::clean(&live.db), 24).into_owned(),
    };
    // Where there is little room, a temporary one says nothing.
    let rank = if app.database == ShownDatabase::Temporary { 9 } else { 3 };
    segments.push(Segment::new(rank, db, theme.dim()));
    segments.push(Segment::new(2, format!("crawl {}", live.crawl_id), theme.dim()));
    segments
}

const fn reason(reason: PauseReason, short: bool) -> &'static str {
    match (reason, short) {
        (PauseReason::User, _) => "by you",
        (PauseReason::Disk, false) => "disk nearly full",
        (PauseReason::Disk, true) => "disk",
        (PauseReason::Memory, false) => "memory nearly used up",
        (PauseReason::Memory, true) => "memory",
        (PauseReason::Files, false) => "too many open files",
        (PauseReason::Files, true) => "files",
    }
}
