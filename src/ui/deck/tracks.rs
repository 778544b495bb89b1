//! The way between two stages: dense before the limit, sparse behind it, so that pressure can be seen from
//! afar, without colour and without a word.

use ratatui::layout::Rect;

use super::motion::Motion;
use super::track_state::TrackState;
use crate::crawl::protocol::flow::TRACKS;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::ui::paint::Painter;
use crate::ui::palette::Role;
use crate::ui::units;

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
        if with_rates && !s.run.is_final() && (rate > 0.0 || state != TrackState::Rest) {
            let words = format!("{}/s", units::short_count(f64::from(rate).round() as u64));
            let fits = words.len() <= usize::from(place.width);
            let style = painter.theme.dim();
            painter.text(*place, 0, row + 1, if fits { &words } else { "" }, style);
        }
    }
}

fn one(
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
