//! Typed text: what a prompt holds, and what a typed command means.

use regex::Regex;
use tui_input::Input;

use crate::crawl::protocol::command::{Command, MAX_PER_HOST};
use crate::crawl::protocol::scene::Scene;
use crate::settings::appearance::ThemeName;
use crate::settings::autopilot_mode::AutopilotMode;
use crate::settings::dials::{Dial, Setting};
use crate::settings::slow_motion::SlowMotion;
use crate::web::url::parse_seed;

/// What a prompt asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// A command, after `:`.
    Command,
    /// A filter of the table shown, after `/`.
    Filter,
    /// A text to search for in the log, after `/`.
    Search,
    /// A regular expression of URLs to exclude.
    Exclude,
    /// A URL to begin with.
    Seed,
}

/// An open prompt.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// What for.
    pub asking: Asking,
    /// What was typed so far.
    pub input: Input,
    /// What was wrong with it when it was entered.
    pub error: Option<String>,
    /// Whether the user was asked if that is meant.
    pub is_asked: bool,
}

impl Prompt {
    /// A prompt with this text in it.
    #[must_use]
    pub fn new(asking: Asking, text: &str) -> Self {
        Self { asking, input: Input::new(text.to_owned()), error: None, is_asked: false }
    }
}

/// What a typed command asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Typed {
    /// Send this.
    Send(Command),
    /// Do this to the host named, or to the selected one.
    Host(HostVerb, Option<String>),
    /// The same as pressing the key to stop.
    Stop,
    /// Show the dashboard in these colours.
    Theme(ThemeName),
    /// The same as pressing the key for help.
    Help,
    /// Show the faults.
    Faults,
    /// Show the menu of scenes.
    Scenes,
}

/// What a typed command does to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostVerb {
    /// Sets its own limit; `None` takes it away.
    Limit(Option<u32>),
    /// Holds it.
    Hold,
    /// Releases it.
    Release,
    /// Skips its remaining URLs.
    Skip,
    /// Closes its breaker.
    Reset,
}

/// Reads a typed command: `permits 64`, `rate off`, `autopilot gentle`, `pin`, `pause`, `undo`, `redo`, `stop`, `q`, `help`,
/// `exclude RE`, `seed URL`, `fault NAME LEVEL`, `scene NAME`, `slow ×0.1`, `theme NAME`, and for the host named or selected `hold`, `release`, `skip`,
/// `reset`, `limit 4`.
///
/// # Errors
/// What is wrong with it and what is allowed, in a line fit for the user.
pub fn parse(text: &str) -> Result<Option<Typed>, String> {
    let text = text.trim().trim_start_matches(':').trim_start();
    // Patterns and URLs are taken as they are.
    let parts = |c: char| c.is_whitespace() || c == '=';
    let (word, rest) = text.split_once(parts).unwrap_or((text, ""));
    match word.to_lowercase().as_str() {
        "exclude" => return exclude(rest).map(|c| Some(Typed::Send(c))),
        "seed" => return seed(rest).map(|c| Some(Typed::Send(c))),
        "fault" | "faults" => return fault(rest).map(Some),
        "scene" | "scenes" => return scene(rest).map(Some),
        "slow" => {
            let slow = SlowMotion::parse(&rest.replacen('=', " ", 1))?;
            return Ok(Some(Typed::Send(Command::Slow(slow))));
        }
        "autopilot" => return autopilot(rest).map(|c| Some(Typed::Send(c))),
        "theme" => {
            return rest.trim().to_lowercase().parse().map(|theme| Some(Typed::Theme(theme)));
        }
        _ => {}
    }
    // `Permits=5` and `rate 5/s` are as clear as `permits 5` and `rate 5`.
    let plain = text.to_lowercase().replacen('=', " ", 1);
    let mut words = plain.split_whitespace();
    let Some(word) = words.next() else { return Ok(None) };
    let mut value = words.next();
    let verb = match word {
        "hold" => Some(HostVerb::Hold),
        "release" => Some(HostVerb::Release),
        "skip" => Some(HostVerb::Skip),
        "reset" => Some(HostVerb::Reset),
        "limit" => {
            let limit = limit(value)?;
            value = words.next();
            Some(HostVerb::Limit(limit))
        }
        _ => None,
    };
    if let Some(extra) = words.next() {
        return Err(format!("'{extra}' is one word too many: a name and one value"));
    }
    if let Some(verb) = verb {
        return Ok(Some(Typed::Host(verb, value.map(str::to_owned))));
    }
    if let Some(dial) = Dial::from_name(word) {
        let Some(value) = value else {
            let (low, high) = dial.range();
            let off = if dial == Dial::Rate { " or off" } else { "" };
            return Err(format!("{dial} needs a value: {low} to {high}{off}"));
        };
        let value = if dial == Dial::Rate { value.trim_end_matches("/s") } else { value };
        return Setting::parse(dial, value).map(|s| Some(Typed::Send(Command::Set(s))));
    }
    let typed = match word {
        "pause" => Typed::Send(Command::TogglePause),
        "undo" => Typed::Send(Command::Undo),
        "redo" => Typed::Send(Command::Redo),
        "pin" => Typed::Send(Command::Pin),
        "help" | "?" => Typed::Help,
        "stop" | "q" | "quit" => Typed::Stop,
        _ => {
            let dials: Vec<_> = Dial::ALL.iter().map(|d| d.name()).collect();
            let dials = dials.join(", ");
            return Err(format!(
                "no '{word}' here: {dials}, autopilot, pin, pause, undo, redo, stop, help; exclude, seed; \
                 fault, scene, slow; hold, release, skip, reset, limit"
            ));
        }
    };
    match value {
        Some(value) => Err(format!("{word} takes no value, not '{value}'")),
        None => Ok(Some(typed)),
    }
}

