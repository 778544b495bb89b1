//! The key table as the documentation shows it.

use std::fmt::Write as _;

use super::binding::{KeyContext, KeyGroup};
use super::key_map::KeyMap;
use super::table::TYPED;

/// The table as Markdown, for the documentation: keys, their meaning, and the names of the actions.
#[must_use]
pub fn keys_table_markdown() -> String {
    let map = KeyMap::default();
    let mut out = String::from("| key | what it does | action |\n|---|---|---|\n");
    for group in KeyGroup::ALL {
        // Rows that say the same are one.
        for rows in map.rows_of(group).chunk_by(|a, b| a.help == b.help) {
            let keys = rows.iter().flat_map(|row| row.keys.iter());
            let keys: Vec<_> = keys.map(|key| format!("`{}`", key.name())).collect();
            let names: Vec<_> = rows.iter().map(|row| format!("`{}`", row.name)).collect();
            let prefix = match group {
                KeyGroup::Hosts => KeyContext::HostsTab.prefix(),
                _ => rows[0].context.prefix(),
            };
            let (keys, names) = (keys.join(" "), names.join(" "));
            let _ = writeln!(out, "| {keys} | {prefix}{} | {names} |", rows[0].help);
        }
        if group == KeyGroup::Dials {
            let _ = writeln!(out, "| `Alt` + a dial key | ten times the step | |");
        }
        if group == KeyGroup::Hosts {
            let typed = map.typed(TYPED.0);
            let _ = writeln!(out, "| `{typed}` | typed, for a host by name: {} | |", TYPED.1);
        }
    }
    out
}
