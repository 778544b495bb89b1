//! Presets: keys for other keyboards than the one of the table.

use super::binding::{BoundKey, key};
use crate::settings::key_settings::KeyPreset;

/// On German, French, Italian, Spanish, Swiss and Nordic keyboards `[ ] { }` are typed with AltGr. These are
/// letters, single presses without Shift on all of them: `i` and `d` increase and decrease the workers, `t`
/// and `c` take more into the queue and cut it.
const ALTGR: &[(&str, &[BoundKey])] = &[
    ("workers-up", &[key('i')]),
    ("workers-down", &[key('d')]),
    ("queue-up", &[key('t')]),
    ("queue-down", &[key('c')]),
];

/// The keys that a preset gives an action instead of those of the table.
pub(super) fn keys_of(preset: KeyPreset, action: &str) -> Option<&'static [BoundKey]> {
    let rows = match preset {
        KeyPreset::Standard => &[],
        KeyPreset::AltGr => ALTGR,
    };
    rows.iter().find(|(name, _)| *name == action).map(|(_, keys)| *keys)
}