/// Reads the limit of a host.
fn limit(text: Option<&str>) -> Result<Option<u32>, String> {
    let wrong = || format!("limit takes 1 to {MAX_PER_HOST} or off, then a host if not selected");
    match text.ok_or_else(wrong)? {
        "off" | "none" => Ok(None),
        text => match text.parse() {
            Ok(n) if (1..=MAX_PER_HOST).contains(&n) => Ok(Some(n)),
            _ => Err(wrong()),
        },
    }
}

/// Reads a regular expression of URLs to exclude.
///
/// # Errors
/// What is wrong with it, in a line.
pub fn exclude(text: &str) -> Result<Command, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("exclude needs a regular expression: ^https?://host/dir/".to_owned());
    }
    match Regex::new(text) {
        Ok(_) => Ok(Command::Exclude(text.into())),
        Err(error) => {
            // The reason is the last of several lines, below the pattern and a caret.
            let error = error.to_string();
            let last = error.lines().last().unwrap_or_default();
            let why = last.trim().trim_start_matches("error: ");
            Err(format!("no regular expression: {why}"))
        }
    }
}

/// Reads a fault with its level: `latency 200ms`, `429 off`; `off` alone is all of them.
fn fault(text: &str) -> Result<Typed, String> {
    match text.trim() {
        "" => Ok(Typed::Faults),
        "off" | "none" => Ok(Typed::Send(Command::ClearFaults)),
        text => {
            let text = text.replacen('=', " ", 1);
            text.parse().map(|setting| Typed::Send(Command::Fault(setting)))
        }
    }
}

/// Reads what the autopilot is to do: `off`, or what it aims at, `balanced` where nothing is said.
fn autopilot(text: &str) -> Result<Command, String> {
    let mode = match text.replacen('=', " ", 1).trim() {
        "" | "on" => Some(AutopilotMode::default()),
        "off" => None,
        text => {
            let mode = text.parse::<AutopilotMode>();
            Some(mode.map_err(|why| format!("{why}; or off"))?)
        }
    };
    Ok(Command::Autopilot(mode))
}

/// Reads the name of a scene, in words or with hyphens, or `off`.
fn scene(text: &str) -> Result<Typed, String> {
    let name = text.split_whitespace().collect::<Vec<_>>().join("-").to_lowercase();
    match name.as_str() {
        "" => Ok(Typed::Scenes),
        "off" | "none" => Ok(Typed::Send(Command::Scene(None))),
        name => {
            let scene = Scene::from_name(name).ok_or_else(|| {
                let names = Scene::ALL.map(Scene::name).join(", ");
                format!("no scene is called '{name}': there are {names}; or off")
            })?;
            Ok(Typed::Send(Command::Scene(Some(scene))))
        }
    }
}

