//! Typed text: what a prompt holds, and what a typed command means.

use tui_input::Input;

use crate::crawl::command::{Command, Dial, Setting};

/// What is being asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// A command, after `:`.
    Command,
    /// A filter of pages, after `/`.
    Filter,
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
}

impl Prompt {
    /// A prompt with this text in it.
    #[must_use]
    pub fn new(asking: Asking, text: &str) -> Self {
        Self { asking, input: Input::new(text.to_owned()), error: None }
    }
}

/// What a typed command asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Typed {
    /// Send this.
    Send(Command),
    /// The same as pressing the key to stop.
    Stop,
    /// The same as pressing the key for help.
    Help,
}

/// Reads a typed command: `permits 64`, `rate off`, `pause`, `undo`, `stop`, `q`, `help`.
///
/// # Errors
/// What is wrong with it and what is allowed, in a line fit for the user.
pub fn parse(text: &str) -> Result<Option<Typed>, String> {
    // `Permits=5` and `rate 5/s` are as clear as `permits 5` and `rate 5`.
    let plain = text.trim().trim_start_matches(':').to_lowercase().replacen('=', " ", 1);
    let mut words = plain.split_whitespace();
    let Some(word) = words.next() else { return Ok(None) };
    let value = words.next();
    if let Some(extra) = words.next() {
        return Err(format!("'{extra}' is one word too many: a name and one value"));
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
        "help" | "?" => Typed::Help,
        "stop" | "q" | "quit" => Typed::Stop,
        _ => {
            let dials: Vec<_> = Dial::ALL.iter().map(|d| d.name()).collect();
            return Err(format!("no '{word}' here: {}, pause, undo, stop, help", dials.join(", ")));
        }
    };
    match value {
        Some(value) => Err(format!("{word} takes no value, not '{value}'")),
        None => Ok(Some(typed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            Err("no 'warp' here: permits, workers, queue, rate, parse-threads, pause, undo, stop, help"
                .into())
        );
        assert_eq!(parse("pause 3"), Err("pause takes no value, not '3'".into()));
        assert!(parse("permits 6 4").is_err());
        assert!(parse("rate nan").is_err());
    }
}
