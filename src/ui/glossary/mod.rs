//! What the words and signs mean: one table for the help on every screen and for docs/glossary.md.
//!
//! ```text
//! product   words of the product, with the module that owns each
//! screens   further words and signs of single screens
//! entry     what a row of them is made of
//! markdown  both as the documentation shows them
//! ```

mod entry;
#[cfg(feature = "internals")]
mod markdown;
mod product;
mod screens;

pub use entry::{GlossaryEntry, GlossaryPlace};
#[cfg(feature = "internals")]
pub use markdown::{glossary_markdown, screen_words_markdown};
use product::PRODUCT;
use screens::SCREENS;

/// What is explained at a place, the words of the product first.
pub fn at(place: GlossaryPlace) -> impl Iterator<Item = &'static GlossaryEntry> {
    let product = PRODUCT.iter().map(|word| &word.entry);
    product.chain(SCREENS).filter(move |entry| entry.places.contains(&place))
}

#[cfg(feature = "internals")]
/// Whether a word is explained at a place, or everywhere.
#[must_use]
pub fn explains(place: GlossaryPlace, word: &str) -> bool {
    [place, GlossaryPlace::Everywhere].into_iter().any(|place| {
        at(place).any(|entry| entry.words.iter().any(|known| known.eq_ignore_ascii_case(word)))
    })
}