/// Reads a URL to begin with.
///
/// # Errors
/// What is wrong with it, in a line.
pub fn seed(text: &str) -> Result<Command, String> {
    parse_seed(text).map(Command::AddSeed).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_commands_for_hosts() {
        let host = |verb, host: Option<&str>| Ok(Some(Typed::Host(verb, host.map(Into::into))));
        assert_eq!(parse("hold"), host(HostVerb::Hold, None));
        assert_eq!(parse("Release A:80"), host(HostVerb::Release, Some("a:80")));
        assert_eq!(parse("skip a"), host(HostVerb::Skip, Some("a")));
        assert_eq!(parse("reset a"), host(HostVerb::Reset, Some("a")));
        assert_eq!(parse("limit 4"), host(HostVerb::Limit(Some(4)), None));
        assert_eq!(parse("limit=off a:81"), host(HostVerb::Limit(None), Some("a:81")));
        assert!(parse("limit").is_err() && parse("limit 0").is_err() && parse("limit a").is_err());
        assert!(parse("hold a b").is_err() && parse("limit 4 a b").is_err());
    }

    #[test]
    fn patterns_and_urls_keep_their_case() {
        let exclude = Command::Exclude("^http://A/=B C".into());
        assert_eq!(parse("EXCLUDE ^http://A/=B C"), Ok(Some(Typed::Send(exclude))));
        let seed = Command::AddSeed("http://a/B=c".parse().unwrap());
        assert_eq!(parse("seed a/B=c"), Ok(Some(Typed::Send(seed))));
        assert_eq!(
            parse("exclude a(b"),
            Err("no regular expression: unclosed group".into()),
            "one line"
        );
        assert!(parse("exclude").is_err() && parse("seed").is_err());
        assert!(parse("seed ftp://a/").unwrap_err().contains("only http and https"));
        for text in ["ftp://u:hush@a/", "u:hush@a", "hush:x@a", "http://u:hush@[", "//u:hush@["] {
            let said = parse(&format!("seed {text}")).unwrap_err();
            assert!(!said.contains("hush"), "{said}");
        }
    }

    #[test]
    fn typed_commands() {
        let set = |s| Ok(Some(Typed::Send(Command::Set(s))));
        assert_eq!(parse("permits 64"), set(Setting::Permits(64)));
        assert_eq!(parse(" :rate  2.5 "), set(Setting::Rate(Some(2.5))));
        assert_eq!(parse("rate off"), set(Setting::Rate(None)));
        assert_eq!(parse("parse-threads 4"), set(Setting::ParseThreads(4)));
        assert_eq!(parse("Permits=5"), set(Setting::Permits(5)));
        assert_eq!(parse("rate = 5/s"), set(Setting::Rate(Some(5.0))));
        assert_eq!(parse("RATE OFF"), set(Setting::Rate(None)));
        let autopilot = |mode| Ok(Some(Typed::Send(Command::Autopilot(mode))));
        assert_eq!(parse("autopilot"), autopilot(Some(AutopilotMode::Balanced)));
        assert_eq!(parse("autopilot=gentle"), autopilot(Some(AutopilotMode::Gentle)));
        assert_eq!(parse("autopilot off"), autopilot(None));
        let p95 = std::time::Duration::from_millis(300);
        assert_eq!(parse("autopilot latency:300ms"), autopilot(Some(AutopilotMode::Latency(p95))));
        assert!(parse("autopilot latency").unwrap_err().ends_with("or off"));
        assert_eq!(parse("theme light"), Ok(Some(Typed::Theme(ThemeName::Light))));
        assert!(parse("theme pink").unwrap_err().contains("dark, light, high-contrast, mono"));
        let slow = |factor| Ok(Some(Typed::Send(Command::Slow(SlowMotion::new(factor)))));
        for text in ["slow ×0.1", "slow 0.1", "slow x0.1", "slow=0.1", ":SLOW X0.1"] {
            assert_eq!(parse(text), slow(0.1), "{text}");
        }
        assert_eq!(parse("slow off"), Ok(Some(Typed::Send(Command::Slow(None)))));
        assert!(parse("slow 3").unwrap_err().contains("×0.01 to ×1, or off"));
        assert_eq!(parse("redo"), Ok(Some(Typed::Send(Command::Redo))));
        assert_eq!(parse("help"), Ok(Some(Typed::Help)));
        assert_eq!(parse("q"), Ok(Some(Typed::Stop)));
        assert_eq!(parse(""), Ok(None));
    }

    #[test]
    fn what_is_wrong_says_what_is_allowed() {
        assert_eq!(parse("permits 0"), Err("permits takes 1 to 4096, not 0".into()));
        assert_eq!(parse("rate"), Err("rate needs a value: 0.1 to 100000 or off".into()));
        assert_eq!(
            parse("warp 9"),
            Err(
                "no 'warp' here: permits, workers, queue, rate, parse-threads, autopilot, pin, pause, undo, \
                 redo, stop, help; exclude, seed; fault, scene, slow; hold, release, skip, reset, limit"
                    .into()
            )
        );
        assert_eq!(parse("pause 3"), Err("pause takes no value, not '3'".into()));
        assert!(parse("permits 6 4").is_err());
        assert!(parse("rate nan").is_err());
    }
}
