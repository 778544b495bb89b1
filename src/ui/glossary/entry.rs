//! What a row of the glossary is made of.

/// Where a word is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GlossaryPlace {
    /// The two lines at the top and the two at the bottom of every tab.
    Everywhere,
    /// The Deck.
    Deck,
    /// The Workers tab.
    Workers,
    /// The Hosts tab.
    Hosts,
    /// The Pages tab.
    Pages,
    /// The Tuning tab.
    Tuning,
    /// The Log tab.
    Log,
    /// The fault panel.
    Faults,
    /// The menu of scenes, and the panel of a scene.
    Scenes,
    /// The race of `compare`.
    Race,
}

impl GlossaryPlace {
    /// All of them, in order.
    #[cfg(feature = "internals")]
    pub const ALL: [Self; 10] = [
        Self::Deck,
        Self::Workers,
        Self::Hosts,
        Self::Pages,
        Self::Tuning,
        Self::Log,
        Self::Faults,
        Self::Scenes,
        Self::Race,
        Self::Everywhere,
    ];

    /// Its title.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Everywhere => "On every tab",
            Self::Deck => "On the Deck",
            Self::Workers => "On the Workers tab",
            Self::Hosts => "On the Hosts tab",
            Self::Pages => "On the Pages tab",
            Self::Tuning => "On the Tuning tab",
            Self::Log => "On the Log tab",
            Self::Faults => "On the fault panel",
            Self::Scenes => "Scenes",
            Self::Race => "In the race",
        }
    }
}

/// A word or sign with its meaning.
#[derive(Debug, Clone, Copy)]
pub struct GlossaryEntry {
    /// The word, and others for the same that are seen beside it.
    pub words: &'static [&'static str],
    /// What it means, in a sentence without a full stop.
    pub meaning: &'static str,
    /// Where it is seen.
    pub places: &'static [GlossaryPlace],
}

impl GlossaryEntry {
    /// The words as they are shown: without plurals.
    #[must_use]
    pub fn label(&self) -> String {
        let is_plural =
            |word: &&str| word.strip_suffix('s').is_some_and(|one| self.words.contains(&one));
        let shown: Vec<_> = self.words.iter().copied().filter(|word| !is_plural(word)).collect();
        shown.join(", ")
    }
}

/// A word of the product.
#[derive(Debug, Clone, Copy)]
pub struct ProductWord {
    /// The word.
    pub entry: GlossaryEntry,
    /// The module that owns it; `–` for what is not built yet.
    #[cfg_attr(
        not(feature = "internals"),
        expect(dead_code, reason = "read by the documentation")
    )]
    pub module: &'static str,
}
