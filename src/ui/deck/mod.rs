//! The Deck: the pipeline as vessels and ways, what limits it, and as many panels as the screen has room for.
//!
//! ```text
//! layout        which panel stands where, at every size
//! stages        the six vessels      vessel_places   where they stand
//! tracks        the ways between     track_state     how it goes on them   motion   what moves on them
//! scene_panel   the scene as steps   scene_steps   what each measures   scene_progress   which happened
//! tour_panel    the guided tour      tour_steps    what each shows      tour             where the viewer is
//! hold_timer    a measurement that holds counts        followed_page    the page named in slow motion
//! verdict_rows  what limits, what the last change gave
//! hall   the same in large type   digits   its numbers
//! charts, answers, failures, changes, hosts, newest, workers, depths, resources  the panels
//! ```

pub mod answers;
pub mod changes;
pub mod charts;
mod depths;
mod digits;
pub mod failures;
mod followed_page;
mod hall;
mod hold_timer;
pub mod hosts;
mod layout;
pub mod motion;
pub mod newest;
pub mod newest_pages;
mod resources;
mod scene_panel;
mod scene_progress;
mod scene_steps;
mod stages;
mod tour;
mod tour_panel;
mod tour_steps;
mod track_state;
pub mod tracks;
mod verdict_rows;
mod vessel_places;
mod workers;

use ratatui::layout::Rect;

pub use self::followed_page::FollowedPage;
pub use self::hall::{draw as draw_large, fits as fits_large};
use self::layout::{Layout, LowerRow};
pub use self::motion::Motion;
pub use self::newest_pages::NewestPages;
pub use self::scene_progress::SceneProgress;
#[cfg(feature = "internals")]
pub use self::scene_progress::StepState;
pub use self::tour::{Tour, TourState};
pub use self::tour_panel::line as tour_line;
use self::vessel_places::Vessels;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::ui::chart::Zoom;
use crate::ui::log_view::LogView;
use crate::ui::paint::Painter;
use crate::ui::palette::Role;
use crate::ui::panels::{log, overload};
use crate::ui::stored::ParentUrls;
use crate::ui::url_text::CommonOrigin;
use crate::ui::view_thread::ShownDatabase;

/// Narrowest and lowest area that the Deck is drawn in.
pub const LEAST: (u16, u16) = (80, 16);

/// How the Deck is looked at.
#[derive(Debug, Clone, Copy)]
pub struct DeckView<'a> {
    /// How much of the past.
    pub zoom: Zoom,
    /// What moves.
    pub motion: &'a Motion,
    /// Where the results are, once the crawl is over.
    pub database: &'a ShownDatabase,
    /// The guided tour, if it is on.
    pub tour: Option<&'a Tour>,
    /// How far the scene has come.
    pub scene: &'a SceneProgress,
    /// The page that is followed by name.
    pub followed: &'a FollowedPage,
    /// Which pages are shown.
    pub newest: &'a NewestPages,
    /// The log.
    pub log: &'a LogView,
    /// Where failures were found.
    pub parents: &'a ParentUrls,
}

