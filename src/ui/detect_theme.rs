//! Which theme suits this terminal: what the user says, else the environment, else the terminal itself.

use super::theme::Theme;
use crate::settings::appearance::{Appearance, ColorDepth, ThemeName};

/// The theme as told; where nothing is told, what the environment says: `NO_COLOR`, `COLORTERM` and `TERM` for
/// colours, `LC_ALL`, `LC_CTYPE`, `LANG` (the first that is set) and `TERM` for glyphs, `COLORFGBG` for the
/// background. `is_light` asks the terminal for its background where that is not set; `None` is no answer.
#[must_use]
pub fn detect(
    wished: &Appearance,
    env: impl Fn(&str) -> Option<String>,
    is_light: impl FnOnce() -> Option<bool>,
) -> Theme {
    let set = |name: &str| env(name).filter(|v| !v.is_empty());
    let term = set("TERM").unwrap_or_default();
    let depth = wished.colors.unwrap_or_else(|| {
        // A theme that is asked for has its colours, as `NO_COLOR` is a default for all programs.
        let none = wished.theme.is_none() && set("NO_COLOR").is_some();
        depth(none, set("COLORTERM").as_deref(), &term)
    });
    let ascii = wished.ascii.unwrap_or_else(|| {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        let utf8 = locale.is_none_or(|l| {
            let l = l.to_ascii_lowercase();
            l.contains("utf-8") || l.contains("utf8")
        });
        !utf8 || term == "linux" || term == "dumb" || term.starts_with("vt")
    });
    let name = wished.theme.unwrap_or_else(|| {
        if depth == ColorDepth::None {
            return ThemeName::Mono;
        }
        let told = set("COLORFGBG").and_then(|value| light_of(&value));
        match told.or_else(is_light) {
            Some(true) => ThemeName::Light,
            _ => ThemeName::Dark,
        }
    });
    Theme { name, depth, ascii }
}

fn depth(none: bool, colorterm: Option<&str>, term: &str) -> ColorDepth {
    match colorterm {
        _ if none => ColorDepth::None,
        Some("truecolor" | "24bit") => ColorDepth::True,
        _ if term.ends_with("-direct") => ColorDepth::True,
        _ if term.contains("256color") => ColorDepth::Indexed,
        None if term == "dumb" || term.starts_with("vt") || term.ends_with("-mono") => {
            ColorDepth::None
        }
        _ => ColorDepth::Ansi,
    }
}

/// Whether the background is light by `COLORFGBG`, `15;0` or `0;default;15`: the last number is that of the
/// background among the 16 colours.
fn light_of(value: &str) -> Option<bool> {
    let background: u8 = value.rsplit(';').next()?.trim().parse().ok()?;
    (background < 16).then_some(matches!(background, 7 | 9..=15))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(wished: &Appearance, vars: &[(&str, &str)], light: Option<bool>) -> Theme {
        let env = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        detect(wished, env, || light)
    }

    fn by_environment(vars: &[(&str, &str)]) -> Theme {
        detected(&Appearance::default(), vars, None)
    }

    #[test]
    fn the_environment_decides() {
        let utf8 = ("LANG", "de_DE.UTF-8");
        let ansi = Theme::dark(ColorDepth::Ansi);
        assert_eq!(by_environment(&[("TERM", "xterm"), utf8]), ansi);
        assert_eq!(by_environment(&[("TERM", "xterm"), utf8, ("NO_COLOR", "1")]), Theme::mono());
        assert_eq!(by_environment(&[("TERM", "xterm"), utf8, ("NO_COLOR", "")]), ansi);
        assert_eq!(by_environment(&[("TERM", "xterm"), utf8, ("LC_ALL", "C")]), ansi.in_ascii());
        assert_eq!(by_environment(&[("TERM", "linux"), utf8]), ansi.in_ascii());
        assert_eq!(by_environment(&[("TERM", "dumb"), utf8]), Theme::mono().in_ascii());
        assert_eq!(by_environment(&[("TERM", "xterm")]), ansi);
        let depth = |vars| by_environment(vars).depth;
        assert_eq!(depth(&[("TERM", "tmux-256color")]), ColorDepth::Indexed);
        assert_eq!(depth(&[("TERM", "xterm"), ("COLORTERM", "truecolor")]), ColorDepth::True);
        assert_eq!(depth(&[("TERM", "vt100"), ("COLORTERM", "1")]), ColorDepth::Ansi);
    }

    #[test]
    fn the_background_decides_between_dark_and_light() {
        let name = |fgbg: &str, reply| {
            detected(&Appearance::default(), &[("TERM", "xterm"), ("COLORFGBG", fgbg)], reply).name
        };
        assert_eq!(name("0;15", None), ThemeName::Light);
        assert_eq!(name("0;default;7", Some(false)), ThemeName::Light);
        assert_eq!(name("15;0", Some(true)), ThemeName::Dark);
        assert_eq!(name("15;default", Some(true)), ThemeName::Light);
        assert_eq!(name("", Some(true)), ThemeName::Light);
        assert_eq!(name("", None), ThemeName::Dark);
    }

    #[test]
    fn what_the_user_says_holds() {
        let wished = Appearance {
            theme: Some(ThemeName::HighContrast),
            ascii: Some(true),
            ..Appearance::default()
        };
        let theme = detected(&wished, &[("TERM", "xterm-256color"), ("NO_COLOR", "1")], Some(true));
        assert_eq!(theme.name, ThemeName::HighContrast);
        assert_eq!((theme.depth, theme.ascii), (ColorDepth::Indexed, true));
        let wished = Appearance { colors: Some(ColorDepth::None), ..Appearance::default() };
        assert!(!detected(&wished, &[("COLORTERM", "truecolor")], None).has_color());
    }
}
