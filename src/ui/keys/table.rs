//! The key table: one row per action, with its standard keys. What holds in a run is a
//! [`KeyMap`](super::KeyMap), made from it; dispatch, help, footer and the documentation read that.
//!
//! A dial key with Alt, Ctrl or Shift held turns ten times as far. Shift can be told only for
//! keys that need no Shift themselves (the number pad's `+` and `-`, where the terminal speaks
//! the kitty protocol), so Alt is the one to name.

use crossterm::event::KeyCode;

use super::binding::{Binding, KeyContext, KeyGroup as G, bind, bind_in, code, ctrl, key};
use crate::settings::dials::Dial;
use crate::ui::action::{Action, Tab};

/// What holds for every dial key.
pub const TEN_TIMES: &str = "with Alt ten times the step";

/// Typed commands for a host, after the key of [`Action::Ask`], and what they do.
pub const TYPED: (&str, &str) = ("hold HOST", "also release, skip, reset, limit N");

/// What turns permits and workers together.
const BOTH: &str = "permits and workers up, down";

/// What the key of a tab does, which stands before its name.
const THIS_TAB: &str = "the tab with this key";

/// What the key of a row does in the menu of scenes.
const THIS_SCENE: &str = "start the scene with this key";

/// The table.
pub const KEYS: &[Binding] = {
    use Action as A;
    use Dial as D;
    use KeyContext as C;
    &[
        bind(
            G::Dials,
            "permits-up",
            &[key('+'), key('=')],
            A::Turn(D::Permits, 1),
            "permits",
            "one permit more",
        ),
        bind(
            G::Dials,
            "permits-down",
            &[key('-'), key('_')],
            A::Turn(D::Permits, -1),
            "",
            "one permit fewer",
        ),
        bind(
            G::Dials,
            "workers-up",
            &[key(']')],
            A::Turn(D::Workers, 1),
            "workers",
            "one worker more",
        ),
        bind(
            G::Dials,
            "workers-down",
            &[key('[')],
            A::Turn(D::Workers, -1),
            "",
            "one worker fewer",
        ),
        bind(G::Dials, "queue-up", &[key('}')], A::Turn(D::Queue, 10), "queue", "queue 10 longer"),
        bind(G::Dials, "queue-down", &[key('{')], A::Turn(D::Queue, -10), "", "queue 10 shorter"),
        bind(G::Dials, "rate-up", &[key('>')], A::Turn(D::Rate, 1), "rate", "a faster rate"),
        bind(G::Dials, "rate-down", &[key('<')], A::Turn(D::Rate, -1), "", "a slower rate"),
        bind(G::Dials, "both-up", &[key('w')], A::TurnBoth(1), "both", BOTH),
        bind(G::Dials, "both-down", &[key('W')], A::TurnBoth(-1), "", BOTH),
        bind(G::Dials, "autopilot", &[key('A')], A::Autopilot, "autopilot", "autopilot on or off"),
        bind(G::Dials, "pin", &[key('P')], A::Pin, "pin", "pin and compare"),
        bind(G::Crawl, "pause", &[key(' ')], A::Pause, "pause", "pause, or resume"),
        bind(G::Crawl, "undo", &[key('u')], A::Undo, "undo", "undo the last change"),
        bind(G::Crawl, "redo", &[key('U')], A::Redo, "redo", "apply it again"),
        bind(
            G::Crawl,
            "command",
            &[key(':')],
            A::Ask,
            "set",
            "type a value: permits 64, rate off, …",
        ),
        bind(G::Crawl, "exclude", &[key('e')], A::Exclude, "exclude", "exclude a subtree"),
        bind(G::Crawl, "add-seed", &[key('a')], A::Seed, "add seed", "add a seed"),
        bind(
            G::Crawl,
            "stop",
            &[key('q'), ctrl('c')],
            A::Stop,
            "stop",
            "stop; again: at once; once over: leave",
        ),
        bind(G::View, "tab-deck", &[key('1')], A::Show(Tab::Deck), "", THIS_TAB),
        bind(G::View, "tab-workers", &[key('2')], A::Show(Tab::Workers), "", THIS_TAB),
        bind(G::View, "tab-hosts", &[key('3')], A::Show(Tab::Hosts), "", THIS_TAB),
        bind(G::View, "tab-pages", &[key('4')], A::Show(Tab::Pages), "", THIS_TAB),
        bind(G::View, "tab-tuning", &[key('5')], A::Show(Tab::Tuning), "", THIS_TAB),
        bind(G::View, "tab-log", &[key('6')], A::Show(Tab::Log), "", THIS_TAB),
        bind(G::View, "next-tab", &[code(KeyCode::Tab)], A::NextTab, "", "the next tab"),
        bind(
            G::View,
            "previous-tab",
            &[code(KeyCode::BackTab)],
            A::PreviousTab,
            "",
            "the tab before",
        ),
        bind(
            G::View,
            "faults",
            &[key('F')],
            A::Faults,
            "faults",
            "faults: make things slow or broken",
        ),
        bind(
            G::View,
            "scenes",
            &[key('D')],
            A::Scenes,
            "scenes",
            "scenes: a stage set to show one thing",
        ),
        bind(G::View, "zoom", &[key('z')], A::Zoom, "zoom", "zoom the charts"),
        bind(G::View, "freeze", &[key('f')], A::Freeze, "freeze", "freeze the view"),
        bind(G::View, "log-more", &[key('v')], A::LogMore, "more", "a more verbose log"),
        bind(G::View, "log-less", &[key('V')], A::LogLess, "less", "a less verbose log"),
        bind(G::View, "mouse", &[key('m')], A::Mouse, "", "the wheel scrolls, or mouse off"),
        bind(G::View, "help", &[key('?')], A::Help, "help", "this help"),
        bind(G::View, "redraw", &[ctrl('l')], A::Redraw, "", "draw anew"),
        bind(G::View, "suspend", &[ctrl('z')], A::Suspend, "", "suspend (fg comes back)"),
        bind_in(
            C::HostsTab,
            "host-limit-up",
            &[key('+'), key('=')],
            A::HostLimit(1),
            "host limit",
            "host's limit up",
        ),
        bind_in(
            C::HostsTab,
            "host-limit-down",
            &[key('-'), key('_')],
            A::HostLimit(-1),
            "",
            "host's limit down",
        ),
        bind(
            G::Hosts,
            "host-hold",
            &[key('o')],
            A::HostHold,
            "hold",
            "hold the host, or release it",
        ),
        bind(
            G::Hosts,
            "host-skip",
            &[key('x')],
            A::HostSkip,
            "skip",
            "skip the host's remaining URLs",
        ),
        bind(
            G::Hosts,
            "host-reset",
            &[key('b')],
            A::HostReset,
            "breaker",
            "close the breaker, end the cooldown",
        ),
        bind_in(
            C::FaultPanel,
            "fault-up",
            &[code(KeyCode::Up), key('k')],
            A::FaultSelect(-1),
            "select",
            "fault above",
        ),
        bind_in(
            C::FaultPanel,
            "fault-down",
            &[code(KeyCode::Down), key('j')],
            A::FaultSelect(1),
            "",
            "fault below",
        ),
        bind_in(
            C::FaultPanel,
            "fault-milder",
            &[code(KeyCode::Left), key('h')],
            A::FaultLevel(-1),
            "milder",
            "a milder level",
        ),
        bind_in(
            C::FaultPanel,
            "fault-worse",
            &[code(KeyCode::Right), key('l')],
            A::FaultLevel(1),
            "worse",
            "a worse level",
        ),
        bind_in(
            C::FaultPanel,
            "fault-type",
            &[code(KeyCode::Enter)],
            A::FaultType,
            "type",
            "type a level",
        ),
        bind(
            G::Faults,
            "fault-off",
            &[code(KeyCode::Delete)],
            A::FaultOff,
            "off",
            "the selected fault off",
        ),
        bind(G::Faults, "faults-off", &[key('0')], A::ClearFaults, "all off", "all faults off"),
        bind_in(
            C::SceneMenu,
            "scene-start",
            &[code(KeyCode::Enter)],
            A::SceneStart,
            "starts",
            "start the selected scene",
        ),
        bind_in(C::SceneMenu, "scene-1", &[key('1')], A::ScenePick(0), "", THIS_SCENE),
        bind_in(C::SceneMenu, "scene-2", &[key('2')], A::ScenePick(1), "", THIS_SCENE),
        bind_in(C::SceneMenu, "scene-3", &[key('3')], A::ScenePick(2), "", THIS_SCENE),
        bind_in(C::SceneMenu, "scene-4", &[key('4')], A::ScenePick(3), "", THIS_SCENE),
        bind_in(C::SceneMenu, "scene-5", &[key('5')], A::ScenePick(4), "", THIS_SCENE),
        bind_in(C::SceneMenu, "scene-6", &[key('6')], A::ScenePick(5), "", THIS_SCENE),
        bind_in(C::SceneMenu, "scene-7", &[key('7')], A::ScenePick(6), "", THIS_SCENE),
        bind_in(C::SceneMenu, "scene-8", &[key('8')], A::ScenePick(7), "", THIS_SCENE),
        bind_in(C::SceneMenu, "scene-9", &[key('9')], A::ScenePick(8), "", THIS_SCENE),
        bind_in(C::SceneMenu, "scene-off", &[key('0')], A::ScenePick(9), "", THIS_SCENE),
        bind(G::Lists, "up", &[code(KeyCode::Up), key('k')], A::Up, "", "up"),
        bind(G::Lists, "down", &[code(KeyCode::Down), key('j')], A::Down, "", "down"),
        bind(G::Lists, "left", &[code(KeyCode::Left), key('h')], A::Left, "", "long URLs left"),
        bind(G::Lists, "right", &[code(KeyCode::Right), key('l')], A::Right, "", "long URLs right"),
        bind(
            G::Lists,
            "page-up",
            &[code(KeyCode::PageUp), ctrl('b')],
            A::PageUp,
            "",
            "a screen up",
        ),
        bind(
            G::Lists,
            "page-down",
            &[code(KeyCode::PageDown), ctrl('f')],
            A::PageDown,
            "",
            "a screen down",
        ),
        bind(
            G::Lists,
            "first",
            &[code(KeyCode::Home), key('g')],
            A::First,
            "",
            "the first; follow the newest",
        ),
        bind(G::Lists, "last", &[code(KeyCode::End), key('G')], A::Last, "", "the last"),
        bind(
            G::Lists,
            "open",
            &[code(KeyCode::Enter)],
            A::Open,
            "detail",
            "all about the selected page or host",
        ),
        bind(
            G::Lists,
            "close",
            &[code(KeyCode::Esc)],
            A::Close,
            "",
            "close what is open, drop the filter",
        ),
        bind(
            G::Lists,
            "filter",
            &[key('/')],
            A::Filter,
            "filter",
            "filter by text, state, status (404, 5xx)",
        ),
        bind(G::Lists, "sort", &[key('s')], A::Sort, "sort", "sort by next column"),
        bind(G::Lists, "reverse", &[key('S'), key('r')], A::Reverse, "reverse", "reverse order"),
        bind(G::Lists, "copy", &[key('y')], A::Copy, "copy", "copy the URL, or what was measured"),
        bind_in(
            C::Prompt,
            "prompt-submit",
            &[code(KeyCode::Enter)],
            A::Submit,
            "",
            "do what is typed",
        ),
        bind_in(
            C::Prompt,
            "prompt-close",
            &[code(KeyCode::Esc)],
            A::Close,
            "",
            "close it; a filter is dropped",
        ),
        bind_in(
            C::Prompt,
            "prompt-stop",
            &[ctrl('c')],
            A::Stop,
            "",
            "stop; again: at once; once over: leave",
        ),
        bind_in(C::Prompt, "prompt-redraw", &[ctrl('l')], A::Redraw, "", "draw anew"),
        bind_in(
            C::Prompt,
            "prompt-suspend",
            &[ctrl('z')],
            A::Suspend,
            "",
            "suspend (fg comes back)",
        ),
        bind_in(
            C::Race,
            "race-stop",
            &[key('q'), ctrl('c')],
            A::Stop,
            "",
            "stop; once over: leave",
        ),
        bind_in(
            C::Race,
            "race-close",
            &[code(KeyCode::Esc), code(KeyCode::Enter)],
            A::Close,
            "",
            "leave, once it is over",
        ),
        bind_in(C::Race, "race-suspend", &[ctrl('z')], A::Suspend, "", "suspend (fg comes back)"),
    ]
};