/// Draws the Deck in an area of at least [`LEAST`]:
///
/// ```text
/// ╭ frontier ╮   ╭─ queue ─╮   ╭─ workers ─╮   ┏ ◆ gate ━┓   ╭─ saver ─╮   ╭ database ╮
/// │          │●·▶│         │●·▶│           │●●▶┃         ┃··▶│         │·●▶│          │
/// ╰──────────╯   ╰─────────╯   ╰───────────╯   ┗━━━━━━━━━┛   ╰─────────╯   ╰──────────╯
///  ◆ limited by permits   …                                            +  raises permits
///  ✓ better  permits 12 → 16 …                                           u  undoes it
/// ╭─ pages/s ────────────────────────────────╮╭─ latency ms ───────────────────────────╮
/// ╰──────────────────────────────────────────╯╰────────────────────────────────────────╯
/// ╭─ answers ────────╮╭─ retries and failures ─────────────────────────────────────────╮
/// ╰──────────────────╯╰────────────────────────────────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, view: DeckView<'_>, s: &Snapshot) {
    let recrawl = overload::recrawl(painter.theme, s);
    let has_scene = view.scene.scene().is_some() && !s.run.is_final();
    let has_panel = has_scene || view.tour.is_some();
    let slow = if has_panel { 0 } else { overload::rows(s, overload::MAX_ROWS) };
    let followed = view.followed.words(s);
    let more = u16::from(!recrawl.is_empty()) + u16::from(followed.is_some());
    let layout = Layout::new(area, slow + more, has_panel);
    let vessels = Vessels::new(layout.stages);
    stages::draw(painter, &vessels, s);
    if let Some(tour) = view.tour {
        tour_panel::mark_stage(painter, &vessels, tour);
        tour_panel::draw(painter, layout.scene, tour, s);
    } else if has_scene {
        scene_panel::numbers(painter, &vessels, view.scene, s);
        scene_panel::draw(painter, layout.scene, view.scene, s);
    }
    // Beside the middle of the frames.
    let row = layout.stages.height.saturating_sub(1) / 2;
    tracks::draw(painter, &vessels.tracks, row, layout.stages.height >= 5, view.motion, s);
    verdict_rows::draw(painter, layout.verdict, view.database, s);
    let mut row = 0;
    if !recrawl.is_empty() && layout.overloads.height > 0 {
        painter.fit(layout.overloads, 0, 0, recrawl);
        row = 1;
    }
    if let Some((url, place)) = followed.filter(|_| row < layout.overloads.height) {
        followed_row(painter, layout.overloads, row, url, &place);
        row += 1;
    }
    let slow = layout.overloads.height.saturating_sub(row);
    overload::draw(painter, layout.overloads, row, slow, s);
    let zoom = view.zoom;
    match layout.charts.as_slice() {
        [] => charts::sparklines(painter, layout.sparklines, s, zoom),
        [pages, latency, rest @ ..] => {
            charts::throughput(painter, *pages, s, zoom);
            charts::latency(painter, *latency, s, zoom);
            if let Some(map) = rest.first() {
                charts::latency_map(painter, *map, s, zoom);
            }
        }
        [only] => charts::throughput(painter, *only, s, zoom),
    }
    for (panel, place) in &layout.panels {
        match panel {
            LowerRow::Answers => answers::draw(painter, *place, s),
            LowerRow::AnswersRow => answers::one_row(painter, *place, s),
            LowerRow::Failures => failures::draw(painter, *place, view.parents, s),
            LowerRow::FailureRows => failures::rows(painter, *place, view.parents, s),
            LowerRow::Strips => charts::strips(painter, *place, s, zoom),
            LowerRow::Changes => changes::draw(painter, *place, s),
            LowerRow::Hosts => hosts::draw(painter, *place, s),
            LowerRow::Newest => newest::draw(painter, *place, view.newest, view.followed, s),
            LowerRow::Workers => workers::draw(painter, *place, s),
            LowerRow::Depths => depths::draw(painter, *place, s),
            LowerRow::Resources => resources::draw(painter, *place, s, zoom),
            LowerRow::Log => log::newest(painter, *place, view.log),
            LowerRow::Curve => crate::ui::panels::tuning::draw_curve(painter, *place, s),
        }
    }
}

/// The page that is followed in slow motion: `▶ follows /museum/prop-39811   worker 3 first byte 1.2 s`.
fn followed_row(painter: &mut Painter<'_>, area: Rect, row: u16, url: &str, place: &str) {
    let theme = painter.theme;
    painter.text(area, 0, row, "▶", theme.bold(Role::Limit));
    let after = painter.text(area, 2, row, "follows ", theme.dim());
    let columns = (area.width / 2).saturating_sub(after);
    let name = CommonOrigin::of([url]).name(url, columns.into());
    let after = painter.text(area, after, row, &name, theme.strong()) + 3;
    painter.text(area, after, row, place, theme.text(Role::Text));
}
