//! The six stages as vessels: what stands in each, where its time goes, which of them limits.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::vessel_places::Vessels;
use crate::crawl::protocol::snapshot::{RunState, Snapshot, WorkerState};
use crate::crawl::protocol::verdict::Stage;
use crate::ui::chart::{self, ChartWindow, Zoom};
use crate::ui::paint::{Painter, VesselLook};
use crate::ui::palette::Role;
use crate::ui::panels::stages::{self, Share};
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::units;

/// Inner rows from which a vessel says where its time goes.
const TALL: u16 = 5;

/// Draws the six frames with what is in them. With five inner rows:
///
/// ```text
/// ╭ frontier ──╮   ╭─ queue ──────╮   ╭─ workers 32 ──────╮   ┏ ◆ gate ━━━━━━┓   ╭─ saver ──────╮   ╭ database ╮
/// │ 6,218      │   │ ███████████▋ │   │ ▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▪ │   ┃ ▮▮▮▮▮▮▮▮     ┃   │ ▏··········· │   │ 12,404   │
/// │ +12/s      │   │ 97/100       │   │ ▯▯▯▯▯▯▯▯▯▯▯▯▯▯▯   │   ┃ ▮▮▮▮▮▮▮▮     ┃   │ 18 KiB of 8 M│   │ pages    │
/// │ 37 retrying│   │ ███▇████▇███ │   │ 16 fetch 15 wait  │   ┃ 16/16 taken  ┃   │ 64 in 4 ms   │   │ 48,120   │
/// │ ━━━━━━━━━━ │   │ ████████████ │   │ ━━━━━━━━━━━━━━━━━ │   ┃ 15 waiting   ┃   │ ━─────────── │   │ links    │
/// │ 97% blocked│   │ 3 free       │   │ 48% busy 46% wait │   ┃ 0 free       ┃   │ writing 12%  │   │ 371k rows│
/// ╰────────────╯   ╰──────────────╯   ╰───────────────────╯   ┗━━━━━━━━━━━━━━┛   ╰──────────────╯   ╰──────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, places: &Vessels, s: &Snapshot) {
    let [frontier, queue, workers, gate, saver, database] = places.frames;
    let inner = painter.vessel(frontier, "frontier", "", look(Stage::Frontier, s));
    draw_frontier(painter, inner, s);
    let inner = painter.vessel(queue, "queue", "", look(Stage::Queue, s));
    draw_queue(painter, inner, s);
    let number = s.dials.workers.to_string();
    let inner = painter.vessel(workers, "workers", &number, look(Stage::Workers, s));
    draw_workers(painter, inner, s);
    let number =
        if s.gate.limit == s.dials.permits { String::new() } else { s.dials.permits.to_string() };
    let inner = painter.vessel(gate, "gate", &number, look(Stage::Gate, s));
    draw_gate(painter, inner, s);
    let inner = painter.vessel(saver, "saver", "", look(Stage::Saver, s));
    draw_saver(painter, inner, s);
    let inner = painter.vessel(database, "database", "", VesselLook::default());
    draw_database(painter, inner, s);
}

fn look(stage: Stage, s: &Snapshot) -> VesselLook {
    let has_fault = s.faults.on().any(|setting| stages::stage_of(setting.fault) == stage);
    VesselLook { limits: stages::limits(stage, s), has_fault }
}

/// A number that is heavier than what is said of it.
fn number(painter: &mut Painter<'_>, area: Rect, row: u16, words: &str) -> u16 {
    let style = painter.theme.strong();
    painter.text(area, 0, row, words, style)
}

/// Words that fit whole; the last ones go first.
fn remark(painter: &mut Painter<'_>, area: Rect, row: u16, words: &str, style: Style) {
    let shown = text::whole_words(words, area.width.into());
    painter.text(area, 0, row, shown, style);
}

/// Where bars go: they keep their distance from the frame, which words need not.
const fn bars(area: Rect) -> Rect {
    let air = if area.width >= 10 && area.width < 18 { 1 } else { 0 };
    Rect { width: area.width - air, ..area }
}

/// The first of the words that fits, from long to short.
fn fitting<'a>(area: Rect, words: &[&'a str]) -> &'a str {
    let room = usize::from(area.width);
    words.iter().find(|w| text::width(w) <= room).copied().unwrap_or("")
}

