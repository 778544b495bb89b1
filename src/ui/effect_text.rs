//! What a change gave, in words: on the Deck, on the Tuning tab, in the clipboard.

use ratatui::style::Style;

use super::theme::Theme;
use super::{text, units};
use crate::crawl::protocol::change::{Change, ChangeAction};
use crate::crawl::protocol::snapshot::Snapshot;
use crate::crawl::protocol::tuning::{AutopilotView, ChangeEffect, EffectVerdict, Estimate};
use crate::ui::palette::Role;

/// Maximum columns for what was changed: patterns and URLs can be longer than any row.
const CHANGE: usize = 44;

/// A change in per cent: `+31 %`, `−2 %`, `±0 %`.
#[must_use]
pub fn percent(value: f64) -> String {
    let rounded = value.clamp(-9_999.0, 9_999.0).round();
    if !value.is_finite() || rounded == 0.0 {
        "±0 %".to_owned()
    } else if rounded < 0.0 {
        format!("−{} %", units::count(-rounded as u64))
    } else {
        format!("+{} %", units::count(rounded as u64))
    }
}

/// Half the width of an interval, in whole units: `±6`; `±?` where it is not known.
#[must_use]
pub fn interval(estimate: &Estimate) -> String {
    if estimate.ci.is_finite() && estimate.ci < 9_999.5 {
        format!("±{:.0}", estimate.ci.max(0.0))
    } else {
        "±?".to_owned()
    }
}

/// Glyph and style of a verdict.
#[must_use]
pub fn look(theme: Theme, verdict: EffectVerdict) -> (&'static str, Style) {
    match verdict {
        EffectVerdict::Measuring => ("▶", theme.strong()),
        EffectVerdict::Better => ("✓", theme.strong()),
        EffectVerdict::Worse => ("✗", theme.text(Role::Blocked)),
        EffectVerdict::NoDifference => ("=", Style::new()),
        EffectVerdict::Void => ("·", theme.dim()),
    }
}

/// What a change gave, without the change: `+31 % pages/s (±6), p95 +12 %`.
#[must_use]
pub fn result(effect: &ChangeEffect) -> String {
    match effect.verdict {
        EffectVerdict::Measuring => {
            format!("measured {:.0} of {:.0} s", effect.after.seconds, effect.needs_s.ceil())
        }
        EffectVerdict::Void => {
            let why = effect.note.as_deref().map_or_else(String::new, |why| format!(": {why}"));
            format!("cannot be told{}", text::clean(&why))
        }
        EffectVerdict::NoDifference => {
            let ci = interval(&effect.pages_percent);
            format!("no difference ({ci} % pages/s), p95 {}", percent(effect.p95_percent))
        }
        EffectVerdict::Better | EffectVerdict::Worse => {
            let pages = percent(effect.pages_percent.value);
            let ci = interval(&effect.pages_percent);
            format!("{pages} pages/s ({ci}), p95 {}", percent(effect.p95_percent))
        }
    }
}

/// What was changed: `permits 8 → 16`, `permits 16 → 8, by undo`; the change as a whole where it was made in
/// several turns.
#[must_use]
pub fn what(change: &Change) -> String {
    if let Some(whole) = change.effect.as_ref().and_then(|effect| effect.whole.as_ref()) {
        return text::clean(whole).into_owned();
    }
    let what = change.what.to_string();
    format!("{}{}", text::cut(&text::clean(&what), CHANGE), by_undo(change))
}

/// What follows the words of a change that turned another one back.
const fn by_undo(change: &Change) -> &'static str {
    if change.undoes.is_some() { ", by undo" } else { "" }
}

/// What was changed in so many columns; where both dials do not fit, permits alone: workers follow them.
#[must_use]
pub fn what_within(change: &Change, columns: usize) -> String {
    let whole = what(change);
    match change.what {
        ChangeAction::SetBoth { old, new } if text::width(&whole) > columns => {
            format!("permits {} → {}{}", old.0, new.0, by_undo(change))
        }
        _ => text::cut(&whole, columns).into_owned(),
    }
}

/// How long ago a change was made: `now`, `12 s ago`, `before this run`.
#[must_use]
pub fn age(change: &Change, snapshot: &Snapshot) -> String {
    let ago = snapshot.at_s - change.at_s;
    if change.at_s < 0.0 {
        "before this run".to_owned()
    } else if ago < 1.0 {
        "now".to_owned()
    } else {
        format!("{} ago", units::age(ago))
    }
}

/// What the autopilot does, in a few words: `autopilot: cruising, next probe in 9 s`.
#[must_use]
pub fn autopilot(view: &AutopilotView) -> String {
    if !view.driving {
        return "autopilot off".to_owned();
    }
    let mut parts = vec![format!("autopilot: {}", text::clean(&view.state))];
    if let Some((from, to)) = view.probe {
        parts[0] = format!("{} {from} → {to}", parts[0]);
    }
    if let Some(why) = &view.held_by {
        parts.push(text::clean(why).into_owned());
    }
    if view.out_of_reach {
        parts.push("the latency is out of reach".to_owned());
    }
    if let Some(seconds) = view.next_probe_s {
        parts.push(format!("next probe in {:.0} s", seconds.max(0.0).ceil()));
    }
    parts.join(", ")
}
