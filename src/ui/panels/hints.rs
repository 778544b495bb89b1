//! Keys with what they do here, and the dials with their values: the last row of the screen.

use ratatui::style::Style;
use ratatui::text::Span;

use crate::crawl::protocol::snapshot::{RunState, Snapshot};
use crate::ui::action::{Action, Tab};
use crate::ui::app::App;
use crate::ui::keys::{self, Binding, KeyContext, KeyGroup, KeyMap};
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;

/// Keys and dials, the most important first; what does not fit is left out.
#[must_use]
pub fn segments<'a>(painter: &Painter<'_>, app: &App, live: &Snapshot) -> Vec<Segment<'a>> {
    let theme = painter.theme;
    let hint = |rank, names: String, word: &str, value: String, selected: bool| {
        let gap = if value.is_empty() { "" } else { " " };
        Segment::of(
            rank,
            vec![
                Span::styled(names, theme.strong()),
                Span::styled(format!(" {word}{gap}"), theme.dim()),
                Span::styled(value, if selected { theme.chip(Role::Limit) } else { Style::new() }),
            ],
        )
    };
    if app.help.is_some() {
        let name = |action| painter.keys.name_of(action);
        let (close, help) = (name(Action::Close), name(Action::Help));
        // How to scroll it stands on its frame, where it does.
        if app.help_pages.apart && !app.help_pages.shows_keys {
            let keys = hint(0, help, "keys", String::new(), false);
            return vec![keys, hint(0, close, "close", String::new(), false)];
        }
        return vec![hint(0, format!("{close} {help}"), "close", String::new(), false)];
    }
    if app.chooses_column() {
        let names = |actions: &[Action]| {
            let names = actions.iter().map(|action| painter.keys.name_of(*action));
            names.collect::<Vec<_>>().join(" ")
        };
        let move_mark = [Action::MarkColumn(-1), Action::MarkColumn(1)];
        return [
            (names(&move_mark), "column"),
            (names(&[Action::SortByMarked]), "sort by it, again: reverse"),
            (names(&[Action::Close]), "close"),
        ]
        .into_iter()
        .map(|(names, word)| hint(0, names, word, String::new(), false))
        .collect();
    }
    // What acts on the selected host comes first where there is one.
    let on_host = |b: &&Binding| app.tab == Tab::Hosts && b.group == KeyGroup::Hosts;
    let order = painter
        .keys
        .rows()
        .iter()
        .filter(on_host)
        .chain(painter.keys.rows().iter().filter(|b| !on_host(b)));
    // In table order, but pausing comes right after permits.
    let mut next = 2;
    let mut segments = Vec::new();
    for binding in order.filter(|b| !b.hint.is_empty() && means_here(painter.keys, b, app.tab)) {
        next += 1;
        let no_search = binding.action == Action::NextMatch && app.log.search.is_none();
        if no_search || !is_of_use(binding.action, app.tab, live) {
            continue;
        }
        let (rank, word) = rank_and_word(binding, next, app, live);
        let name = binding.keys[0].name();
        let (name, value) = match binding.action {
            Action::Turn(dial, _) => {
                let down = keys::turning(dial, false)
                    .map_or_else(String::new, |action| painter.keys.name_of(action));
                (format!("{name} {down}"), live.dials.get(dial).value_text())
            }
            Action::HostLimit(steps) => {
                let limit = app.selected_host(live).and_then(|h| h.limit);
                let limit = limit.map_or_else(|| "off".to_owned(), |n| n.to_string());
                (format!("{name} {}", painter.keys.name_of(Action::HostLimit(-steps))), limit)
            }
            Action::TurnBoth(steps) => (
                format!("{name} {}", painter.keys.name_of(Action::TurnBoth(-steps))),
                String::new(),
            ),
            Action::Open if is_open(app) => (painter.keys.name_of(Action::Close), String::new()),
            _ => (name, String::new()),
        };
        let selected = match binding.action {
            Action::Turn(dial, _) => app.tab == Tab::Deck && app.dial == Some(dial),
            _ => false,
        };
        // What arrows turn must be seen.
        let rank = if selected { 1 } else { rank };
        segments.push(hint(rank, name, word, value, selected));
    }
    segments
}

