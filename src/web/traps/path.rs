//! Properties of the path of a URL: repetitions, calendar words, its beginning.

use super::shape::Shape;

/// Words in a path that indicate that its numbers are dates.
const CALENDARS: [&str; 8] =
    ["cal", "event", "agenda", "archive", "date", "month", "year", "schedule"];

/// Whether a segment, or a group of segments, occurs more than `most` times in a path. Numbers count
/// only as consecutive groups: `/0/0/0/0.png` is a map tile. Each segment is its hash and whether it
/// is a number.
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

pub(super) fn has_calendar_word(shape: Shape<'_>) -> bool {
    let path = shape.path.to_ascii_lowercase();
    CALENDARS.iter().any(|word| path.contains(word))
}

/// Writes the host and the first segments to `out`, with numbers replaced.
pub(super) fn write_beginning(shape: Shape<'_>, host: &str, out: &mut String) {
    let path = shape.path;
    let end = path.match_indices('/').nth(3).map_or(path.len(), |(at, _)| at + 1);
    Shape { path: &path[..end], query: None }.pattern(host, out);
    out.push('…');
}
