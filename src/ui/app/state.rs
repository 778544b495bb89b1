//! `App`: what the view remembers, and what an action does to it. Pure: no terminal, no channel, no
//! clock; time comes from snapshots.
//!
//! Here stand the life of the view and the dispatch of actions; in `pressing.rs` what a key press means; in
//! `typing.rs` what is typed; in the others what an action does to what they are named after.

use std::sync::Arc;

use super::open_panels::{FaultPanel, HelpPages};
use crate::crawl::protocol::command::Command;
use crate::crawl::protocol::snapshot::{PageView, RunState, Snapshot};
use crate::settings::appearance::ThemeName;
use crate::settings::dials::Dial;
use crate::ui::action::{Action, Tab};
use crate::ui::announcements::Announcements;
use crate::ui::chart::Zoom;
use crate::ui::clicks::ClickMap;
use crate::ui::deck::{FollowedPage, Motion, NewestPages, SceneProgress, Tour};
use crate::ui::keys::KeyMap;
use crate::ui::log_view::LogView;
use crate::ui::prompt::{Asking, Prompt};
use crate::ui::stored::StoredView;
use crate::ui::tables::TableState;
use crate::ui::view_thread::ShownDatabase;

/// How long a line of feedback stays, in seconds.
const FEEDBACK_S: f64 = 5.0;

/// What the loop has to do after an action.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send this to the engine: a key gave it.
    Send(Command),
    /// Send this to the engine: it was typed.
    SendTyped(Command),
    /// Copy this to the clipboard.
    Copy(String),
    /// Open this URL in the browser.
    OpenUrl(String),
    /// Write a picture of the screen.
    Picture,
    /// Take the mouse or let it go.
    Mouse(bool),
    /// Draw everything anew.
    Redraw,
    /// Suspend the program.
    Suspend,
}

/// A line in reply to a key press.
#[derive(Debug, Clone, PartialEq)]
pub struct Feedback {
    /// What it says.
    pub text: String,
    /// Whether something was refused.
    pub refused: bool,
    at_s: f64,
}

/// The end that the user asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum EndAsked {
    /// None: a crawl that ends by itself stays on screen.
    #[default]
    Nothing,
    /// That of the crawl, and with it that of the dashboard.
    Stop,
    /// That of the dashboard, as the crawl is over.
    Leave,
}

/// The state of the view.
#[derive(Debug, Default)]
pub struct App {
    /// The tab shown.
    pub tab: Tab,
    /// Which keys do what.
    pub keys: KeyMap,
    /// The picture held still, if the view is frozen.
    pub frozen: Option<Arc<Snapshot>>,
    /// Whether the wheel scrolls.
    pub mouse: bool,
    /// First line of the help shown, if it is open.
    pub help: Option<u16>,
    /// Which page of the help is seen.
    pub help_pages: HelpPages,
    /// The open prompt.
    pub prompt: Option<Prompt>,
    /// The page whose detail is open. Kept here, as it may leave the recent ones.
    pub detail: Option<Arc<PageView>>,
    /// First line of the detail shown.
    pub detail_top: u16,
    /// The measured table.
    pub measured: TableState,
    /// The table of workers.
    pub workers: TableState,
    /// The table of pages.
    pub pages: TableState,
    /// The filter of pages.
    pub filter: String,
    /// What was read from the database.
    pub stored: StoredView,
    /// The table of hosts.
    pub hosts: TableState,
    /// The filter of hosts.
    pub host_filter: String,
    /// First line of the selected host's detail shown, while it fills its tab.
    pub host_open: Option<u16>,
    /// The fault panel.
    pub faults: FaultPanel,
    /// The row selected in the menu of scenes, if it is open.
    pub scenes: Option<usize>,
    /// The log.
    pub log: LogView,
    /// The guided tour, if it is on.
    pub tour: Option<Tour>,
    /// How far the scene that is on has come.
    pub scene: SceneProgress,
    /// Where the results are, once the crawl is over.
    pub database: ShownDatabase,
    /// The dial that arrows turn on the Deck.
    pub dial: Option<Dial>,
    /// What moves on the Deck.
    pub motion: Motion,
    /// The page that is followed by name in slow motion.
    pub followed: FollowedPage,
    /// Which of the newest pages the Deck shows.
    pub newest: NewestPages,
    /// The theme that was typed, instead of the one at the start.
    pub theme: Option<ThemeName>,
    /// How much of the past charts show.
    pub zoom: Zoom,
    /// What is said beside the screen.
    pub announcements: Announcements,
    /// What can be clicked on the last frame.
    pub clicks: ClickMap,
    /// Whether the Deck is shown in large type, for a hall.
    pub large: bool,
    pub(super) feedback: Option<Feedback>,
    pub(super) notice: Option<(Arc<str>, f64)>,
    /// Which end the user asked for.
    end: EndAsked,
}

