//! The options of the dashboard: how it looks. They are the user's, not the crawl's, and are not stored.

use clap::Args;

use super::values::{Clearable, auto_or, auto_or_switch, switch};
use crate::settings::appearance::{Appearance, ColorDepth, ThemeName};

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
}

impl DisplayOptions {
    /// What is wished for.
    #[must_use]
    pub fn appearance(&self) -> Appearance {
        Appearance {
            theme: self.theme.as_ref().and_then(|theme| theme.0),
            colors: self.color.as_ref().and_then(|colors| colors.0),
            ascii: self.ascii.as_ref().and_then(|ascii| ascii.0),
            no_motion: self.no_motion.unwrap_or_default(),
        }
    }
}
