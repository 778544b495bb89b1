//! The keys of a run: those of the table, a preset's, and what the user chose instead.

use std::borrow::Cow;
use std::sync::Arc;

use super::binding::{Binding, BoundKey, KeyContext};
use super::table::KEYS;
use super::{clash, preset};
use crate::settings::key_settings::{KeyChoice, KeySettings};
use crate::ui::action::Action;

/// Names that are less alike than this are not proposed.
const ALIKE: f64 = 0.7;

/// Every action with its keys. A clone costs a counter.
#[derive(Debug, Clone)]
pub struct KeyMap {
    rows: Arc<[Binding]>,
}

impl Default for KeyMap {
    fn default() -> Self {
        Self { rows: KEYS.into() }
    }
}

impl KeyMap {
    /// The keys that the user wants.
    ///
    /// # Errors
    /// What is wrong and what to do, in a line: an action or a key that does not exist, an action without a
    /// key, a key with two meanings in one place, a key that typing needs.
    pub fn new(settings: &KeySettings) -> Result<Self, String> {
        let mut rows = KEYS.to_vec();
        for row in &mut rows {
            if let Some(keys) = preset::keys_of(settings.preset, row.name) {
                row.keys = Cow::Borrowed(keys);
            }
        }
        for choice in &settings.choices {
            let (at, keys) = read(choice)?;
            rows[at].keys = Cow::Owned(keys);
        }
        clash::check(&rows)?;
        Ok(Self { rows: rows.into() })
    }

    /// All actions, in the order of the table.
    #[must_use]
    pub fn rows(&self) -> &[Binding] {
        &self.rows
    }

    /// The name of the first key bound to an action, where nothing is open; where it has a key only in a
    /// context, that one's.
    #[must_use]
    pub fn name_of(&self, action: Action) -> String {
        let row = self.rows.iter().find(|row| row.action == action);
        row.map_or_else(String::new, |row| row.keys[0].name())
    }

    /// The name of the first key bound to an action in a context.
    #[must_use]
    pub fn name_in(&self, context: KeyContext, action: Action) -> String {
        let mut rows = self.rows.iter().filter(|row| row.context == context);
        let row = rows.find(|row| row.action == action);
        row.map_or_else(|| self.name_of(action), |row| row.keys[0].name())
    }

    /// A text with names of actions in braces, each replaced by its key: `{pause} resumes`.
    #[must_use]
    pub fn filled(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
        {
            out.push_str(before);
            let row = self.rows.iter().find(|row| row.name == name);
            out.push_str(&row.map_or_else(|| name.to_owned(), |row| row.keys[0].name()));
            rest = after;
        }
        out + rest
    }
}

/// Checks a choice by itself: the action and the keys must be there.
///
/// # Errors
/// What is wrong, in a line.
pub fn check_choice(choice: &KeyChoice) -> Result<(), String> {
    read(choice).map(|_| ())
}

/// The row of the table that a choice is of, and the keys it gives.
fn read(choice: &KeyChoice) -> Result<(usize, Vec<BoundKey>), String> {
    let Some(at) = KEYS.iter().position(|row| row.name == choice.action) else {
        return Err(no_action(&choice.action));
    };
    let row = &KEYS[at];
    let mut keys: Vec<BoundKey> =
        choice.keys.iter().map(|key| key.parse()).collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Err(format!(
            "{} would have no key: give it one (the space bar is Space), or leave the line out",
            row.name
        ));
    }
    // Ctrl-C stops, as in every program.
    if row.action == Action::Stop && !keys.contains(&BoundKey::INTERRUPT) {
        keys.push(BoundKey::INTERRUPT);
    }
    keys.dedup();
    Ok((at, keys))
}

fn no_action(name: &str) -> String {
    let likeness = |row: &&Binding| strsim::jaro_winkler(row.name, name);
    let near = KEYS.iter().filter(|row| likeness(row) > ALIKE);
    let near = near.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let near = near.map_or(String::new(), |row| format!("; the nearest is {}", row.name));
    format!("no action is called '{name}'{near} (docs/keys.md lists them)")
}
