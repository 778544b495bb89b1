//! The tape as steps. The language is that of VHS <https://github.com/charmbracelet/vhs>, as far
//! as the tape uses it; anything else is an error, so that nothing in it goes untested.

use std::path::Path;
use std::time::Duration;

use regex::Regex;

/// A tape.
#[derive(Debug)]
pub struct Script {
    /// Programs it needs.
    pub requires: Vec<String>,
    /// Pause after each character typed.
    pub typing: Duration,
    /// Longest wait.
    pub wait: Duration,
    /// Frames per second of a recording.
    pub framerate: u32,
    /// What it does, with the line it stands on.
    pub steps: Vec<(usize, Step)>,
}

/// A step.
#[derive(Debug)]
pub enum Step {
    /// Characters, one after the other.
    Type(String, Option<Duration>),
    /// A key that is no character, as bytes, so many times.
    Press(&'static [u8], u32),
    /// A character with Ctrl.
    Ctrl(char),
    /// For the viewer's eyes.
    Sleep(Duration),
    /// Until the screen matches.
    Wait(Regex, Option<Duration>),
    /// Whether what follows is recorded.
    Shown(bool),
    /// A picture of the screen as it is.
    Screenshot(String),
}

/// Keys without a character, and what a terminal sends for them.
const KEYS: &[(&str, &[u8])] = &[
    ("Enter", b"\r"),
    ("Tab", b"\t"),
    ("Space", b" "),
    ("Escape", b"\x1b"),
    ("Backspace", b"\x7f"),
    ("Up", b"\x1b[A"),
    ("Down", b"\x1b[B"),
    ("Right", b"\x1b[C"),
    ("Left", b"\x1b[D"),
    ("PageUp", b"\x1b[5~"),
    ("PageDown", b"\x1b[6~"),
    ("Shift+Tab", b"\x1b[Z"),
];

/// Settings that only concern how a recording looks.
const LOOKS: &[&str] =
    &["Shell", "FontSize", "FontFamily", "Width", "Height", "Padding", "LetterSpacing", "Theme"];

impl Script {
    /// Reads a tape.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut script = Self {
            requires: Vec::new(),
            typing: Duration::from_millis(50),
            wait: Duration::from_secs(15),
            framerate: 50,
            steps: Vec::new(),
        };
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            script
                .line(index + 1, line)
                .map_err(|error| format!("line {}: {error}: {line}", index + 1))?;
        }
        Ok(script)
    }

    fn line(&mut self, number: usize, line: &str) -> Result<(), String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (word, at) = word.split_once('@').map_or((word, None), |(w, at)| (w, Some(at)));
        let at = at.map(duration).transpose()?;
        let rest = rest.trim();
        let takes_time = matches!(word, "Type" | "Wait+Screen");
        if at.is_some() && !takes_time {
            return Err(format!("{word} takes no time here"));
        }
        let step = match word {
            "Output" => {
                let known = ["gif", "mp4", "webm"].iter().any(|format| is_a(rest, format));
                return if known { Ok(()) } else { Err("not a format".into()) };
            }
            "Require" => {
                self.requires.push(rest.to_owned());
                return Ok(());
            }
            "Set" => return self.set(rest),
            "Type" => Step::Type(quoted(rest)?.to_owned(), at),
            "Sleep" => Step::Sleep(duration(rest)?),
            "Wait+Screen" => Step::Wait(pattern(rest)?, at),
            "Hide" | "Show" if rest.is_empty() => Step::Shown(word == "Show"),
            "Screenshot" if is_a(rest, "png") => Step::Screenshot(rest.to_owned()),
            _ => key(word, rest)?,
        };
        self.steps.push((number, step));
        Ok(())
    }

    fn set(&mut self, rest: &str) -> Result<(), String> {
        if !self.steps.is_empty() {
            return Err("settings come before the first step".into());
        }
        let (name, value) = rest.split_once(' ').ok_or("a setting without a value")?;
        match name {
            "TypingSpeed" => self.typing = duration(value)?,
            "WaitTimeout" => self.wait = duration(value)?,
            "Framerate" => self.framerate = value.parse().map_err(|_| "not a number")?,
            name if LOOKS.contains(&name) => {}
            _ => return Err("not a setting known here".into()),
        }
        Ok(())
    }
}

/// Whether a file's name says that it is of this format.
fn is_a(name: &str, format: &str) -> bool {
    Path::new(name).extension().is_some_and(|end| end == format)
}

fn key(word: &str, rest: &str) -> Result<Step, String> {
    if let Some(held) = word.strip_prefix("Ctrl+") {
        let mut chars = held.chars();
        return match (chars.next(), chars.next(), rest) {
            (Some(c), None, "") if c.is_ascii_alphabetic() => Ok(Step::Ctrl(c)),
            _ => Err("Ctrl takes one letter".into()),
        };
    }
    let (_, bytes) =
        KEYS.iter().find(|(name, _)| *name == word).ok_or("not a command known here")?;
    let times = if rest.is_empty() { Ok(1) } else { rest.parse() };
    Ok(Step::Press(bytes, times.map_err(|_| "not a count")?))
}

/// `500ms`, `2s`, or a number of seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 0.001),
        (None, Some(number)) => (number, 1.0),
        (None, None) => (text, 1.0),
    };
    let number: f64 = number.parse().map_err(|_| "not a time")?;
    Duration::try_from_secs_f64(number * unit).map_err(|e| e.to_string())
}

/// What stands between quotes of one kind; there is no way to escape them.
fn quoted(text: &str) -> Result<&str, String> {
    let quote = text.chars().next().filter(|c| "\"'`".contains(*c)).ok_or("quotes are missing")?;
    text[1..]
        .strip_suffix(quote)
        .filter(|inner| !inner.contains(quote))
        .ok_or_else(|| "one text in quotes".into())
}

/// What stands between slashes; there is no way to escape them.
fn pattern(text: &str) -> Result<Regex, String> {
    let inner = text
        .strip_prefix('/')
        .and_then(|rest| rest.strip_suffix('/'))
        .filter(|inner| !inner.is_empty() && !inner.contains('/'))
        .ok_or("a pattern between slashes")?;
    Regex::new(inner).map_err(|e| e.to_string())
}
