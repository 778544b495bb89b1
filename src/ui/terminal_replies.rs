//! Replies of the terminal that come late, as a slow link brings them: crossterm takes those that it does not
//! know for keys. They are left out.
//!
//! A reply is an operating system command (OSC) or a device control string (DCS): `ESC ]` or `ESC P`, then text, then
//! a bell or `ESC \`.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

/// Most key presses that a reply consists of: a string without an end is none.
const LONGEST: usize = 512;

/// Where in a reply the events are.
#[derive(Debug, Default)]
enum ReplyPlace {
    /// In none.
    #[default]
    Outside,
    /// Its first key came; it is one, unless a reply follows.
    Start(Event),
    /// Within it, after so many keys.
    Inside(usize),
}

/// Leaves replies out of the events of a terminal.
#[derive(Debug, Default)]
pub struct ReplyFilter {
    place: ReplyPlace,
}

impl ReplyFilter {
    /// Takes an event; `more` tells that others came with it. Returns those that are none of a reply, in order.
    pub fn take(&mut self, event: Event, more: bool) -> Vec<Event> {
        match std::mem::take(&mut self.place) {
            ReplyPlace::Outside if starts(&event).is_some() && more => {
                self.place = ReplyPlace::Start(event);
                Vec::new()
            }
            ReplyPlace::Outside => vec![event],
            ReplyPlace::Start(first) if continues(&first, &event) => {
                self.place = ReplyPlace::Inside(2);
                Vec::new()
            }
            ReplyPlace::Start(first) => {
                let mut events = vec![first];
                events.extend(self.take(event, more));
                events
            }
            ReplyPlace::Inside(keys) => {
                if !ends(&event) && keys < LONGEST && matches!(event, Event::Key(_)) {
                    self.place = ReplyPlace::Inside(keys + 1);
                }
                Vec::new()
            }
        }
    }

    /// Nothing came for a while: what was held back is a key, and no reply goes on.
    pub fn pause(&mut self) -> Option<Event> {
        match std::mem::take(&mut self.place) {
            ReplyPlace::Start(event) => Some(event),
            ReplyPlace::Outside | ReplyPlace::Inside(_) => None,
        }
    }
}

fn key(event: &Event) -> Option<(KeyCode, KeyModifiers)> {
    match event {
        Event::Key(KeyEvent { code, modifiers, .. }) => Some((*code, *modifiers)),
        _ => None,
    }
}

/// The character that a reply may start with, after its escape.
fn starts(event: &Event) -> Option<char> {
    match key(event)? {
        (KeyCode::Char(c @ (']' | 'P')), held) if held.contains(KeyModifiers::ALT) => Some(c),
        _ => None,
    }
}

/// Whether a second key belongs to the reply that the first may start: OSC go on with a number, DCS with one or
/// with a sign.
fn continues(first: &Event, second: &Event) -> bool {
    let Some((KeyCode::Char(c), held)) = key(second) else { return false };
    let sign = starts(first) == Some('P') && matches!(c, '>' | '!' | '$' | '+' | '=');
    !held.contains(KeyModifiers::ALT) && (c.is_ascii_digit() || sign)
}

/// A bell, or `ESC \`.
fn ends(event: &Event) -> bool {
    match key(event) {
        Some((KeyCode::Char('g'), held)) => held.contains(KeyModifiers::CONTROL),
        Some((KeyCode::Char('\\'), held)) => held.contains(KeyModifiers::ALT),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(c: char, held: KeyModifiers) -> Event {
        Event::Key(KeyEvent::new(KeyCode::Char(c), held))
    }

    /// What is left of keys that came in one read.
    fn left(events: &[Event]) -> Vec<Event> {
        let mut filter = ReplyFilter::default();
        let last = events.len() - 1;
        let mut out: Vec<_> = events
            .iter()
            .enumerate()
            .flat_map(|(i, event)| filter.take(event.clone(), i < last))
            .collect();
        out.extend(filter.pause());
        out
    }

    fn typed(text: &str) -> impl Iterator<Item = Event> {
        text.chars().map(|c| press(c, KeyModifiers::NONE))
    }

    #[test]
    fn replies_are_no_keys_and_keys_around_them_are() {
        let (alt, none) = (KeyModifiers::ALT, KeyModifiers::NONE);
        let bell = press('g', KeyModifiers::CONTROL);
        for (start, text, end) in [
            (']', "11;rgb:1010/1010/1414", press('\\', alt)),
            (']', "10;rgb:ffff/ffff/ffff", bell),
            ('P', ">|XTerm(390)", press('\\', alt)),
            ('P', "1+r524742=38", press('\\', alt)),
        ] {
            let mut events = vec![press('+', none), press(start, alt)];
            events.extend(typed(text));
            events.extend([end, press('q', none)]);
            assert_eq!(left(&events), [press('+', none), press('q', none)], "{text}");
        }
    }

    #[test]
    fn keys_with_alt_stay_keys() {
        let alt = KeyModifiers::ALT;
        let twice = [press(']', alt), press(']', alt)];
        assert_eq!(left(&twice), twice);
        let then_letter = [press(']', alt), press('q', KeyModifiers::NONE)];
        assert_eq!(left(&then_letter), then_letter);
        assert_eq!(left(&[press('P', alt)]), [press('P', alt)]);
        assert_eq!(left(&[press(']', alt), Event::FocusLost]), [press(']', alt), Event::FocusLost]);
    }

    #[test]
    fn a_reply_without_an_end_does_not_swallow_what_comes_later() {
        let mut filter = ReplyFilter::default();
        assert!(filter.take(press(']', KeyModifiers::ALT), true).is_empty());
        for event in typed("11;rgb:") {
            assert!(filter.take(event, true).is_empty());
        }
        assert_eq!(filter.pause(), None);
        let q = press('q', KeyModifiers::NONE);
        assert_eq!(filter.take(q.clone(), false), [q]);
    }
}
