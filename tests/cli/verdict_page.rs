//! The table of docs/verdict.md: the scenes that the verdict is tested on.
#![cfg(feature = "tui")]

use std::fmt::Write as _;

use crawldeck::crawl::protocol::verdict::{Advice, Limit};
use crawldeck::ui::keys::KeyMap;

use crate::verdict_scenes::VERDICT_SCENES;

/// What is said of a limit and an advice: the server, and that the key `-` lowers permits.
fn verdict_words((limit, said): (Limit, Advice)) -> String {
    let limit = match limit {
        Limit::Unknown => "not known yet",
        Limit::Paused => "paused",
        Limit::Over => "over",
        Limit::Permits => "permits",
        Limit::Workers => "workers",
        Limit::Rate => "the rate",
        Limit::HostPace => "host pace",
        Limit::Server => "the server",
        Limit::Cpu => "our CPU",
        Limit::Parsing => "parsing",
        Limit::Saver => "the saver or the database",
        Limit::Frontier => "the frontier",
    };
    let key = KeyMap::default()
        .advice(said)
        .map_or_else(String::new, |(key, what)| format!(", `{key}` {what}"));
    format!("{limit}{key}")
}

/// The table.
pub fn verdict_scenes_markdown() -> String {
    let mut out = String::from("| scene | set up | the verdict | why |\n|---|---|---|---|\n");
    for scene in VERDICT_SCENES {
        let said: Vec<_> = scene.expected.iter().copied().map(verdict_words).collect();
        let (name, setup, why) = (scene.name, scene.setup, scene.why);
        let _ = writeln!(out, "| `{name}` | {setup} | {} | {why} |", said.join("; or "));
    }
    out
}
