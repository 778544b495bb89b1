//! What a row of the key table is made of.

use std::borrow::Cow;

use crossterm::event::KeyCode;

use crate::ui::action::{Action, Tab};

/// A key as the table writes it: a code, with or without Ctrl.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BoundKey {
    /// Which key.
    pub code: KeyCode,
    /// Whether Ctrl is held.
    pub ctrl: bool,
}

pub(super) const fn key(c: char) -> BoundKey {
    BoundKey { code: KeyCode::Char(c), ctrl: false }
}

pub(super) const fn ctrl(c: char) -> BoundKey {
    BoundKey { code: KeyCode::Char(c), ctrl: true }
}

pub(super) const fn code(code: KeyCode) -> BoundKey {
    BoundKey { code, ctrl: false }
}

impl BoundKey {
    /// What stops a program everywhere.
    pub const INTERRUPT: Self = ctrl('c');

    /// How the key is called on screen.
    #[must_use]
    pub fn name(self) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(c) if self.ctrl => c.to_uppercase().to_string(),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::Up => "↑".to_owned(),
            KeyCode::Down => "↓".to_owned(),
            KeyCode::Left => "←".to_owned(),
            KeyCode::Right => "→".to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::BackTab => "Shift-Tab".to_owned(),
            KeyCode::F(number) => format!("F{number}"),
            other => format!("{other:?}"),
        };
        if self.ctrl { format!("Ctrl-{name}") } else { name }
    }
}

/// Groups of keys, as help and documentation show them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyGroup {
    /// Dials of the pipeline.
    Dials,
    /// The crawl as a whole.
    Crawl,
    /// What is seen.
    View,
    /// The host selected on the Hosts tab.
    Hosts,
    /// The fault panel.
    Faults,
    /// The menu of scenes.
    Scenes,
    /// The guided tour.
    Tour,
    /// Moving in tables, pages and help.
    Lists,
    /// An open prompt.
    Prompt,
    /// The race of `compare`.
    Race,
}

impl KeyGroup {
    /// All of them, in order.
    pub const ALL: [Self; 10] = [
        Self::Dials,
        Self::Crawl,
        Self::View,
        Self::Hosts,
        Self::Faults,
        Self::Scenes,
        Self::Tour,
        Self::Lists,
        Self::Prompt,
        Self::Race,
    ];

    /// Whether the help of the dashboard lists it. The tour names its keys itself, as do a prompt and the race,
    /// from which the help cannot be opened.
    #[must_use]
    pub const fn is_in_help(self) -> bool {
        !matches!(self, Self::Prompt | Self::Race | Self::Tour)
    }

    /// Its title.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dials => "Dials",
            Self::Crawl => "Crawl",
            Self::View => "View",
            Self::Hosts => "Selected host, on the Hosts tab",
            Self::Faults => "Faults, on their panel",
            Self::Scenes => "Scenes, in their menu",
            Self::Tour => "Tour, of crawldeck tour",
            Self::Lists => "Lists",
            Self::Prompt => "Prompt",
            Self::Race => "Race of compare",
        }
    }
}

/// What has to be seen for a key to have a meaning of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyContext {
    /// Nothing: the meaning holds wherever no other one does.
    Anywhere,
    /// The Hosts tab.
    HostsTab,
    /// The fault panel.
    FaultPanel,
    /// The menu of scenes.
    SceneMenu,
    /// A table whose column to sort by is chosen.
    ColumnChoice,
    /// An open prompt. Keys without a row of their own are text.
    Prompt,
    /// The race of `compare`. Keys without a row of their own mean nothing.
    Race,
}

impl KeyContext {
    /// The context of a tab on which nothing else is open.
    #[must_use]
    pub const fn of(tab: Tab) -> Self {
        if matches!(tab, Tab::Hosts) { Self::HostsTab } else { Self::Anywhere }
    }

    /// The context in words, in front of what a key does: `on the Hosts tab: `.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Anywhere => "",
            Self::HostsTab => "on the Hosts tab: ",
            Self::FaultPanel => "on the fault panel: ",
            Self::SceneMenu => "in the menu of scenes: ",
            Self::ColumnChoice => "while a column is chosen: ",
            Self::Prompt => "in a prompt: ",
            Self::Race => "in the race of `compare`: ",
        }
    }

    /// Whether a key without a meaning of its own means here what it means anywhere else.
    #[must_use]
    pub const fn falls_back(self) -> bool {
        !matches!(self, Self::Prompt | Self::Race)
    }
}

/// One row of the table.
#[derive(Debug, Clone)]
pub struct Binding {
    /// What the configuration calls it: `workers-up`.
    pub name: &'static str,
    /// Keys that do it; the first is the one to name.
    pub keys: Cow<'static, [BoundKey]>,
    /// What they do.
    pub action: Action,
    /// The same in words.
    pub help: &'static str,
    /// Where the help lists it.
    pub group: KeyGroup,
    /// A word for the footer, or for the frame of the panel that the group is about; empty for
    /// keys shown in neither.
    pub hint: &'static str,
    /// Where the keys mean this instead of what they mean anywhere else.
    pub context: KeyContext,
}

/// A row that holds wherever no other meaning of its keys does.
pub(super) const fn bind(
    group: KeyGroup,
    name: &'static str,
    keys: &'static [BoundKey],
    action: Action,
    hint: &'static str,
    help: &'static str,
) -> Binding {
    let keys = Cow::Borrowed(keys);
    Binding { name, keys, action, help, group, hint, context: KeyContext::Anywhere }
}

/// Keys that mean something else in a context; each context has a group of its own.
pub(super) const fn bind_in(
    context: KeyContext,
    name: &'static str,
    keys: &'static [BoundKey],
    action: Action,
    hint: &'static str,
    help: &'static str,
) -> Binding {
    let group = match context {
        KeyContext::Anywhere | KeyContext::HostsTab => KeyGroup::Hosts,
        KeyContext::FaultPanel => KeyGroup::Faults,
        KeyContext::SceneMenu => KeyGroup::Scenes,
        KeyContext::ColumnChoice => KeyGroup::Lists,
        KeyContext::Prompt => KeyGroup::Prompt,
        KeyContext::Race => KeyGroup::Race,
    };
    let keys = Cow::Borrowed(keys);
    Binding { name, keys, action, help, group, hint, context }
}
