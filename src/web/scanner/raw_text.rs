//! Text in which tags do not count: where the end tag of the element is, and the parts of a script that
//! are written as a comment.

use memchr::{memchr, memchr2};

use super::tag::ends_name;

/// Whether what was asked for stands at a `<`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Text,
    Match,
    /// The bytes end before it can be told.
    Unknown,
}

/// Whether a tag begins in `bytes`, which are what follows its `<` and `/`.
pub(super) fn tag_at(bytes: &[u8], name: &[u8]) -> Found {
    let length = bytes.len().min(name.len());
    if !bytes[..length].eq_ignore_ascii_case(&name[..length]) {
        return Found::Text;
    }
    match bytes.get(name.len()) {
        Some(&byte) if ends_name(byte) => Found::Match,
        Some(_) => Found::Text,
        None => Found::Unknown,
    }
}

/// Whether the end tag of an element stands in `bytes`, which begin with `<`.
pub(super) fn end_tag_at(bytes: &[u8], name: &[u8]) -> Found {
    match bytes.get(1) {
        Some(b'/') => tag_at(&bytes[2..], name),
        Some(_) => Found::Text,
        None => Found::Unknown,
    }
}

/// A place in a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScriptPlace {
    Code,
    /// Behind `<!--`.
    Escaped,
    /// Behind `<script` there, whose end tag is none of the element.
    DoubleEscaped,
}

/// What ends a stretch of a script.
#[derive(Debug)]
pub(super) enum ScriptStep {
    /// The text goes on behind this place.
    Text(usize, ScriptPlace),
    /// The end tag of the script stands here.
    EndTag(usize),
    /// It is text up to here; what follows cannot be told yet.
    Unknown(usize),
}

const SCRIPT: &[u8] = b"script";

/// Reads a script from `at`, where it is at `place`.
pub(super) fn script_step(bytes: &[u8], at: usize, place: ScriptPlace) -> ScriptStep {
    let rest = &bytes[at..];
    let found = match place {
        ScriptPlace::Code => memchr(b'<', rest),
        ScriptPlace::Escaped | ScriptPlace::DoubleEscaped => memchr2(b'<', b'>', rest),
    };
    let Some(found) = found else {
        // Dashes may belong to the end of the comment.
        let dashes = rest.iter().rev().take(2).take_while(|byte| **byte == b'-').count();
        let kept = if place == ScriptPlace::Code { 0 } else { dashes };
        return ScriptStep::Unknown(bytes.len() - kept);
    };
    let here = at + found;
    let next = here + 1;
    if bytes[here] == b'>' {
        let ended = rest[..found].ends_with(b"--");
        return ScriptStep::Text(next, if ended { ScriptPlace::Code } else { place });
    }
    let tag = &bytes[here..];
    let result = match (place, end_tag_at(tag, SCRIPT)) {
        (ScriptPlace::DoubleEscaped, Found::Match) => {
            return ScriptStep::Text(next, ScriptPlace::Escaped);
        }
        (_, Found::Match) => return ScriptStep::EndTag(here),
        (ScriptPlace::Code, Found::Text) => match comment_at(tag) {
            // Its dashes may be those of its end.
            Found::Match => return ScriptStep::Text(next + 1, ScriptPlace::Escaped),
            other => other,
        },
        (ScriptPlace::Escaped, Found::Text) => match tag_at(&tag[1..], SCRIPT) {
            Found::Match => return ScriptStep::Text(next, ScriptPlace::DoubleEscaped),
            other => other,
        },
        (_, other) => other,
    };
    match result {
        Found::Unknown => ScriptStep::Unknown(here),
        _ => ScriptStep::Text(next, place),
    }
}

/// Whether a comment begins in `bytes`, which begin with `<`.
fn comment_at(bytes: &[u8]) -> Found {
    let start = b"<!--";
    let length = bytes.len().min(start.len());
    match bytes[..length] == start[..length] {
        true if length == start.len() => Found::Match,
        true => Found::Unknown,
        false => Found::Text,
    }
}
