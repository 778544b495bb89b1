//! The options of the dashboard: how it looks. They are the user's, not the crawl's, and are not stored.

use clap::Args;

use super::values::{Clearable, auto_or, auto_or_switch, binding, item, switch};
use crate::settings::appearance::{Appearance, ColorDepth, ThemeName};
use crate::settings::key_settings::{KeyChoice, KeyPreset, KeySettings};

/// How the dashboard looks.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Dashboard")]
pub struct DisplayOptions {
    /// Colours for this background: auto, dark, light, high-contrast, or mono for none [default: auto]
    #[arg(long, value_name = "THEME", value_parser = auto_or::<ThemeName>)]
    pub theme: Option<Clearable<ThemeName>>,
    /// How many colours the terminal has: auto, never, 16, 256 or truecolor [default: auto]
    #[arg(long, value_name = "N", value_parser = auto_or::<ColorDepth>)]
    pub color: Option<Clearable<ColorDepth>>,
    /// Draw in ASCII alone; auto does so where the locale is not UTF-8 [default: auto]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = auto_or_switch, value_name = "BOOL")]
    pub ascii: Option<Clearable<bool>>,
    /// Do not move anything between the stages
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, value_name = "BOOL")]
    pub no_motion: Option<bool>,
    /// Say in the title of the terminal how it goes
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, value_name = "BOOL")]
    pub window_title: Option<bool>,
    /// Ring the bell of the terminal when the crawl is over
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, value_name = "BOOL")]
    pub bell: Option<bool>,
    /// Keys to start from: standard, or altgr where brackets and braces need AltGr [default: standard]
    #[arg(long, value_name = "PRESET")]
    pub keys: Option<KeyPreset>,
    /// Other keys for an action: pause=F9, workers-up='F6 i'; repeatable, in the file a table [bind]
    #[arg(long, value_name = "ACTION=KEYS", value_parser = item(binding))]
    pub bind: Vec<Clearable<KeyChoice>>,
}

impl DisplayOptions {
    /// Which keys are wished for.
    fn keys(&self) -> KeySettings {
        let choices = self.bind.iter().filter_map(|choice| choice.0.clone()).collect();
        KeySettings { preset: self.keys.unwrap_or_default(), choices }
    }

    /// Checks the keys together; each was checked by itself when it was read.
    ///
    /// # Errors
    /// What is wrong and what to do, in a line.
    #[cfg(feature = "tui")]
    pub(super) fn check_keys(&self) -> Result<(), String> {
        crate::ui::keys::KeyMap::new(&self.keys()).map(|_| ())
    }

    /// Without a dashboard there are no keys.
    #[cfg(not(feature = "tui"))]
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "as with the dashboard")]
    pub(super) fn check_keys(&self) -> Result<(), String> {
        Ok(())
    }

    /// What is wished for.
    #[must_use]
    pub fn appearance(&self) -> Appearance {
        Appearance {
            theme: self.theme.as_ref().and_then(|theme| theme.0),
            colors: self.color.as_ref().and_then(|colors| colors.0),
            ascii: self.ascii.as_ref().and_then(|ascii| ascii.0),
            no_motion: self.no_motion.unwrap_or_default(),
            window_title: self.window_title.unwrap_or_default(),
            bell: self.bell.unwrap_or_default(),
            keys: self.keys(),
        }
    }
}
