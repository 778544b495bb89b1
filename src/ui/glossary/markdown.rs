//! The glossary as the documentation shows it.

use std::fmt::Write as _;

use super::entry::{GlossaryEntry, GlossaryPlace};
use super::product::PRODUCT;
use super::screens::SCREENS;

/// The words of the product with the modules that own them.
#[must_use]
pub fn glossary_markdown() -> String {
    let mut out = String::from("| word | meaning | module |\n|---|---|---|\n");
    for word in PRODUCT {
        let module = match word.module {
            "–" => "–".to_owned(),
            module => format!("`{module}`"),
        };
        let _ = writeln!(out, "| {} | {} | {module} |", word.entry.label(), word.entry.meaning);
    }
    out
}

/// Further words and signs, by the screen on which they are seen.
#[must_use]
pub fn screen_words_markdown() -> String {
    let mut out = String::new();
    for place in GlossaryPlace::ALL {
        let first = |entry: &&GlossaryEntry| entry.places.first() == Some(&place);
        let title = place.name();
        let _ = writeln!(out, "\n### {title}\n\n| word or sign | meaning |\n|---|---|");
        for entry in SCREENS.iter().filter(first) {
            let _ = writeln!(out, "| {} | {} |", entry.label(), entry.meaning);
        }
    }
    out
}