impl App {
    /// A dashboard that shows the Deck.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes note of a new snapshot.
    pub fn see(&mut self, snapshot: &Snapshot) {
        self.followed.see(snapshot);
        self.motion.see(snapshot, self.followed.entered());
        self.scene.see(snapshot);
        if let Some(tour) = &mut self.tour {
            tour.see(snapshot, self.tab);
        }
        self.newest.see(snapshot);
        let now = snapshot.at_s;
        // Once the crawl is over its time stands still, and nothing would ever expire.
        let over = snapshot.run.is_final();
        if over || self.feedback.as_ref().is_some_and(|f| now - f.at_s > FEEDBACK_S) {
            self.feedback = None;
        }
        match (&snapshot.notice, &self.notice) {
            (Some(new), Some((old, _))) if Arc::ptr_eq(new, old) => {}
            // The same words again, after another key.
            (Some(new), Some((old, at_s))) if new == old && at_s.is_finite() => {}
            (Some(new), _) => self.notice = Some((new.clone(), now)),
            (None, _) => self.notice = None,
        }
    }

    /// Whether something moves on what is shown.
    #[must_use]
    pub fn shows_motion(&self) -> bool {
        self.tab == Tab::Deck && self.frozen.is_none() && self.motion.is_moving()
    }

    /// Whether the dashboard is done: the crawl is over, and the user requested its end or
    /// the dashboard's. A crawl that ends by itself stays on screen.
    #[must_use]
    pub fn done(&self, snapshot: &Snapshot) -> bool {
        let stops = self.end == EndAsked::Stop || snapshot.run == RunState::Stopped;
        self.end == EndAsked::Leave || snapshot.run.is_final() && stops
    }

    /// The line in reply to the last key press, or why the last command did nothing.
    #[must_use]
    pub fn feedback(&self, snapshot: &Snapshot) -> Option<Feedback> {
        let notice = || {
            let (text, at_s) = self.notice.as_ref()?;
            (!snapshot.run.is_final() && snapshot.at_s - at_s <= FEEDBACK_S).then(|| Feedback {
                text: text.to_string(),
                refused: true,
                at_s: *at_s,
            })
        };
        self.feedback.clone().or_else(notice)
    }

    /// Says something in reply to a key press.
    pub fn say(&mut self, text: impl Into<String>, snapshot: &Snapshot) {
        let at_s = snapshot.at_s;
        self.feedback = Some(Feedback { text: text.into(), refused: false, at_s });
    }

    /// Says why a key press did nothing.
    pub fn refuse(&mut self, text: impl Into<String>, snapshot: &Snapshot) {
        let at_s = snapshot.at_s;
        self.feedback = Some(Feedback { text: text.into(), refused: true, at_s });
    }

    /// A command, unless the crawl is over and nothing can be changed any more.
    pub(super) fn send(&mut self, command: Command, snapshot: &Snapshot) -> Option<Effect> {
        if snapshot.run.is_final() {
            self.refuse(
                format!("the crawl is over: {} leaves", self.keys.name_of(Action::Stop)),
                snapshot,
            );
            return None;
        }
        Some(Effect::Send(command))
    }

