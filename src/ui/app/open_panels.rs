//! What is open beside or on top of a tab, and how it is looked at.

/// The fault panel.
#[derive(Debug, Clone, Copy, Default)]
pub struct FaultPanel {
    /// Whether it stands beside the Deck.
    pub open: bool,
    /// The fault selected on it, by its place in [`Fault::ALL`](crate::settings::faults::Fault::ALL).
    pub at: usize,
}

/// Which page of the help is seen, where words and keys have one each.
#[derive(Debug, Clone, Copy, Default)]
pub struct HelpPages {
    /// The keys, not the words.
    pub shows_keys: bool,
    /// Whether there are two pages; set by the draw.
    pub apart: bool,
}
