//! The way between two stages: dense before the limit, sparse behind it, so that pressure can be seen from
//! afar, without colour and without a word.

use ratatui::layout::Rect;

use super::motion::Motion;
use super::track_state::TrackState;
use crate::crawl::protocol::flow::TRACKS;
use crate::crawl::protocol::snapshot::{RunState, Snapshot};
use crate::ui::paint::Painter;
use crate::ui::palette::Role;

/// Draws the ways between the stages: each from where one frame ends to where the next begins, at `row`, and
/// below it how many pages pass in a second:
///
/// ```text
/// ●●●·▶     ·●··▶     ●●●●┃     ····─     ●·●·‖
/// 51/s      51/s      0/s                 0/s
/// ```
pub fn draw(
    painter: &mut Painter<'_>,
    places: &[Rect; TRACKS],
    row: u16,
    with_rates: bool,
    motion: &Motion,
    s: &Snapshot,
) {
    for (track, place) in places.iter().enumerate() {
        let state = motion.state(track, s);
        one(painter, *place, row, track, state, motion);
        let rate = s.flow.per_s[track];
        if with_rates && s.run == RunState::Running && (rate > 0.0 || state != TrackState::Rest) {
            let rate = f64::from(rate).round() as u64;
            let number = if rate < 1000 { rate.to_string() } else { format!("{}k", rate / 1000) };
            let with_unit = format!("{number}/s");
            let room = usize::from(place.width);
            let words = [with_unit, number].into_iter().find(|words| words.len() <= room);
            let style = painter.theme.dim();
            painter.text(*place, 0, row + 1, &words.unwrap_or_default(), style);
        }
    }
}

/// Draws one way at a row of a place.
pub fn one(
    painter: &mut Painter<'_>,
    place: Rect,
    row: u16,
    track: usize,
    state: TrackState,
    motion: &Motion,
) {
    let theme = painter.theme;
    let cells = place.width.saturating_sub(1);
    for cell in 0..cells {
        let dot = match state {
            TrackState::Rest => None,
            TrackState::Paused => (cell % 2 == 0).then_some(Role::Wait),
            TrackState::Blocked => Some(Role::Blocked),
            TrackState::Full => motion.dense(track, cell, cells).then_some(Role::Blocked),
            TrackState::Free => motion.sparse(track, cell, cells),
        };
        match dot {
            Some(role) => painter.glyph(place, cell, row, "●", theme.mark(role)),
            None => painter.glyph(place, cell, row, "·", theme.mark(Role::Faint)),
        }
    }
    painter.glyph(place, cells, row, state.head(), theme.mark(state.role()));
}
