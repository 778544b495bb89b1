//! How the dashboard looks, as the user wishes it. It knows no terminal.

use serde::{Deserialize, Serialize};

use super::key_settings::KeySettings;

/// A set of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThemeName {
    /// For a dark background.
    #[default]
    Dark,
    /// For a light background.
    Light,
    /// On black, for projectors and weak eyes.
    HighContrast,
    /// Without colours.
    Mono,
}

impl ThemeName {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Dark, Self::Light, Self::HighContrast, Self::Mono];

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
            Self::Mono => "mono",
        }
    }
}

impl std::str::FromStr for ThemeName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|theme| theme.name() == text).ok_or_else(|| {
            format!("`{text}` is no theme: auto, {}", Self::ALL.map(Self::name).join(", "))
        })
    }
}

impl std::fmt::Display for ThemeName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum ColorDepth {
    /// None.
    None,
    /// The 16 of the terminal.
    #[default]
    Ansi,
    /// 256.
    Indexed,
    /// 24 bits.
    True,
}

impl std::fmt::Display for ColorDepth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "never",
            Self::Ansi => "16",
            Self::Indexed => "256",
            Self::True => "truecolor",
        })
    }
}

impl std::str::FromStr for ColorDepth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "never" => Ok(Self::None),
            "16" => Ok(Self::Ansi),
            "256" => Ok(Self::Indexed),
            "truecolor" => Ok(Self::True),
            _ => Err(format!("`{text}` is none of auto, never, 16, 256, truecolor")),
        }
    }
}

/// How the dashboard looks. What is not given is found out from the terminal and the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Appearance {
    /// Which colours.
    pub theme: Option<ThemeName>,
    /// How many of them.
    pub colors: Option<ColorDepth>,
    /// Whether to keep to ASCII.
    pub ascii: Option<bool>,
    /// Whether tracks show their state unmoved.
    pub no_motion: bool,
    /// Whether the terminal's title says how it goes.
    pub window_title: bool,
    /// Whether the terminal's bell rings at the end.
    pub bell: bool,
    /// Which keys it has.
    pub keys: KeySettings,
}
