//! The key table: one row per action, read by dispatch, help, footer and the README.
//!
//! A dial key with Alt, Ctrl or Shift held turns ten times as far. Shift can be told only for
//! keys that need no Shift themselves (the number pad's `+` and `-`, where the terminal speaks
//! the kitty protocol), so Alt is the one to name.

use crossterm::event::KeyCode;

use super::binding::{Binding, BoundKey, KeyContext, KeyGroup as G, code, ctrl, key};
use crate::settings::dials::Dial;
use crate::ui::action::{Action, Tab};

const fn bind(
    group: G,
    keys: &'static [BoundKey],
    action: Action,
    hint: &'static str,
    help: &'static str,
) -> Binding {
    Binding { keys, action, help, group, hint, context: KeyContext::Anywhere }
}

/// Keys that mean something else in a context; each context has a group of its own.
const fn bind_in(
    context: KeyContext,
    keys: &'static [BoundKey],
    action: Action,
    hint: &'static str,
    help: &'static str,
) -> Binding {
    let group = match context {
        KeyContext::Anywhere | KeyContext::HostsTab => G::Hosts,
        KeyContext::FaultPanel => G::Faults,
        KeyContext::SceneMenu => G::Scenes,
        KeyContext::Prompt => G::Prompt,
        KeyContext::Race => G::Race,
    };
    Binding { keys, action, help, group, hint, context }
}

/// What holds for every dial key.
pub const TEN_TIMES: &str = "with Alt ten times the step";

/// Typed commands for a host.
pub const TYPED: (&str, &str) = (":hold HOST", "also release, skip, reset, limit N");

/// What turns permits and workers together.
const BOTH: &str = "permits and workers up, down";

/// What a digit does anywhere else.
const TAB_NUMBER: &str = "the tab of this number";

/// What a digit does in the menu of scenes.
const SCENE_NUMBER: &str = "start the scene of this number, 0 none";

