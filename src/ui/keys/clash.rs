//! What a set of keys must be: no key with two meanings in one place, none that typing needs.

use std::mem::discriminant;

use crossterm::event::KeyCode;

use super::binding::{Binding, BoundKey, KeyContext};
use super::table::KEYS;

/// Ctrl with these edits what is typed into a prompt.
const EDITS: &str = "abdefhkuwy";

/// Checks all rows.
///
/// # Errors
/// The first thing wrong, and what to do, in a line.
pub(super) fn check(rows: &[Binding]) -> Result<(), String> {
    for row in rows {
        if row.context == KeyContext::Prompt
            && let Some(key) = row.keys.iter().find(|key| types(**key))
        {
            return Err(format!(
                "{} cannot be {}: a prompt needs that key for typing; take Ctrl with another letter, \
                 or a function key",
                key.name(),
                row.name
            ));
        }
    }
    for (at, row) in rows.iter().enumerate() {
        for other in &rows[at + 1..] {
            let Some(key) = row.keys.iter().find(|key| other.keys.contains(key)) else { continue };
            if row.context == other.context {
                return Err(clash(*key, row, other));
            }
            let falls_back = |one: &Binding, other: &Binding| {
                one.context.falls_back() && other.context == KeyContext::Anywhere
            };
            let covers = falls_back(row, other) || falls_back(other, row);
            if covers && !may_cover(row, other) {
                return Err(clash(*key, row, other));
            }
        }
    }
    Ok(())
}

fn clash(key: BoundKey, one: &Binding, other: &Binding) -> String {
    let at = |row: &Binding| format!("{} ({}{})", row.name, row.context.prefix(), row.help);
    format!(
        "{} would be two things at once: {} and {}; give one of them another key",
        key.name(),
        at(one),
        at(other)
    )
}

/// Whether one of two actions, of which one holds anywhere, takes the key of the other in its context on
/// purpose: it does with the keys of the table, or an action of its kind does.
fn may_cover(one: &Binding, other: &Binding) -> bool {
    let kinds = |a: &Binding, b: &Binding| (discriminant(&a.action), discriminant(&b.action));
    let shares = |a: &Binding, b: &Binding| {
        a.context != b.context && a.keys.iter().any(|key| b.keys.contains(key))
    };
    let is_pair = |a: &Binding, b: &Binding| kinds(a, b) == kinds(one, other) && shares(a, b);
    KEYS.iter().any(|a| KEYS.iter().any(|b| is_pair(a, b)))
}

/// Whether a key types or edits text in a prompt.
fn types(key: BoundKey) -> bool {
    match key.code {
        KeyCode::Char(c) => !key.ctrl || EDITS.contains(c),
        KeyCode::Backspace
        | KeyCode::Delete
        | KeyCode::Left
        | KeyCode::Right
        | KeyCode::Home
        | KeyCode::End => true,
        _ => false,
    }
}
