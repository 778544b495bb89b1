//! The key table: one row per action, read by dispatch, help, footer and the README.
//!
//! A dial key with Alt, Ctrl or Shift held turns ten times as far. Shift can be told only for
//! keys that need no Shift themselves (the number pad's `+` and `-`, where the terminal speaks
//! the kitty protocol), so Alt is the one to name.

use std::fmt::Write as _;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{Action, Tab};
use crate::crawl::protocol::verdict::Advice;
use crate::settings::dials::Dial;

/// A key as the table writes it: a code, with or without Ctrl.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which key.
    pub code: KeyCode,
    /// Whether Ctrl is held.
    pub ctrl: bool,
}

const fn key(c: char) -> Key {
    Key { code: KeyCode::Char(c), ctrl: false }
}

const fn ctrl(c: char) -> Key {
    Key { code: KeyCode::Char(c), ctrl: true }
}

const fn code(code: KeyCode) -> Key {
    Key { code, ctrl: false }
}

impl Key {
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
            other => format!("{other:?}"),
        };
        if self.ctrl { format!("Ctrl-{name}") } else { name }
    }
}

/// Groups of keys, as the help shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// Dials of the pipeline.
    Dials,
    /// The crawl as a whole.
    Crawl,
    /// What can be made worse.
    Faults,
    /// The host selected on the Hosts tab.
    Hosts,
    /// What is seen.
    View,
    /// Moving in tables, pages and help.
    Lists,
}

impl Group {
    /// All of them, in order.
    pub const ALL: [Self; 6] =
        [Self::Dials, Self::Crawl, Self::Faults, Self::Hosts, Self::View, Self::Lists];

    /// Its title.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dials => "Dials",
            Self::Crawl => "Crawl",
            Self::Faults => "Faults",
            Self::Hosts => "Selected host, on the Hosts tab",
            Self::View => "View",
            Self::Lists => "Lists",
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// Keys that do it; the first is the one to name.
    pub keys: &'static [Key],
    /// What they do.
    pub action: Action,
    /// The same in words.
    pub help: &'static str,
    /// Where the help lists it.
    pub group: Group,
    /// A word for the footer, for those shown there.
    pub hint: &'static str,
    /// The tab on which the keys mean this instead of what they mean elsewhere; `None` for
    /// keys that mean the same everywhere.
    pub only: Option<Tab>,
}

const fn bind(
    group: Group,
    keys: &'static [Key],
    action: Action,
    hint: &'static str,
    help: &'static str,
) -> Binding {
    Binding { keys, action, help, group, hint, only: None }
}

/// Keys that mean something else on the Hosts tab.
const fn on_hosts(
    keys: &'static [Key],
    action: Action,
    hint: &'static str,
    help: &'static str,
) -> Binding {
    Binding { keys, action, help, group: Group::Hosts, hint, only: Some(Tab::Hosts) }
}

/// What holds for every dial key.
pub const TEN_TIMES: (&str, &str) = ("Alt + a dial key", "ten times the step");

/// Keys that mean something of their own on the fault panel.
pub const ON_FAULTS: (&str, &str) = ("↑ ↓ ← →", "there: select; milder, worse; Enter types");

/// Typed commands for a host.
pub const TYPED: (&str, &str) = (":hold HOST", "also release, skip, reset, limit N");

