//! Where the stages stand and the ways between them, at every width.

use ratatui::layout::Rect;

use crate::crawl::protocol::flow::TRACKS;

/// Widths of the six frames and of a way, by the width of the screen.
const WIDTHS: [(u16, [u16; 6], u16); 5] = [
    (80, [10, 10, 13, 11, 11, 10], 3),
    (96, [12, 12, 16, 13, 13, 10], 4),
    (120, [14, 16, 21, 16, 16, 12], 5),
    (200, [26, 30, 42, 30, 28, 14], 6),
    (300, [40, 48, 70, 48, 46, 18], 6),
];

/// The frames of the stages, and the ways between them.
#[derive(Debug, Clone, Copy)]
pub struct Vessels {
    /// Frontier, queue, workers, gate, saver, database.
    pub frames: [Rect; 6],
    /// The ways.
    pub tracks: [Rect; TRACKS],
}

impl Vessels {
    /// The places in an area.
    #[must_use]
    pub fn new(area: Rect) -> Self {
        let (widths, track) = widths(area.width);
        let mut x = area.x;
        let mut tracks = [Rect::ZERO; TRACKS];
        let mut frames = [Rect::ZERO; 6];
        for (i, width) in widths.into_iter().enumerate() {
            frames[i] = Rect { x, width, ..area }.intersection(area);
            x += width;
            if let Some(place) = tracks.get_mut(i) {
                *place = Rect { x, width: track, ..area }.intersection(area);
                x += track;
            }
        }
        Self { frames, tracks }
    }
}

/// The widths for so many columns: between two of the table in proportion, what is left to the workers.
fn widths(columns: u16) -> ([u16; 6], u16) {
    let above = WIDTHS.iter().position(|(width, ..)| *width > columns).unwrap_or(WIDTHS.len());
    let (from, small, track) = WIDTHS[above.saturating_sub(1)];
    let mut widths = small;
    if let Some((to, large, _)) = WIDTHS.get(above).filter(|_| above > 0) {
        let (part, whole) = (u32::from(columns - from), u32::from(to - from));
        for (width, (small, large)) in widths.iter_mut().zip(small.iter().zip(large)) {
            *width = small + (u32::from(large - small) * part / whole) as u16;
        }
    }
    let used: u16 = widths.iter().sum::<u16>() + track * TRACKS as u16;
    widths[2] += columns.saturating_sub(used);
    (widths, track)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_is_used_to_its_last_column() {
        for width in 80..400 {
            let area = Rect { x: 0, y: 0, width, height: 7 };
            let places = Vessels::new(area);
            assert_eq!(places.frames[5].right(), width);
            for (i, track) in places.tracks.iter().enumerate() {
                assert_eq!(places.frames[i].right(), track.x);
                assert_eq!(track.right(), places.frames[i + 1].x);
            }
        }
        for (width, frames, track) in WIDTHS {
            assert_eq!(widths(width), (frames, track), "{width}");
        }
    }
}
