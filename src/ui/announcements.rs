//! What the dashboard says beside its screen: the terminal's title while the crawl runs, its bell at the end.

use crate::crawl::protocol::snapshot::{RunState, Snapshot};
use crate::ui::text;
use crate::ui::units;
use crate::ui::url_text;

/// Seconds from one title to the next.
const TITLE_EVERY_S: f64 = 1.0;
/// Most columns of a target in a title.
const TARGET: usize = 40;

/// What is due after a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Announcement {
    /// The new title.
    pub title: Option<String>,
    /// Whether to ring.
    pub rings: bool,
}

/// What was said so far.
#[derive(Debug, Clone, Default)]
pub struct Announcements {
    /// Whether the title is wanted.
    pub titles: bool,
    /// Whether the bell is wanted.
    pub bell: bool,
    title: String,
    said_s: Option<f64>,
    was_running: bool,
}

impl Announcements {
    /// What is to be said after a snapshot.
    pub fn after(&mut self, s: &Snapshot) -> Announcement {
        let is_final = s.run.is_final();
        let rings = self.bell && is_final && self.was_running;
        self.was_running = !is_final;
        let is_due = self.said_s.is_none_or(|said| is_final || s.at_s - said >= TITLE_EVERY_S);
        let title = (self.titles && is_due).then(|| title(s)).filter(|new| *new != self.title);
        if let Some(new) = &title {
            self.title.clone_from(new);
            self.said_s = Some(s.at_s);
        }
        Announcement { title, rings }
    }
}

/// `51/s · 6,218 to go · a.example – crawldeck`.
fn title(s: &Snapshot) -> String {
    let target = url_text::readable(&s.target);
    let target = target.trim_start_matches("http://").trim_start_matches("https://");
    let target = text::cut(&text::clean(target.trim_end_matches('/')), TARGET).into_owned();
    let state = match s.run {
        RunState::Starting => "starting".to_owned(),
        RunState::Running => {
            let to_go = units::count(s.frontier.open);
            format!("{}/s · {to_go} to go", units::rate(s.throughput.last_1s))
        }
        RunState::Paused => "paused".to_owned(),
        RunState::Stopping => "stopping".to_owned(),
        RunState::Complete => format!("complete: {}", units::counted(s.totals.ok, "page", "pages")),
        RunState::Stopped => "stopped".to_owned(),
        RunState::Failed => "failed".to_owned(),
    };
    format!("{state} · {target} – crawldeck")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(at_s: f64, run: RunState) -> Snapshot {
        let target = "http://a.example/\x1b]0;evil\x07".into();
        let mut s = Snapshot { at_s, target, run, ..Snapshot::default() };
        s.throughput.last_1s = at_s;
        s
    }

    #[test]
    fn the_title_moves_once_a_second_and_obeys_no_page() {
        let mut said = Announcements { titles: true, ..Announcements::default() };
        let first = said.after(&at(1.0, RunState::Running)).title;
        let title = first.as_deref().unwrap_or_default();
        assert!(title.starts_with("1.0/s · 0 to go · a.example"), "{title}");
        assert!(title.ends_with(" – crawldeck") && !title.contains(char::is_control), "{title:?}");
        assert_eq!(said.after(&at(1.5, RunState::Running)).title, None, "too soon");
        assert!(said.after(&at(2.0, RunState::Running)).title.is_some());
        assert!(said.after(&at(2.1, RunState::Complete)).title.is_some(), "the end at once");
        assert_eq!(said.after(&at(9.0, RunState::Complete)).title, None, "nothing new");
    }

    #[test]
    fn the_bell_rings_once_and_only_for_an_end_that_was_waited_for() {
        let mut said = Announcements { bell: true, ..Announcements::default() };
        let rings = |said: &mut Announcements, run| said.after(&at(1.0, run)).rings;
        assert!(!rings(&mut said, RunState::Running));
        assert!(rings(&mut said, RunState::Complete));
        assert!(!rings(&mut said, RunState::Complete));
        let mut late = Announcements { bell: true, ..Announcements::default() };
        assert!(!rings(&mut late, RunState::Failed), "it was over before");
        assert!(!Announcements::default().after(&at(1.0, RunState::Complete)).rings);
    }
}