/// The table.
pub const KEYS: &[Binding] = {
    use Action as A;
    use Dial as D;
    use Group as G;
    &[
        bind(G::Dials, &[key('+'), key('=')], A::Turn(D::Permits, 1), "permits", "one permit more"),
        bind(G::Dials, &[key('-'), key('_')], A::Turn(D::Permits, -1), "", "one permit fewer"),
        bind(G::Dials, &[key(']')], A::Turn(D::Workers, 1), "workers", "one worker more"),
        bind(G::Dials, &[key('[')], A::Turn(D::Workers, -1), "", "one worker fewer"),
        bind(
            G::Dials,
            &[key('}')],
            A::Turn(D::Queue, 10),
            "queue",
            "room for ten more in the queue",
        ),
        bind(G::Dials, &[key('{')], A::Turn(D::Queue, -10), "", "room for ten fewer in the queue"),
        bind(G::Dials, &[key('>')], A::Turn(D::Rate, 1), "rate", "a faster rate"),
        bind(G::Dials, &[key('<')], A::Turn(D::Rate, -1), "", "a slower rate"),
        bind(G::Crawl, &[key(' ')], A::Pause, "pause", "pause, or go on"),
        bind(G::Crawl, &[key('u')], A::Undo, "undo", "undo the last change"),
        bind(G::Crawl, &[key(':')], A::Ask, "set", "type a value: permits 64, rate off, …"),
        bind(G::Crawl, &[key('e')], A::Exclude, "exclude", "exclude a subtree of the page or host"),
        bind(G::Crawl, &[key('a')], A::Seed, "add seed", "add a seed"),
        bind(
            G::Crawl,
            &[key('q'), ctrl('c')],
            A::Stop,
            "stop",
            "stop; again: at once; once over: leave",
        ),
        bind(G::Faults, &[key('F')], A::Faults, "faults", "faults: make things slow or broken"),
        bind(G::Faults, &[code(KeyCode::Delete)], A::FaultOff, "", "the selected fault off"),
        bind(G::Faults, &[key('0')], A::ClearFaults, "", "all faults off"),
        bind(G::Faults, &[key('D')], A::Scenes, "scenes", "scenes: a stage set to show one thing"),
        on_hosts(&[key('+'), key('=')], A::HostLimit(1), "host limit", "host's limit up"),
        on_hosts(&[key('-'), key('_')], A::HostLimit(-1), "", "host's limit down"),
        bind(G::Hosts, &[key('o')], A::HostHold, "hold", "hold the host, or release it"),
        bind(G::Hosts, &[key('x')], A::HostSkip, "skip", "skip the rest of the host"),
        bind(
            G::Hosts,
            &[key('b')],
            A::HostReset,
            "breaker",
            "close the host's breaker, end its rest",
        ),
        bind(G::View, &[key('1')], A::Show(Tab::Deck), "", "the Deck"),
        bind(G::View, &[key('2')], A::Show(Tab::Workers), "", "the workers"),
        bind(G::View, &[key('3')], A::Show(Tab::Hosts), "", "the hosts"),
        bind(G::View, &[key('4')], A::Show(Tab::Pages), "", "the pages finished last"),
        bind(G::View, &[key('5')], A::Show(Tab::Log), "", "the log"),
        bind(G::View, &[code(KeyCode::Tab)], A::NextTab, "", "the next tab"),
        bind(G::View, &[code(KeyCode::BackTab)], A::PreviousTab, "", "the tab before"),
        bind(G::View, &[key('f')], A::Freeze, "freeze", "freeze the view, or let it move again"),
        bind(G::View, &[key('v')], A::LogMore, "more", "a more verbose log"),
        bind(G::View, &[key('V')], A::LogLess, "less", "a less verbose log"),
        bind(G::View, &[key('m')], A::Mouse, "", "the wheel scrolls, or the mouse is let go"),
        bind(G::View, &[key('?')], A::Help, "help", "this help"),
        bind(G::View, &[ctrl('l')], A::Redraw, "", "draw anew"),
        bind(G::View, &[ctrl('z')], A::Suspend, "", "suspend (fg comes back)"),
        bind(G::Lists, &[code(KeyCode::Up), key('k')], A::Up, "", "up"),
        bind(G::Lists, &[code(KeyCode::Down), key('j')], A::Down, "", "down"),
        bind(G::Lists, &[code(KeyCode::Left), key('h')], A::Left, "", "long URLs left"),
        bind(G::Lists, &[code(KeyCode::Right), key('l')], A::Right, "", "long URLs right"),
        bind(G::Lists, &[code(KeyCode::PageUp), ctrl('b')], A::PageUp, "", "a screen up"),
        bind(G::Lists, &[code(KeyCode::PageDown), ctrl('f')], A::PageDown, "", "a screen down"),
        bind(
            G::Lists,
            &[code(KeyCode::Home), key('g')],
            A::First,
            "",
            "the first; follow the newest",
        ),
        bind(G::Lists, &[code(KeyCode::End), key('G')], A::Last, "", "the last"),
        bind(
            G::Lists,
            &[code(KeyCode::Enter)],
            A::Open,
            "detail",
            "all about the selected page or host",
        ),
        bind(G::Lists, &[code(KeyCode::Esc)], A::Close, "", "close what is open, drop the filter"),
        bind(
            G::Lists,
            &[key('/')],
            A::Filter,
            "filter",
            "filter by text, state, status (404, 5xx)",
        ),
        bind(G::Lists, &[key('s')], A::Sort, "sort", "sort by the next column"),
        bind(G::Lists, &[key('S'), key('r')], A::Reverse, "reverse", "sort the other way round"),
        bind(G::Lists, &[key('y')], A::Copy, "copy", "copy the selected URL"),
    ]
};

