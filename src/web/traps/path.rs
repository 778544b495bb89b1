//! What the path of a URL shows by itself: repetitions, words of calendars, where it begins.

use super::shape::Shape;

/// Words in a path that say that its numbers are dates.
const CALENDARS: [&str; 8] =
    ["cal", "event", "agenda", "archive", "date", "month", "year", "schedule"];

/// Whether a word, or a group of words, stands more than `most` times among the segments of a
/// path. Numbers count as groups in a row alone: `/0/0/0/0.png` is a tile of a map.
pub(super) fn repeats(segments: &[(u64, bool)], most: usize) -> bool {
    if segments.len() <= most {
        return false;
    }
    let often = segments.iter().enumerate().any(|(at, segment)| {
        !segment.1 && segments[at..].iter().filter(|other| *other == segment).count() > most
    });
    often
        || (2..=segments.len() / (most + 1)).any(|period| {
            let mut run = 0;
            segments.iter().zip(&segments[period..]).any(|(one, next)| {
                run = if one == next { run + 1 } else { 0 };
                run >= period * most
            })
        })
}

pub(super) fn is_named(shape: Shape<'_>) -> bool {
    let path = shape.path.to_ascii_lowercase();
    CALENDARS.iter().any(|word| path.contains(word))
}

/// Writes host and first segments, with numbers left out.
pub(super) fn beginning(shape: Shape<'_>, host: &str, out: &mut String) {
    let path = shape.path;
    let end = path.match_indices('/').nth(3).map_or(path.len(), |(at, _)| at + 1);
    Shape { path: &path[..end], query: None }.pattern(host, out);
    out.push('…');
}
