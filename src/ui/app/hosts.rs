//! Part of `impl App`: what keys and typed commands do to the selected host.

use std::sync::Arc;

use url::{Position, Url};

use super::state::{App, Effect};
use crate::crawl::protocol::command::{Command, HostCommand};
use crate::crawl::protocol::snapshot::{HostView, Snapshot};
use crate::ui::action::{Action, Tab};
use crate::ui::keys::KeyContext;
use crate::ui::prompt::HostVerb;
use crate::ui::tables;
use crate::ui::text;
use crate::ui::units;

impl App {
    /// The selected host. A selection whose host is not there any more is none: a key must not
    /// reach another host than the one that was marked.
    #[must_use]
    pub fn selected_host<'a>(&'a self, live: &'a Snapshot) -> Option<&'a HostView> {
        let shown = self.shown(live);
        if let Some(id) = self.hosts.selected {
            return tables::host_by_id(shown, id, &self.host_filter);
        }
        let (order, _) = tables::hosts(shown, &self.hosts, &self.host_filter);
        order.first().map(|&i| &shown.hosts[i])
    }

    /// What a key does to the selected host.
    pub(super) fn host_action(&mut self, action: Action, live: &Snapshot) -> Option<Effect> {
        if self.tab != Tab::Hosts {
            self.refuse("hosts are selected on the Hosts tab", live);
            return None;
        }
        let Some(host) = self.selected_host(live) else {
            self.refuse("no host is selected", live);
            return None;
        };
        let command = match action {
            Action::HostLimit(steps) => HostCommand::NudgeLimit(steps),
            Action::HostHold => HostCommand::ToggleHold,
            Action::HostSkip => HostCommand::SkipRemaining,
            _ => HostCommand::ResetBreaker,
        };
        let (name, skipped) = (host.host.clone(), host.skipped);
        self.send_host(name, command, skipped, live)
    }

    /// What a typed command does to the host named, or to the selected one.
    pub(super) fn host_typed(
        &mut self,
        verb: HostVerb,
        name: Option<&str>,
        live: &Snapshot,
    ) -> Option<Effect> {
        let known = match name {
            Some(name) => live.hosts.iter().find(|h| &*h.host == name),
            None if self.tab == Tab::Hosts => self.selected_host(live),
            None => {
                self.refuse("which host? name it, or select it on the Hosts tab", live);
                return None;
            }
        };
        // A snapshot holds the first hosts of many: one that it does not show may still be there.
        let more = live.hosts_known > live.hosts.len() as u64;
        let (host, held, skipped) = match (known, name) {
            (Some(host), _) => (host.host.clone(), Some(host.held), host.skipped),
            (None, Some(name)) if more => (Arc::from(name), None, false),
            (None, Some(name)) => {
                self.refuse(format!("no host '{name}' here: with its port, as in URLs"), live);
                return None;
            }
            (None, None) => {
                self.refuse("no host is selected", live);
                return None;
            }
        };
        let command = match (verb, held) {
            (HostVerb::Hold, Some(true)) => {
                self.refuse(format!("{host} is held already"), live);
                return None;
            }
            (HostVerb::Release, Some(false)) => {
                self.refuse(format!("{host} is not held"), live);
                return None;
            }
            (HostVerb::Hold | HostVerb::Release, _) => HostCommand::ToggleHold,
            (HostVerb::Limit(limit), _) => HostCommand::SetLimit(limit),
            (HostVerb::Skip, _) => HostCommand::SkipRemaining,
            (HostVerb::Reset, _) => HostCommand::ResetBreaker,
        };
        self.send_host(host, command, skipped, live)
    }

    fn send_host(
        &mut self,
        host: Arc<str>,
        command: HostCommand,
        skipped: bool,
        live: &Snapshot,
    ) -> Option<Effect> {
        let skips = command == HostCommand::SkipRemaining;
        let undo = self.keys.name_of(Action::Undo);
        if skips && skipped {
            self.refuse(format!("the remaining URLs of {host} are skipped already"), live);
            return None;
        }
        let words = format!("the remaining URLs of {host} are skipped: {undo} undoes");
        let effect = self.send(Command::Host(host, command), live);
        if skips && effect.is_some() {
            self.say(words, live);
        }
        effect
    }

    /// What to ask before a pattern is excluded that leaves nothing of a host.
    pub(super) fn whole_sites(&self, pattern: &str, live: &Snapshot) -> Option<String> {
        let regex = regex::Regex::new(pattern).ok()?;
        // The root, and a page that is not there: what matches both matches all.
        let all_of = |host: &str| {
            let matches = |scheme: &str| {
                let root = format!("{scheme}://{host}/");
                regex.is_match(&root) && regex.is_match(&format!("{root}7f3a-no/such/page"))
            };
            matches("http") || matches("https")
        };
        let whole: Vec<_> = live.hosts.iter().filter(|host| all_of(&host.host)).collect();
        let first = whole.first()?;
        let urls: u64 = whole.iter().map(|host| host.queued + u64::from(host.in_flight)).sum();
        let sites = match whole.len() {
            1 => text::clean(&first.host).into_owned(),
            n => units::counted(n as u64, "host", "hosts"),
        };
        let enter = self.keys.name_in(KeyContext::Prompt, Action::Submit);
        let urls = units::counted(urls, "URL waits", "URLs wait");
        Some(format!("that is all of {sites}, where {urls}: {enter} again excludes it"))
    }

    /// A pattern for what is below the selected page or host.
    #[must_use]
    pub fn subtree(&self, live: &Snapshot) -> Option<String> {
        match self.tab {
            Tab::Hosts => self.selected_host(live).map(|h| below(&h.host, "/")),
            Tab::Pages => {
                let page = self.selected_page(live)?;
                let url = Url::parse(&page.url).ok()?;
                let folder = url.path().rsplit_once('/').map_or("", |(folder, _)| folder);
                let host = &url[Position::BeforeHost..Position::AfterPort];
                Some(below(host, &format!("{folder}/")))
            }
            Tab::Deck | Tab::Workers | Tab::Tuning | Tab::Log => None,
        }
    }
}

/// The pattern of all URLs on a host below a folder.
fn below(host: &str, folder: &str) -> String {
    format!("^https?://{}{}", regex::escape(host), regex::escape(folder))
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn a_subtree_s_pattern_holds_it_and_nothing_else() {
        let pattern = below("127.0.0.1:8700", "/a.b/(c)+/");
        assert_eq!(pattern, r"^https?://127\.0\.0\.1:8700/a\.b/\(c\)\+/");
        let regex = regex::Regex::new(&pattern).unwrap();
        assert!(regex.is_match("https://127.0.0.1:8700/a.b/(c)+/d?e"));
        assert!(!regex.is_match("http://127.0.0.1:8700/axb/(c)+/d"));
        assert!(!regex.is_match("http://127.0.0.1:87001/a.b/(c)+/d"));
        assert!(!regex.is_match("http://127x0.0.1:8700/a.b/(c)+/d"));
    }
}
