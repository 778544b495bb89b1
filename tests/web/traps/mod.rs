//! Promise: endless sites are left after a bounded number of URLs, and ordinary sites are never cut off.

mod pages;
mod urls;

use crawldeck::settings::TrapSettings;
use crawldeck::web::traps::{TrapHit, TrapKind, Traps};

const HOST: &str = "site.test:81";

fn traps(change: impl FnOnce(&mut TrapSettings)) -> Traps {
    let mut settings = TrapSettings::default();
    change(&mut settings);
    Traps::in_year(&settings, 2026)
}

fn judge(traps: &mut Traps, path: &str) -> Option<TrapHit> {
    traps.judge(&format!("http://{HOST}{path}"), HOST)
}

fn kind(traps: &mut Traps, path: &str) -> Option<TrapKind> {
    judge(traps, path).map(|hit| hit.kind)
}

/// Index and kind of the first of `paths` that is a trap.
fn first(traps: &mut Traps, paths: impl IntoIterator<Item = String>) -> Option<(usize, TrapKind)> {
    paths.into_iter().enumerate().find_map(|(n, path)| Some((n, kind(traps, &path)?)))
}