    /// Does what an action asks for.
    pub fn update(&mut self, action: Action, snapshot: &Snapshot) -> Option<Effect> {
        match action {
            Action::Turn(dial, steps) => return self.send(Command::Nudge(dial, steps), snapshot),
            Action::TurnBoth(steps) => return self.send(Command::NudgeBoth(steps), snapshot),
            Action::Autopilot => return self.send(Command::ToggleAutopilot, snapshot),
            Action::Pin => return self.send(Command::Pin, snapshot),
            Action::HostLimit(_) | Action::HostHold | Action::HostSkip | Action::HostReset => {
                return self.host_action(action, snapshot);
            }
            Action::Exclude => {
                let pattern = self.subtree(snapshot).unwrap_or_default();
                self.prompt = Some(Prompt::new(Asking::Exclude, &pattern));
            }
            Action::Seed => self.prompt = Some(Prompt::new(Asking::Seed, "")),
            Action::Faults => self.toggle_faults(),
            Action::FaultSelect(rows) => self.select_fault(rows),
            Action::FaultLevel(levels) => return self.nudge_fault(levels, snapshot),
            Action::FaultType => self.type_fault(snapshot),
            Action::FaultOff => return self.fault_off(snapshot),
            Action::ClearFaults => return self.send(Command::ClearFaults, snapshot),
            Action::Scenes => self.toggle_scenes(snapshot),
            Action::SceneStart => return self.start_scene(self.scenes.unwrap_or(0), snapshot),
            Action::ScenePick(row) => return self.start_scene(row, snapshot),
            Action::TourNext | Action::TourBack | Action::TourSkip => {
                self.tour_action(action, snapshot);
            }
            Action::Pause => return self.send(Command::TogglePause, snapshot),
            Action::Undo if snapshot.changes.is_empty() => {
                self.refuse("nothing to undo", snapshot);
            }
            Action::Undo => return self.send(Command::Undo, snapshot),
            Action::Redo => return self.send(Command::Redo, snapshot),
            Action::Ask => self.prompt = Some(Prompt::new(Asking::Command, "")),
            Action::Stop => return self.stop(snapshot),
            Action::Show(tab) => {
                self.show(tab);
                self.large = false;
            }
            Action::NextTab => self.show(Tab::ALL[(self.tab as usize + 1) % Tab::ALL.len()]),
            Action::PreviousTab => {
                self.show(Tab::ALL[(self.tab as usize + Tab::ALL.len() - 1) % Tab::ALL.len()]);
            }
            Action::Freeze => {
                self.frozen = match self.frozen.take() {
                    Some(_) => None,
                    None => Some(Arc::new(snapshot.clone())),
                };
            }
            Action::Zoom => {
                self.zoom = self.zoom.next();
                self.say(format!("charts show up to {}", self.zoom.name()), snapshot);
            }
            Action::Help => self.toggle_help(),
            Action::Mouse => return Some(self.toggle_mouse(snapshot)),
            Action::Redraw => return Some(Effect::Redraw),
            Action::Suspend => return Some(Effect::Suspend),
            Action::Up | Action::Down | Action::Left | Action::Right if self.dials_listen() => {
                return self.dial_arrow(action, snapshot);
            }
            Action::Up => self.step(-1, snapshot),
            Action::Down => self.step(1, snapshot),
            Action::PageUp => self.page(false, snapshot),
            Action::PageDown => self.page(true, snapshot),
            Action::First => self.step(isize::MIN + 1, snapshot),
            Action::Last => self.step(isize::MAX, snapshot),
            Action::Left => self.scroll_horizontally(false, snapshot),
            Action::Right => self.scroll_horizontally(true, snapshot),
            Action::Open => self.open(snapshot),
            Action::Close => self.close(),
            Action::Submit => return self.submit(snapshot),
            Action::Filter => self.open_filter(snapshot),
            Action::Stored => self.toggle_stored(snapshot),
            Action::NextMatch => self.step_search(true, snapshot),
            Action::PreviousMatch => self.step_search(false, snapshot),
            Action::Sort | Action::Reverse | Action::MarkColumn(_) | Action::SortByMarked => {
                self.sort(action, snapshot);
            }
            Action::Copy => return self.copy(snapshot),
            Action::OpenUrl => return self.open_url(snapshot),
            Action::Picture => return Some(Effect::Picture),
            Action::LargeType => {
                self.large = !self.large;
                self.tab = Tab::Deck;
            }
            Action::LogMore | Action::LogLess if self.tab == Tab::Log => {
                self.log.turn(action == Action::LogMore);
            }
            Action::LogMore | Action::LogLess => {
                self.refuse("how much the log says is set on the Log tab", snapshot);
            }
        }
        None
    }

    /// Shows a tab. A choice that was open on the one before ends.
    fn show(&mut self, tab: Tab) {
        self.leave_columns();
        self.tab = tab;
    }

    fn stop(&mut self, snapshot: &Snapshot) -> Option<Effect> {
        if snapshot.run.is_final() {
            self.end = EndAsked::Leave;
            return None;
        }
        let at_once = self.end == EndAsked::Stop || snapshot.run == RunState::Stopping;
        self.end = EndAsked::Stop;
        Some(Effect::Send(if at_once { Command::StopNow } else { Command::Stop }))
    }

    /// The command could not be handed over.
    pub fn busy(&mut self, command: &Command, snapshot: &Snapshot) {
        if *command == Command::Stop {
            self.end = EndAsked::Nothing;
        }
        self.refuse("busy: the engine has not kept up with the keys, press again", snapshot);
    }

    /// The picture to show: the frozen one, or this.
    #[must_use]
    pub fn shown<'a>(&'a self, live: &'a Snapshot) -> &'a Snapshot {
        self.frozen.as_deref().unwrap_or(live)
    }

    fn close_detail(&mut self) -> bool {
        if self.tab == Tab::Hosts {
            self.host_open.take().is_some()
        } else {
            self.detail.take().is_some()
        }
    }

    /// Closes the innermost thing that is open.
    pub(super) fn close(&mut self) {
        if self.help.take().is_some() {
        } else if let Some(prompt) = self.prompt.take() {
            match prompt.asking {
                Asking::Filter => self.filter_mut().clear(),
                Asking::Search => self.log.search = None,
                _ => {}
            }
        } else if self.scenes.take().is_some() || self.leave_columns() {
        } else if self.shows_faults() {
            self.faults.open = false;
        } else if self.close_detail() {
        } else if matches!(self.tab, Tab::Hosts | Tab::Pages) && !self.filter_mut().is_empty() {
            self.filter_mut().clear();
        } else if self.tab == Tab::Log && self.log.search.take().is_some() {
        } else if self.tab == Tab::Log {
            self.log.follow();
        } else if self.tab == Tab::Deck && self.dial.take().is_some() {
        } else if self.large {
            self.large = false;
        } else {
            self.frozen = None;
        }
    }
}