/// The table.
pub const KEYS: &[Binding] = {
    use Action as A;
    use Dial as D;
    use KeyContext as C;
    &[
        bind(G::Dials, &[key('+'), key('=')], A::Turn(D::Permits, 1), "permits", "one permit more"),
        bind(G::Dials, &[key('-'), key('_')], A::Turn(D::Permits, -1), "", "one permit fewer"),
        bind(G::Dials, &[key(']')], A::Turn(D::Workers, 1), "workers", "one worker more"),
        bind(G::Dials, &[key('[')], A::Turn(D::Workers, -1), "", "one worker fewer"),
        bind(G::Dials, &[key('}')], A::Turn(D::Queue, 10), "queue", "queue 10 longer"),
        bind(G::Dials, &[key('{')], A::Turn(D::Queue, -10), "", "queue 10 shorter"),
        bind(G::Dials, &[key('>')], A::Turn(D::Rate, 1), "rate", "a faster rate"),
        bind(G::Dials, &[key('<')], A::Turn(D::Rate, -1), "", "a slower rate"),
        bind(G::Dials, &[key('w')], A::TurnBoth(1), "both", BOTH),
        bind(G::Dials, &[key('W')], A::TurnBoth(-1), "", BOTH),
        bind(G::Dials, &[key('A')], A::Autopilot, "autopilot", "autopilot on or off"),
        bind(G::Dials, &[key('P')], A::Pin, "pin", "pin and compare"),
        bind(G::Crawl, &[key(' ')], A::Pause, "pause", "pause, or resume"),
        bind(G::Crawl, &[key('u')], A::Undo, "undo", "undo the last change"),
        bind(G::Crawl, &[key('U')], A::Redo, "redo", "apply it again"),
        bind(G::Crawl, &[key(':')], A::Ask, "set", "type a value: permits 64, rate off, …"),
        bind(G::Crawl, &[key('e')], A::Exclude, "exclude", "exclude a subtree"),
        bind(G::Crawl, &[key('a')], A::Seed, "add seed", "add a seed"),
        bind(
            G::Crawl,
            &[key('q'), ctrl('c')],
            A::Stop,
            "stop",
            "stop; again: at once; once over: leave",
        ),
        bind(G::View, &[key('1')], A::Show(Tab::Deck), "", TAB_NUMBER),
        bind(G::View, &[key('2')], A::Show(Tab::Workers), "", TAB_NUMBER),
        bind(G::View, &[key('3')], A::Show(Tab::Hosts), "", TAB_NUMBER),
        bind(G::View, &[key('4')], A::Show(Tab::Pages), "", TAB_NUMBER),
        bind(G::View, &[key('5')], A::Show(Tab::Tuning), "", TAB_NUMBER),
        bind(G::View, &[key('6')], A::Show(Tab::Log), "", TAB_NUMBER),
        bind(G::View, &[code(KeyCode::Tab)], A::NextTab, "", "the next tab"),
        bind(G::View, &[code(KeyCode::BackTab)], A::PreviousTab, "", "the tab before"),
        bind(G::View, &[key('F')], A::Faults, "faults", "faults: make things slow or broken"),
        bind(G::View, &[key('D')], A::Scenes, "scenes", "scenes: a stage set to show one thing"),
        bind(G::View, &[key('z')], A::Zoom, "zoom", "zoom the charts"),
        bind(G::View, &[key('f')], A::Freeze, "freeze", "freeze the view"),
        bind(G::View, &[key('v')], A::LogMore, "more", "a more verbose log"),
        bind(G::View, &[key('V')], A::LogLess, "less", "a less verbose log"),
        bind(G::View, &[key('m')], A::Mouse, "", "the wheel scrolls, or mouse off"),
        bind(G::View, &[key('?')], A::Help, "help", "this help"),
        bind(G::View, &[ctrl('l')], A::Redraw, "", "draw anew"),
        bind(G::View, &[ctrl('z')], A::Suspend, "", "suspend (fg comes back)"),
        bind_in(
            C::HostsTab,
            &[key('+'), key('=')],
            A::HostLimit(1),
            "host limit",
            "host's limit up",
        ),
        bind_in(C::HostsTab, &[key('-'), key('_')], A::HostLimit(-1), "", "host's limit down"),
        bind(G::Hosts, &[key('o')], A::HostHold, "hold", "hold the host, or release it"),
        bind(G::Hosts, &[key('x')], A::HostSkip, "skip", "skip the host's remaining URLs"),
        bind(G::Hosts, &[key('b')], A::HostReset, "breaker", "close the breaker, end the cooldown"),
        bind_in(
            C::FaultPanel,
            &[code(KeyCode::Up), key('k')],
            A::FaultSelect(-1),
            "select",
            "fault above",
        ),
        bind_in(
            C::FaultPanel,
            &[code(KeyCode::Down), key('j')],
            A::FaultSelect(1),
            "",
            "fault below",
        ),
        bind_in(
            C::FaultPanel,
            &[code(KeyCode::Left), key('h')],
            A::FaultLevel(-1),
            "milder",
            "a milder level",
        ),
        bind_in(
            C::FaultPanel,
            &[code(KeyCode::Right), key('l')],
            A::FaultLevel(1),
            "worse",
            "a worse level",
        ),
        bind_in(C::FaultPanel, &[code(KeyCode::Enter)], A::FaultType, "type", "type a level"),
        bind(G::Faults, &[code(KeyCode::Delete)], A::FaultOff, "off", "the selected fault off"),
        bind(G::Faults, &[key('0')], A::ClearFaults, "all off", "all faults off"),
        bind_in(
            C::SceneMenu,
            &[code(KeyCode::Enter)],
            A::SceneStart,
            "starts",
            "start the selected scene",
        ),
        bind_in(C::SceneMenu, &[key('1')], A::ScenePick(0), "", SCENE_NUMBER),
        bind_in(C::SceneMenu, &[key('2')], A::ScenePick(1), "", SCENE_NUMBER),
        bind_in(C::SceneMenu, &[key('3')], A::ScenePick(2), "", SCENE_NUMBER),
        bind_in(C::SceneMenu, &[key('4')], A::ScenePick(3), "", SCENE_NUMBER),
        bind_in(C::SceneMenu, &[key('5')], A::ScenePick(4), "", SCENE_NUMBER),
        bind_in(C::SceneMenu, &[key('6')], A::ScenePick(5), "", SCENE_NUMBER),
        bind_in(C::SceneMenu, &[key('7')], A::ScenePick(6), "", SCENE_NUMBER),
        bind_in(C::SceneMenu, &[key('8')], A::ScenePick(7), "", SCENE_NUMBER),
        bind_in(C::SceneMenu, &[key('9')], A::ScenePick(8), "", SCENE_NUMBER),
        bind_in(C::SceneMenu, &[key('0')], A::ScenePick(9), "", SCENE_NUMBER),
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
        bind(G::Lists, &[key('d')], A::Stored, "stored", "all stored pages, or this run's last"),
        bind(G::Lists, &[key('s')], A::Sort, "sort", "sort by next column"),
        bind(G::Lists, &[key('S'), key('r')], A::Reverse, "reverse", "reverse order"),
        bind(G::Lists, &[key('y')], A::Copy, "copy", "copy the URL, or what was measured"),
        bind_in(C::Prompt, &[code(KeyCode::Enter)], A::Submit, "", "do what is typed"),
        bind_in(C::Prompt, &[code(KeyCode::Esc)], A::Close, "", "close it; a filter is dropped"),
        bind_in(C::Prompt, &[ctrl('c')], A::Stop, "", "stop; again: at once; once over: leave"),
        bind_in(C::Prompt, &[ctrl('l')], A::Redraw, "", "draw anew"),
        bind_in(C::Prompt, &[ctrl('z')], A::Suspend, "", "suspend (fg comes back)"),
        bind_in(C::Race, &[key('q'), ctrl('c')], A::Stop, "", "stop; once over: leave"),
        bind_in(
            C::Race,
            &[code(KeyCode::Esc), code(KeyCode::Enter)],
            A::Close,
            "",
            "leave, once it is over",
        ),
        bind_in(C::Race, &[ctrl('z')], A::Suspend, "", "suspend (fg comes back)"),
    ]
};
