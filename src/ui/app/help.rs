//! Part of `impl App`: the help, and what it explains.

use super::state::App;
use crate::ui::action::Tab;
use crate::ui::glossary::GlossaryPlace;

impl App {
    /// Opens the help, goes to its second page if there is one, closes it.
    pub(super) fn toggle_help(&mut self) {
        let turns = self.help.is_some() && self.help_pages.apart && !self.help_pages.shows_keys;
        self.help = if self.help.is_none() || turns { Some(0) } else { None };
        self.help_pages.shows_keys = turns;
    }

    /// Whose words the help explains: what lies on the tab, or the tab.
    #[must_use]
    pub fn glossary_place(&self) -> GlossaryPlace {
        match self.tab {
            _ if self.scenes.is_some() => GlossaryPlace::Scenes,
            Tab::Deck if self.shows_faults() => GlossaryPlace::Faults,
            Tab::Deck => GlossaryPlace::Deck,
            Tab::Workers => GlossaryPlace::Workers,
            Tab::Hosts => GlossaryPlace::Hosts,
            Tab::Pages => GlossaryPlace::Pages,
            Tab::Tuning => GlossaryPlace::Tuning,
            Tab::Log => GlossaryPlace::Log,
        }
    }
}