/// Whether a row's key means that row on this tab, and not another one. The keys of the fault panel
/// and of the menu of scenes stand on their frames.
fn means_here(keys: &KeyMap, binding: &Binding, tab: Tab) -> bool {
    let context = KeyContext::of(tab);
    let here = binding.context == context || binding.context == KeyContext::Anywhere;
    let on_frame = matches!(binding.group, KeyGroup::Faults | KeyGroup::Scenes);
    let is_taken = |other: &Binding| {
        other.context != KeyContext::Anywhere
            && other.context == context
            && other.action != binding.action
            && other.keys.contains(&binding.keys[0])
    };
    here && !on_frame && !keys.rows().iter().any(is_taken)
}

/// Whether an action does something on this tab now.
fn is_of_use(action: Action, tab: Tab, live: &Snapshot) -> bool {
    use Action as A;
    // While the crawl stops, dials and pausing have no effect any more.
    let over = live.run.is_ending();
    let here = match action {
        A::HostLimit(_) | A::HostHold | A::HostSkip | A::HostReset => tab == Tab::Hosts,
        A::Exclude | A::Open => matches!(tab, Tab::Hosts | Tab::Pages),
        A::Filter => matches!(tab, Tab::Hosts | Tab::Pages | Tab::Log),
        A::Sort | A::Reverse => matches!(tab, Tab::Workers | Tab::Hosts | Tab::Pages),
        A::Stored => tab == Tab::Pages,
        A::Copy => matches!(tab, Tab::Workers | Tab::Hosts | Tab::Pages | Tab::Tuning),
        A::TurnBoth(_) | A::Autopilot => matches!(tab, Tab::Deck | Tab::Tuning),
        A::Pin | A::Redo => tab == Tab::Tuning,
        A::LogMore | A::LogLess | A::NextMatch | A::PreviousMatch => tab == Tab::Log,
        A::Faults => tab == Tab::Deck,
        A::Scenes => tab == Tab::Deck && live.site_takes_faults,
        _ => true,
    };
    let changes = matches!(
        action,
        A::Turn(..)
            | A::TurnBoth(_)
            | A::Autopilot
            | A::Pin
            | A::Pause
            | A::Undo
            | A::Redo
            | A::Faults
            | A::Scenes
            | A::Ask
            | A::HostLimit(_)
            | A::HostHold
            | A::HostSkip
            | A::HostReset
            | A::Exclude
            | A::Seed
    );
    here && !(over && changes)
}

fn driving(live: &Snapshot) -> bool {
    live.tuning.autopilot.as_ref().is_some_and(|autopilot| autopilot.driving)
}

fn is_open(app: &App) -> bool {
    if app.tab == Tab::Hosts { app.host_open.is_some() } else { app.detail.is_some() }
}

/// How soon a hint gives way (the highest first), and its word; `next` is its place in the table.
fn rank_and_word(binding: &Binding, next: u8, app: &App, live: &Snapshot) -> (u8, &'static str) {
    let word = binding.hint;
    match binding.action {
        Action::Stop if live.run == RunState::Stopping => (0, "give up"),
        Action::Stop if live.run.is_final() => (0, "leave"),
        Action::Stop => (0, word),
        Action::Help => (1, word),
        // On the lab site they come first.
        Action::Faults | Action::Scenes if live.site_takes_faults => (2, word),
        Action::Autopilot if driving(live) => (2, "autopilot off"),
        Action::TurnBoth(_) | Action::Autopilot | Action::Pin if app.tab == Tab::Tuning => {
            (2, word)
        }
        // They have a tab of their own, where they are looked for.
        Action::TurnBoth(_) | Action::Autopilot => (90, word),
        Action::Pause if live.run == RunState::Paused => (2, "resume"),
        Action::Freeze if app.frozen.is_some() => (2, "unfreeze"),
        Action::Open if is_open(app) => (2, "close"),
        Action::HostHold if app.selected_host(live).is_some_and(|h| h.held) => (2, "release"),
        Action::Filter if app.tab == Tab::Log => (2, "search"),
        // Keys of this tab alone are looked for here.
        Action::HostLimit(_)
        | Action::HostHold
        | Action::HostSkip
        | Action::LogMore
        | Action::LogLess
        | Action::NextMatch
        | Action::Open
        | Action::Filter
        | Action::Sort => (2, word),
        Action::Stored if app.stored.on => (3, "this run"),
        Action::Pause | Action::HostReset | Action::Exclude => (3, word),
        _ => (next, word),
    }
}
