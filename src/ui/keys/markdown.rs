//! The key table as the documentation shows it.

use std::fmt::Write as _;

use super::binding::{KeyContext, KeyGroup};
use super::listing::rows_of;
use super::table::TYPED;

impl KeyContext {
    /// The context in words, in front of what a key does: `on the Hosts tab: `.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Anywhere => "",
            Self::HostsTab => "on the Hosts tab: ",
            Self::FaultPanel => "on the fault panel: ",
            Self::SceneMenu => "in the menu of scenes: ",
            Self::Prompt => "in a prompt: ",
            Self::Race => "in the race of `compare`: ",
        }
    }
}

/// The table as Markdown, for the documentation.
#[must_use]
pub fn keys_table_markdown() -> String {
    let mut out = String::from("| key | what it does |\n|---|---|\n");
    for group in KeyGroup::ALL {
        // Rows that say the same are one.
        for rows in rows_of(group).chunk_by(|a, b| a.help == b.help) {
            let keys = rows.iter().flat_map(|row| row.keys);
            let names: Vec<_> = keys.map(|key| format!("`{}`", key.name())).collect();
            let prefix = match group {
                KeyGroup::Hosts => KeyContext::HostsTab.prefix(),
                _ => rows[0].context.prefix(),
            };
            let _ = writeln!(out, "| {} | {prefix}{} |", names.join(" "), rows[0].help);
        }
        if group == KeyGroup::Dials {
            let _ = writeln!(out, "| `Alt` + a dial key | ten times the step |");
        }
        if group == KeyGroup::Hosts {
            let _ = writeln!(out, "| `{}` | typed, for a host by name: {} |", TYPED.0, TYPED.1);
        }
    }
    out
}