/// Where the time of a stage goes: a thick line, and below it its largest share in words.
fn time(painter: &mut Painter<'_>, area: Rect, row: u16, shares: &[Share]) {
    let parts: Vec<_> = shares.iter().map(Share::line).collect();
    let line = Rect { y: area.y + row, height: 1, ..bars(area) };
    painter.time_line(line, &parts);
}

fn draw_frontier(painter: &mut Painter<'_>, area: Rect, s: &Snapshot) {
    let theme = painter.theme;
    number(painter, area, 0, &units::short_count(s.frontier.pending));
    let [growth, retries] = stages::frontier(theme, s);
    remark(painter, area, 1, &growth.0, growth.1);
    let retrying = s.frontier.retrying;
    if retrying > 0 {
        let n = units::short_count(retrying);
        let (long, short) = (format!("{n} to be retried"), format!("{n} retry"));
        let words = fitting(area, &[&long, &retries.0, &short, &n]);
        painter.text(area, 0, 2, words, retries.1);
    }
    if area.height < TALL {
        return;
    }
    let shares = stages::producer(theme, s);
    time(painter, area, 3, &shares);
    if let Some(most) =
        shares.iter().filter(|share| share.share > 0.0).max_by(|a, b| a.share.total_cmp(&b.share))
    {
        let percent = units::percent(most.share).trim_start().to_owned();
        let long = format!("{percent} {}", most.label);
        let short = match most.label {
            "queue full" if most.share >= 0.995 => "all blocked".to_owned(),
            "queue full" => format!("{percent} blocked"),
            label => format!("{percent} {}", label.split(' ').next_back().unwrap_or(label)),
        };
        let words = if s.run.is_final() { "at rest" } else { fitting(area, &[&long, &short]) };
        let style = if s.run.is_final() { theme.dim() } else { theme.text(most.role) };
        painter.text(area, 0, 4, words, style);
    }
}

fn draw_queue(painter: &mut Painter<'_>, area: Rect, s: &Snapshot) {
    let theme = painter.theme;
    let full = stages::ratio(s.queue.len.into(), s.queue.capacity.into());
    // Full is how it should be, unless nothing leaves it.
    let stuck =
        s.queue.len >= s.queue.capacity && s.flow.per_s[1] == 0.0 && s.run == RunState::Running;
    let fill = if stages::limits(Stage::Queue, s) {
        theme.fill(Role::Limit)
    } else {
        theme.fill(if stuck { Role::Blocked } else { Role::Wait })
    };
    painter.gauge(area, 0, 0, bars(area).width, full, fill);
    let level = format!("{}/{}", s.queue.len, s.queue.capacity);
    let after = number(painter, area, 1, &level);
    let (free, style) = stages::queue(theme, s);
    let last = area.height.saturating_sub(1);
    let beside = usize::from(after) + 2 + text::width(&free) <= area.width.into();
    if beside && (area.height < TALL || area.width >= 20) {
        painter.text(area, after + 2, 1, &free, style);
    } else if area.height >= TALL {
        remark(painter, area, last, &free, style);
    }
    if area.height >= TALL && area.width >= 20 {
        painter.text(area, 0, last, "last minute", theme.dim());
    }
    let below = if area.height >= TALL { last } else { area.height };
    let plot = Rect { y: area.y + 2, height: below.saturating_sub(2), ..bars(area) };
    let window = ChartWindow::new(s, Zoom::Minute, plot.width);
    let levels = window.means(s, |p| p.queued as f32);
    let top = levels.iter().flatten().fold(s.queue.capacity as f32, |a, b| a.max(*b));
    chart::area(painter, plot, &levels, top, theme.shade(Role::Wait, 0.6));
}