/// What a key press means on a tab; `None` for a key without a meaning.
#[must_use]
pub fn action_for(event: KeyEvent, tab: Tab) -> Option<Action> {
    let (code, held) = (event.code, event.modifiers);
    let with_ctrl = held.contains(KeyModifiers::CONTROL);
    let find = |ctrl: bool| {
        let means = |only: Option<Tab>| {
            let key = Key { code, ctrl };
            KEYS.iter().find(|b| b.only == only && b.keys.contains(&key))
        };
        means(Some(tab)).or_else(|| means(None))
    };
    if let Some(binding) = find(with_ctrl) {
        let far = held.intersects(KeyModifiers::ALT | KeyModifiers::SHIFT);
        return match binding.action {
            action if far && action.far().is_some() => action.far(),
            // Shift is part of `G` or Shift-Tab; Alt makes another key of it.
            action => (!held.contains(KeyModifiers::ALT)).then_some(action),
        };
    }
    find(false)?.action.far().filter(|_| with_ctrl)
}

/// Whether two rows belong together, so that the help may show them as one.
#[must_use]
pub fn belong_together(one: &Binding, other: &Binding) -> bool {
    use Action as A;
    match (one.action, other.action) {
        (A::Turn(a, _), A::Turn(b, _)) => a == b,
        (A::HostLimit(_), A::HostLimit(_))
        | (A::NextTab, A::PreviousTab)
        | (A::Up, A::Down)
        | (A::Left, A::Right)
        | (A::Show(Tab::Deck), A::Show(Tab::Workers))
        | (A::Show(Tab::Hosts), A::Show(Tab::Pages))
        | (A::Redraw, A::Suspend)
        | (A::FaultOff, A::ClearFaults)
        | (A::LogMore, A::LogLess) => true,
        _ => false,
    }
}

/// The name of the first key bound to an action; empty if none is.
#[must_use]
pub fn name_of(action: Action) -> String {
    KEYS.iter().find(|b| b.action == action).map_or_else(String::new, |b| b.keys[0].name())
}

/// The names of all keys of a row.
#[must_use]
pub fn names(binding: &Binding) -> String {
    binding.keys.iter().map(|k| k.name()).collect::<Vec<_>>().join("  ")
}

/// The action that turns a dial up (+1) or down (-1) by the step its key has.
#[must_use]
pub fn turning(dial: Dial, up: bool) -> Option<Action> {
    KEYS.iter()
        .map(|b| b.action)
        .find(|a| matches!(a, Action::Turn(d, steps) if *d == dial && (*steps > 0) == up))
}

/// The key that would help, and what it does: `("+", "raises permits")`.
#[must_use]
pub fn advice(advice: Advice) -> Option<(String, String)> {
    let typed = |dial: Dial| format!("{}{dial} N", name_of(Action::Ask));
    match advice {
        Advice::None => None,
        Advice::Raise(dial) => Some((
            turning(dial, true).map_or_else(|| typed(dial), name_of),
            format!("raises {dial}"),
        )),
        Advice::Lower(dial) => Some((
            turning(dial, false).map_or_else(|| typed(dial), name_of),
            format!("lowers {dial}"),
        )),
        Advice::Resume => Some((name_of(Action::Pause), "goes on".to_owned())),
    }
}

/// The table for the README.
#[must_use]
pub fn keys_table_markdown() -> String {
    let mut out = String::from("| key | what it does |\n|---|---|\n");
    for group in Group::ALL {
        for binding in KEYS.iter().filter(|b| b.group == group) {
            let names: Vec<_> = binding.keys.iter().map(|k| format!("`{}`", k.name())).collect();
            let whose = if group == Group::Hosts { "on the Hosts tab: " } else { "" };
            let _ = writeln!(out, "| {} | {whose}{} |", names.join(" "), binding.help);
        }
        if group == Group::Dials {
            let _ = writeln!(out, "| `Alt` + a dial key | {} |", TEN_TIMES.1);
        }
        if group == Group::Faults {
            let _ = writeln!(out, "| `↑` `↓` `←` `→` | on the fault panel: {} |", ON_FAULTS.1);
        }
        if group == Group::Hosts {
            let _ = writeln!(out, "| `{}` | typed, for a host by name: {} |", TYPED.0, TYPED.1);
        }
    }
    out
}
