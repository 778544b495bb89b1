//! Keys as text, as the configuration writes them: `x`, `Ctrl-x`, `F5`, `Space`, `Shift-Tab`, `Up`.

use std::str::FromStr;

use crossterm::event::KeyCode;

use super::binding::BoundKey;

/// Keys with names, the one to write first.
const NAMED: &[(&[&str], KeyCode)] = &[
    (&["Space"], KeyCode::Char(' ')),
    (&["Enter", "Return"], KeyCode::Enter),
    (&["Esc", "Escape"], KeyCode::Esc),
    (&["Tab"], KeyCode::Tab),
    (&["Shift-Tab", "BackTab"], KeyCode::BackTab),
    (&["Backspace"], KeyCode::Backspace),
    (&["Delete", "Del"], KeyCode::Delete),
    (&["Insert", "Ins"], KeyCode::Insert),
    (&["Up", "↑"], KeyCode::Up),
    (&["Down", "↓"], KeyCode::Down),
    (&["Left", "←"], KeyCode::Left),
    (&["Right", "→"], KeyCode::Right),
    (&["PgUp", "PageUp"], KeyCode::PageUp),
    (&["PgDn", "PageDown"], KeyCode::PageDown),
    (&["Home"], KeyCode::Home),
    (&["End"], KeyCode::End),
];

/// What terminals send for Ctrl with these letters.
const SAME_AS: [(char, &str); 3] = [('i', "Tab"), ('m', "Enter"), ('h', "Backspace")];

impl FromStr for BoundKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.to_lowercase();
        let rest = lower.strip_prefix("ctrl-").or_else(|| lower.strip_prefix("ctrl+"));
        let Some(rest) = rest.filter(|rest| !rest.is_empty()) else {
            return Ok(Self { code: code_of(text)?, ctrl: false });
        };
        let code = code_of(rest)?;
        if let KeyCode::Char(c) = code {
            if !c.is_ascii_lowercase() {
                return Err(format!("'{text}' is no key: Ctrl goes with a letter or a named key"));
            }
            if let Some((_, same)) = SAME_AS.iter().find(|(letter, _)| *letter == c) {
                return Err(format!("'{text}' is no key of its own: terminals send {same} for it"));
            }
        }
        if matches!(code, KeyCode::Tab | KeyCode::BackTab | KeyCode::Enter | KeyCode::Esc) {
            return Err(format!("'{text}' is no key of its own: terminals leave Ctrl out"));
        }
        Ok(Self { code, ctrl: true })
    }
}

/// The key of this name, or of this one character.
fn code_of(text: &str) -> Result<KeyCode, String> {
    let mut chars = text.chars();
    if let (Some(c), None) = (chars.next(), chars.next())
        && !"↑↓←→".contains(c)
    {
        return if c.is_control() || c.is_whitespace() || crate::ui::text::width(text) == 0 {
            Err(unknown(text))
        } else {
            Ok(KeyCode::Char(c))
        };
    }
    let is_it = |name: &&str| name.eq_ignore_ascii_case(text);
    if let Some((_, code)) = NAMED.iter().find(|(names, _)| names.iter().any(is_it)) {
        return Ok(*code);
    }
    let number = text.strip_prefix(['F', 'f']).and_then(|number| number.parse().ok());
    if let Some(number @ 1..=12) = number {
        return Ok(KeyCode::F(number));
    }
    Err(unknown(text))
}

fn unknown(text: &str) -> String {
    let lower = text.to_lowercase();
    if lower.starts_with("alt-") || lower.starts_with("alt+") {
        return format!("'{text}' cannot be chosen: Alt with a dial key turns ten times as far");
    }
    if let Some(rest) = lower.strip_prefix("shift-").filter(|rest| rest.chars().count() == 1) {
        let upper = rest.to_uppercase();
        return format!("'{text}' is no key: write what it types, such as {upper}");
    }
    format!(
        "'{}' is no key: x, X, +, Ctrl-x, F5, Space, Enter, Shift-Tab, Up, PgDn, …",
        text.escape_debug()
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_called() {
        for (names, code) in NAMED {
            for name in *names {
                let key = BoundKey { code: *code, ctrl: false };
                assert_eq!(name.parse(), Ok(key), "{name}");
                assert_eq!(name.to_lowercase().parse(), Ok(key), "{name}");
                // What the screen says can be written as well.
                assert_eq!(key.name().parse(), Ok(key), "{name}");
            }
        }
        for (text, code, ctrl) in [
            ("x", KeyCode::Char('x'), false),
            ("X", KeyCode::Char('X'), false),
            ("-", KeyCode::Char('-'), false),
            ("=", KeyCode::Char('='), false),
            ("ö", KeyCode::Char('ö'), false),
            ("f", KeyCode::Char('f'), false),
            ("F5", KeyCode::F(5), false),
            ("Ctrl-x", KeyCode::Char('x'), true),
            ("ctrl-X", KeyCode::Char('x'), true),
            ("Ctrl-Up", KeyCode::Up, true),
        ] {
            let key = BoundKey { code, ctrl };
            assert_eq!(text.parse(), Ok(key), "{text}");
            assert_eq!(key.name().parse(), Ok(key), "{text}");
        }
    }

    #[test]
    fn what_is_no_key_says_what_to_write() {
        for (text, says) in [
            ("", "is no key"),
            ("F13", "is no key"),
            ("F0", "is no key"),
            ("Hyper", "is no key"),
            ("xy", "is no key"),
            ("\u{301}", "is no key"),
            ("\u{7}", "'\\u{7}' is no key"),
            ("Ctrl-i", "terminals send Tab"),
            ("Ctrl-m", "terminals send Enter"),
            ("Ctrl-1", "Ctrl goes with a letter"),
            ("Ctrl-Enter", "terminals leave Ctrl out"),
            ("Ctrl-", "is no key"),
            ("Alt-x", "ten times"),
            ("Shift-x", "such as X"),
        ] {
            let said = text.parse::<BoundKey>().unwrap_err();
            assert!(said.contains(says), "{text:?}: {said}");
        }
    }
}