fn draw_workers(painter: &mut Painter<'_>, area: Rect, s: &Snapshot) {
    let theme = painter.theme;
    stages::strip(painter, area, 0, 2, s);
    let counts = stages::counts(s);
    let of = |states: &[WorkerState]| -> u32 { states.iter().map(|s| counts[*s as usize]).sum() };
    let groups = [
        (
            of(&[WorkerState::Connect, WorkerState::FirstByte, WorkerState::Body]),
            "fetch",
            WorkerState::FirstByte,
        ),
        (of(&[WorkerState::Parse]), "parse", WorkerState::Parse),
        (of(&[WorkerState::Permit]), "wait", WorkerState::Permit),
        (of(&[WorkerState::Rate]), "rate", WorkerState::Rate),
        (of(&[WorkerState::Database]), "read", WorkerState::Database),
        (of(&[WorkerState::Blocked]), "blocked", WorkerState::Blocked),
        (of(&[WorkerState::Paused]), "paused", WorkerState::Paused),
        (of(&[WorkerState::Idle]), "idle", WorkerState::Idle),
    ];
    let there = groups.iter().filter(|(n, ..)| *n > 0);
    // By the width alone, so that the form stays while the numbers change.
    let glyphs = area.width < 16;
    let mut column = 0;
    for (n, word, state) in there {
        let (glyph, style) = theme.worker(*state);
        let number = n.to_string();
        let need = number.len() + if glyphs { 1 } else { word.len() + 1 };
        if usize::from(column) + need > area.width.into() {
            break;
        }
        column = painter.text(area, column, 2, &number, theme.bold(Theme::worker_role(*state)));
        column = if glyphs {
            painter.text(area, column, 2, glyph, style)
        } else {
            painter.text(area, column + 1, 2, word, theme.dim())
        } + 1;
    }
    if area.height < TALL {
        return;
    }
    if s.run.is_final() {
        painter.text(area, 0, 4, "at rest", theme.dim());
        return;
    }
    let shares = stages::workers(theme, s, false);
    time(painter, area, 3, &shares);
    let mut column = 0;
    let mut sorted: Vec<_> = shares.iter().filter(|share| share.share >= 0.005).collect();
    sorted.sort_by(|a, b| b.share.total_cmp(&a.share));
    for share in sorted {
        let percent = units::percent(share.share).trim_start().to_owned();
        let label = if share.label == "permit" && area.width < 30 { "wait" } else { share.label };
        let need = percent.len() + label.len() + 1;
        if usize::from(column) + need > area.width.into() {
            break;
        }
        column = painter.text(area, column, 4, &percent, theme.text(share.role));
        let gap = if area.width < 30 { 1 } else { 2 };
        column = painter.text(area, column + 1, 4, label, theme.dim()) + gap;
    }
}

/// Permits as places: taken, free, and marked those that the crawl took back by itself or that drain.
fn draw_gate(painter: &mut Painter<'_>, area: Rect, s: &Snapshot) {
    let theme = painter.theme;
    let (gate, dial) = (&s.gate, s.dials.permits);
    let limits = stages::limits(Stage::Gate, s);
    let taken_back = dial.saturating_sub(gate.limit);
    let places = dial.max(gate.in_use);
    let rows = 2;
    let cells = u32::from(area.width) * rows;
    let shares = [
        gate.in_use,
        places.saturating_sub(gate.in_use + taken_back),
        taken_back.min(places - gate.in_use.min(places)),
    ];
    let shown = if places <= cells {
        shares
    } else {
        let exact = shares.map(|n| n as f32);
        let cells = crate::ui::paint::apportion(&exact, cells as u16);
        [cells[0], cells[1], cells[2]].map(u32::from)
    };
    // Two rows of the same length read as a block.
    let all: u32 = shown.iter().sum();
    let wide = all.div_ceil(rows).max(8).min(u32::from(area.width)).max(1);
    let taken = if limits { theme.mark(Role::Limit) } else { theme.mark(Role::Text) };
    let looks = [("▮", taken), ("▯", theme.mark(Role::Wait)), ("▤", theme.mark(Role::Blocked))];
    let glyphs =
        looks.iter().zip(shown).flat_map(|(look, n)| std::iter::repeat_n(*look, n as usize));
    for (i, (glyph, style)) in glyphs.enumerate() {
        let i = i as u32;
        painter.glyph(area, (i % wide) as u16, (i / wide) as u16, glyph, style);
    }
    let level = format!("{}/{}", gate.in_use, gate.limit);
    let waiting = match gate.waiting {
        0 => None,
        n => Some((format!("{n} waiting"), theme.dim())),
    };
    let back = (taken_back > 0)
        .then(|| (format!("{taken_back} taken back"), theme.text(Role::Blocked)))
        .or_else(|| {
            (gate.draining > 0)
                .then(|| (format!("{} draining", gate.draining), theme.text(Role::Blocked)))
        });
    let rate = s.dials.rate.map(|rate| (format!("rate {rate}/s"), theme.text(Role::Wait)));
    if area.height < TALL {
        let of = (taken_back > 0).then(|| (format!("of {dial}"), theme.text(Role::Blocked)));
        let said = [of, back, rate, waiting].into_iter().flatten().next();
        let style = if limits { theme.bold(Role::Limit) } else { theme.strong() };
        let after = painter.text(area, 0, 2, &level, style);
        if let Some((words, style)) = said
            && usize::from(after) + 1 + text::width(&words) <= area.width.into()
        {
            painter.text(area, after + 1, 2, &words, style);
        }
        return;
    }
    let style = if limits { theme.bold(Role::Limit) } else { theme.strong() };
    let after = painter.text(area, 0, 2, &level, style);
    let of = if taken_back > 0 { format!("of {dial}") } else { "taken".to_owned() };
    painter.text(area, after + 1, 2, &of, theme.dim());
    let free = gate.limit.saturating_sub(gate.in_use);
    let free = (format!("{free} free"), theme.dim());
    let said = [back, waiting, rate, Some(free)].into_iter().flatten().take(2);
    for (i, (words, style)) in said.enumerate() {
        remark(painter, area, 3 + i as u16, &words, style);
    }
}

