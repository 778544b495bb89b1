//! Which keys the user wants for the actions of the dashboard, as text. It knows neither keys nor actions.

/// Where the keys start from, before single actions get others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyPreset {
    /// Those of a US keyboard.
    #[default]
    Standard,
    /// For keyboards on which brackets and braces need AltGr.
    AltGr,
}

impl KeyPreset {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Standard, Self::AltGr];

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::AltGr => "altgr",
        }
    }
}

impl std::str::FromStr for KeyPreset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|preset| preset.name() == text)
            .ok_or_else(|| format!("`{text}` is none of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

impl std::fmt::Display for KeyPreset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The keys of one action, instead of those that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChoice {
    /// The name of the action: `workers-up`.
    pub action: String,
    /// The names of its keys: `F6`, `Ctrl-x`.
    pub keys: Vec<String>,
}

impl std::str::FromStr for KeyChoice {
    type Err = String;

    /// Reads `ACTION=KEYS`, the keys with spaces between them.
    fn from_str(text: &str) -> Result<Self, String> {
        let (action, keys) = text
            .split_once('=')
            .ok_or("takes an action and its keys: pause=F9, workers-up=F6 i")?;
        let keys = keys.split_whitespace().map(str::to_owned).collect();
        Ok(Self { action: action.trim().to_owned(), keys })
    }
}

/// Which keys the dashboard has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySettings {
    /// Where they start from.
    pub preset: KeyPreset,
    /// What is different, an action each.
    pub choices: Vec<KeyChoice>,
}
