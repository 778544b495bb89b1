//! Part of `impl App`: what is typed or pasted into the open prompt.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::backend::crossterm::EventHandler as _;

use super::state::{App, Effect};
use crate::crawl::protocol::command::Command;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::ui::action::{Action, Tab};
use crate::ui::prompt::{self, Asking, Prompt, Typed};

impl App {
    /// Text was pasted: typed into an open prompt, else ignored.
    pub fn paste(&mut self, text: &str) {
        for c in text.chars().filter(|c| !c.is_control()).take(500) {
            self.type_key(KeyEvent::from(KeyCode::Char(c)));
        }
    }

    pub(super) fn type_key(&mut self, event: KeyEvent) {
        let Some(prompt) = &mut self.prompt else { return };
        prompt.input.handle_event(&Event::Key(event));
        prompt.error = None;
        prompt.is_asked = false;
        if prompt.asking == Asking::Filter {
            let typed = prompt.input.value().to_owned();
            *self.filter_mut() = typed;
        } else if prompt.asking == Asking::Search {
            let typed = prompt.input.value().to_owned();
            self.log.search_for(&typed);
        }
    }

    /// The filter of the table shown.
    pub(super) fn filter_mut(&mut self) -> &mut String {
        if self.tab == Tab::Hosts { &mut self.host_filter } else { &mut self.filter }
    }

    /// Does what was typed, or says in the prompt what is wrong with it.
    pub(super) fn submit(&mut self, snapshot: &Snapshot) -> Option<Effect> {
        let prompt = self.prompt.take()?;
        let text = prompt.input.value();
        let send = |command| Some(Typed::Send(command));
        let typed = match prompt.asking {
            Asking::Command => prompt::parse(text),
            Asking::Exclude | Asking::Seed if text.trim().is_empty() => Ok(None),
            Asking::Exclude => prompt::exclude(text).map(send),
            Asking::Seed => prompt::seed(text).map(send),
            Asking::Search if text.is_empty() => {
                self.log.search = None;
                Ok(None)
            }
            Asking::Filter | Asking::Search => Ok(None),
        };
        if let Ok(Some(Typed::Send(Command::Exclude(pattern)))) = &typed
            && !(prompt.is_asked || snapshot.run.is_final())
            && let Some(question) = self.whole_sites(pattern, snapshot)
        {
            self.prompt = Some(Prompt { error: Some(question), is_asked: true, ..prompt });
            return None;
        }
        match typed {
            Ok(None) => None,
            Ok(Some(Typed::Stop)) => self.update(Action::Stop, snapshot),
            Ok(Some(Typed::Help)) => {
                self.help = None;
                self.update(Action::Help, snapshot)
            }
            Ok(Some(Typed::Theme(theme))) => {
                self.theme = Some(theme);
                self.say(format!("the colours of {theme}"), snapshot);
                None
            }
            Ok(Some(Typed::Faults)) => {
                self.faults.open = false;
                self.update(Action::Faults, snapshot)
            }
            Ok(Some(Typed::Scenes)) => {
                self.scenes = None;
                self.update(Action::Scenes, snapshot)
            }
            Ok(Some(Typed::Send(Command::TogglePause))) => {
                typed_effect(self.update(Action::Pause, snapshot))
            }
            Ok(Some(Typed::Send(Command::Undo))) => {
                typed_effect(self.update(Action::Undo, snapshot))
            }
            Ok(Some(Typed::Send(command))) => typed_effect(self.send(command, snapshot)),
            Ok(Some(Typed::Host(verb, name))) => {
                typed_effect(self.host_typed(verb, name.as_deref(), snapshot))
            }
            Err(error) => {
                self.prompt = Some(Prompt { error: Some(error), ..prompt });
                None
            }
        }
    }
}

/// The same effect, as of a command that was typed.
fn typed_effect(effect: Option<Effect>) -> Option<Effect> {
    match effect {
        Some(Effect::Send(command)) => Some(Effect::SendTyped(command)),
        effect => effect,
    }
}