fn draw_saver(painter: &mut Painter<'_>, area: Rect, s: &Snapshot) {
    let theme = painter.theme;
    let limits = stages::limits(Stage::Saver, s);
    let level = stages::backlog(s);
    let role = if limits {
        Role::Limit
    } else if level >= 0.9 {
        Role::Blocked
    } else {
        Role::Wait
    };
    painter.gauge(area, 0, 0, bars(area).width, level, theme.fill(role));
    let (now, limit) = (units::bytes(s.saver.backlog_bytes), units::bytes(s.saver.limit_bytes));
    let after = number(painter, area, 1, &now);
    let (long, short) =
        (format!(" of {limit}"), format!("/{}", limit.replace("iB", "").replace(' ', "")));
    let rest = Rect { width: area.width.saturating_sub(after), ..area };
    painter.text(area, after, 1, fitting(rest, &[&long, &short]), theme.dim());
    let [batch, _] = stages::saver_remarks(theme, s, area.width);
    painter.text(area, 0, 2, &batch.0, batch.1);
    if area.height < TALL {
        return;
    }
    if s.run.is_final() {
        let words = if s.run == RunState::Complete { "all written" } else { "at rest" };
        painter.text(area, 0, 4, words, theme.text(Role::Ok));
        return;
    }
    time(painter, area, 3, &stages::saver(theme, s));
    let percent = units::percent(s.saver_shares.busy).trim_start().to_owned();
    let style = if limits { theme.bold(Role::Limit) } else { theme.text(Role::Text) };
    let after = painter.text(area, 0, 4, "writing ", theme.dim());
    let after = painter.text(area, after, 4, &percent, style);
    let worst = format!("  worst {}", units::duration(s.saver.worst_transaction_ms));
    if usize::from(after) + text::width(&worst) <= area.width.into() {
        painter.text(area, after, 4, &worst, theme.dim());
    }
}

fn draw_database(painter: &mut Painter<'_>, area: Rect, s: &Snapshot) {
    let theme = painter.theme;
    let word = |n: u64, one: &'static str, more: &'static str| if n == 1 { one } else { more };
    number(painter, area, 0, &units::short_count(s.saver.pages));
    painter.text(area, 0, 1, word(s.saver.pages, "URL", "URLs"), theme.dim());
    if area.height < TALL {
        let rate = s.flow.per_s[4];
        if area.width >= 9 && rate > 0.0 && s.run == RunState::Running {
            painter.text(area, 0, 2, &format!("+{}/s", units::rate(rate.into())), theme.dim());
        } else {
            number(painter, area, 2, &units::short_count(s.totals.links));
        }
        return;
    }
    number(painter, area, 2, &units::short_count(s.totals.links));
    painter.text(area, 0, 3, word(s.totals.links, "link", "links"), theme.dim());
    let rows = units::counted(s.saver.rows, "row", "rows");
    let compact = format!("{} rows", compact_count(s.saver.rows));
    painter.text(area, 0, 4, fitting(area, &[&rows, &compact]), theme.dim());
}

/// A count in few columns: `371k`, `4.1M`.
fn compact_count(n: u64) -> String {
    match n {
        0..10_000 => units::count(n),
        10_000..10_000_000 => format!("{}k", n / 1000),
        _ => format!("{}M", n / 1_000_000),
    }
}
