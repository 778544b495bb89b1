//! What both drawings of the pipeline say about its stages: shares, levels, short remarks.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::crawl::protocol::snapshot::{
    RunState, Snapshot, WORKER_STATES, WaitReason, WorkerState,
};
use crate::crawl::protocol::verdict::{Limit, Stage};
use crate::settings::faults::Fault;
use crate::ui::paint::Painter;
use crate::ui::palette::Role;
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::units;

/// A share of a stage's time, with its glyph in the stacked bar.
#[derive(Debug, Clone)]
#[allow(clippy::struct_field_names, reason = "the number of the share")]
pub struct Share {
    /// What the time went into.
    pub label: &'static str,
    /// The fraction of it.
    pub share: f32,
    /// Workers in that state now, for workers.
    pub count: Option<u32>,
    /// Its glyph.
    pub glyph: &'static str,
    /// Its style.
    pub style: Style,
    /// What its hue stands for.
    pub role: Role,
}

impl Share {
    /// For a line of time.
    #[must_use]
    pub const fn line(&self) -> (f32, &'static str, Style) {
        (self.share, self.glyph, self.style)
    }
}

/// Share from which the wait for the database is shown.
const SHOWN_FROM: f32 = 0.01;

/// A remark with its style.
pub type Remark = (String, Style);

fn share(theme: Theme, label: &'static str, share: f32, glyph: &'static str, role: Role) -> Share {
    // No text is as faint as a frame.
    let text = if role == Role::Faint { Role::Dim } else { role };
    Share { label, share, count: None, glyph, style: theme.mark(role), role: text }
}

/// Where the producer's time went.
#[must_use]
pub fn producer(theme: Theme, snapshot: &Snapshot) -> Vec<Share> {
    let p = &snapshot.producer;
    let f = &snapshot.frontier;
    // With nothing else to choose, it is the retries' delays that it waits for.
    let waits_for = if f.pending == 0 && f.retrying > 0 { "retries" } else { hosts_wait(snapshot) };
    let mut shares = vec![
        share(theme, "choosing", p.busy, "▮", Role::Ok),
        share(theme, "queue full", p.blocked, "▤", Role::Blocked),
        share(theme, waits_for, p.throttled, "▯", Role::Wait),
        share(theme, "idle", p.idle, "·", Role::Faint),
    ];
    if p.paused > 0.0 {
        shares.insert(0, share(theme, "paused", p.paused, "‖", Role::Wait));
    }
    shares
}

/// Causes for which hosts wait, and the word for no known one.
pub const CAUSES: [&str; 7] =
    ["held hosts", "robots.txt", "breakers", "cooldowns", "hosts' gaps", "hosts' limits", "hosts"];

/// What most URLs of waiting hosts wait for, in a word or two.
fn hosts_wait(snapshot: &Snapshot) -> &'static str {
    let mut queued = [0_u64; 6];
    for host in snapshot.hosts.iter() {
        let Some(wait) = host.wait else { continue };
        let cause = match wait.why {
            WaitReason::Held => 0,
            WaitReason::Robots | WaitReason::RobotsUnreachable => 1,
            WaitReason::Breaker | WaitReason::Probe => 2,
            WaitReason::RetryAfter | WaitReason::Backoff => 3,
            WaitReason::RobotsDelay | WaitReason::Delay => 4,
            WaitReason::Limit | WaitReason::AutopilotLimit | WaitReason::LoweredLimit => 5,
        };
        queued[cause] = queued[cause].saturating_add(host.queued.max(1));
    }
    let most = (0..6).filter(|cause| queued[*cause] > 0).max_by_key(|cause| queued[*cause]);
    CAUSES[most.unwrap_or(6)]
}

/// Where the workers' time went, and how many are there now. `fine` tells the segments of a fetch
/// apart.
#[must_use]
pub fn workers(theme: Theme, snapshot: &Snapshot, fine: bool) -> Vec<Share> {
    let s = &snapshot.worker_shares;
    let counts = counts(snapshot);
    let state = |label, value: f32, states: &[WorkerState]| {
        let (glyph, style) = theme.worker(states[0]);
        let count = states.iter().map(|s| counts[*s as usize]).sum();
        let role = Theme::worker_role(states[0]);
        Share { label, share: value, count: Some(count), glyph, style, role }
    };
    let mut shares = if fine {
        vec![
            state("connect", s.connect, &[WorkerState::Connect]),
            state("first byte", s.first_byte, &[WorkerState::FirstByte]),
            state("body", s.body, &[WorkerState::Body]),
        ]
    } else {
        vec![state(
            "fetch",
            s.fetch(),
            &[WorkerState::Connect, WorkerState::FirstByte, WorkerState::Body],
        )]
    };
    shares.push(state("parse", s.parse, &[WorkerState::Parse]));
    shares.push(state("permit", s.permit, &[WorkerState::Permit]));
    shares.push(state("rate", s.rate, &[WorkerState::Rate]));
    shares.push(state("blocked", s.blocked, &[WorkerState::Blocked]));
    shares.push(state("idle", s.idle, &[WorkerState::Idle]));
    // A redirect now and then reads a row: that is not worth a line that comes and goes.
    if s.database >= SHOWN_FROM {
        shares.push(state("database", s.database, &[WorkerState::Database]));
    }
    if s.paused > 0.0 || counts[WorkerState::Paused as usize] > 0 {
        shares.push(state("paused", s.paused, &[WorkerState::Paused]));
    }
    shares
}

/// Where the saver's time went.
#[must_use]
pub fn saver(theme: Theme, snapshot: &Snapshot) -> Vec<Share> {
    let s = &snapshot.saver_shares;
    vec![
        share(theme, "writing", s.busy, "▮", Role::Ok),
        share(theme, "idle", s.idle, "·", Role::Faint),
    ]
}

/// How many workers are in each state, by `WorkerState as usize`.
#[must_use]
pub fn counts(snapshot: &Snapshot) -> [u32; WORKER_STATES] {
    let mut counts = [0; WORKER_STATES];
    for worker in &snapshot.workers {
        counts[worker.state as usize] += 1;
    }
    counts
}

/// How the frontier grows, and how many URLs wait for another attempt.
#[must_use]
pub fn frontier(theme: Theme, snapshot: &Snapshot) -> [Remark; 2] {
    let f = &snapshot.frontier;
    let growth = f.growth_per_s;
    let still = snapshot.run.is_final() || snapshot.run == RunState::Paused;
    let moves = if snapshot.run == RunState::Complete {
        "done".to_owned()
    } else if still {
        "steady".to_owned()
    } else if growth >= 0.5 {
        format!("+{}/s growing", units::count(growth.round() as u64))
    } else if growth <= -0.5 {
        format!("−{}/s shrinking", units::count((-growth).round() as u64))
    } else {
        "steady".to_owned()
    };
    let retries = match f.retrying {
        0 => String::new(),
        n => format!("{} retrying", units::count(n)),
    };
    [(moves, theme.dim()), (retries, theme.text(Role::Retry))]
}

/// What the queue's level means.
#[must_use]
pub fn queue(theme: Theme, snapshot: &Snapshot) -> Remark {
    let q = &snapshot.queue;
    if q.len > q.capacity {
        (format!("{} over, draining", q.len - q.capacity), theme.text(Role::Blocked))
    } else if q.len == q.capacity && q.len > 0 {
        ("full".to_owned(), Style::new())
    } else if q.len == 0 {
        ("empty".to_owned(), theme.dim())
    } else {
        (format!("{} free", units::count((q.capacity - q.len).into())), theme.dim())
    }
}

/// Requests that wait at the gate, permits that drain, and the rate limit.
#[must_use]
pub fn gate(theme: Theme, snapshot: &Snapshot) -> [Remark; 2] {
    let g = &snapshot.gate;
    let waits = match g.waiting {
        0 => (format!("{} free", g.limit.saturating_sub(g.in_use)), theme.dim()),
        n => (format!("{n} waiting"), Style::new()),
    };
    let more = match (g.draining, snapshot.dials.rate) {
        (0, None) => (String::new(), theme.dim()),
        (0, Some(rate)) => (format!("rate {rate}/s"), Style::new()),
        (n, _) => (format!("draining {n}"), theme.text(Role::Blocked)),
    };
    [waits, more]
}

/// The last transaction and the flow of rows, in at most so many columns each: a number loses
/// its words before it is cut.
#[must_use]
pub fn saver_remarks(theme: Theme, snapshot: &Snapshot, columns: u16) -> [Remark; 2] {
    let s = &snapshot.saver;
    let fits = |words: &String| text::width(words) <= columns.into();
    let time = units::duration(s.last_transaction_ms);
    let pages = u64::from(s.last_batch_pages);
    let batch = [
        format!("{} in {time}", units::counted(pages, "page", "pages")),
        format!("{} in {time}", units::count(pages)),
        time,
    ];
    let batch = batch.into_iter().find(|w| s.rows > 0 && fits(w)).unwrap_or_default();
    let rows = format!("{} rows/s", units::count(s.rows_per_s.max(0.0).round() as u64));
    [(batch, theme.dim()), (rows, theme.dim())]
}

/// A level and its bound in a width that does not change while the bound stays: ` 5/100`.
#[must_use]
pub fn level(level: u32, bound: u32) -> String {
    let digits = bound.to_string().len();
    format!("{level:>digits$}/{bound}")
}

/// Permits in use of those in force; and of how many the dial wants, where the crawl slows by
/// itself: `5/5 of 10`.
#[must_use]
pub fn gate_level(snapshot: &Snapshot) -> String {
    let (gate, dial) = (&snapshot.gate, snapshot.dials.permits);
    let level = level(gate.in_use, gate.limit);
    if gate.limit == dial { level } else { format!("{level} of {dial}") }
}

/// Whether a stage limits the crawl: only while it runs, and only what was measured.
#[must_use]
pub fn limits(stage: Stage, s: &Snapshot) -> bool {
    let told = !matches!(s.verdict.limit, Limit::Unknown | Limit::Paused | Limit::Over);
    told && !s.run.is_ending() && s.verdict.stage == Some(stage)
}

/// How full the saver's buffer is.
#[must_use]
pub fn backlog(snapshot: &Snapshot) -> f64 {
    ratio(snapshot.saver.backlog_bytes as f64, snapshot.saver.limit_bytes as f64)
}

/// A level against its bound; nothing against nothing is empty.
#[must_use]
pub fn ratio(level: f64, bound: f64) -> f64 {
    if bound > 0.0 { level / bound } else { 0.0 }
}

/// The stage at which a fault is felt first; those of the site where its answers are waited for.
#[must_use]
pub const fn stage_of(fault: Fault) -> Stage {
    match fault {
        Fault::Queue => Stage::Queue,
        Fault::Parser => Stage::Workers,
        Fault::Saver | Fault::Buffer => Stage::Saver,
        _ => Stage::Gate,
    }
}

/// The workers as a strip of cells: one each while they fit, in proportion if they do not.
/// Returns the rows used.
pub fn strip(
    painter: &mut Painter<'_>,
    area: Rect,
    row: u16,
    rows: u16,
    snapshot: &Snapshot,
) -> u16 {
    let cells = u32::from(area.width) * u32::from(rows);
    if area.width == 0 || cells == 0 {
        return 0;
    }
    let theme = painter.theme;
    let states: Vec<WorkerState> = if snapshot.workers.len() <= cells as usize {
        snapshot.workers.iter().map(|w| w.state).collect()
    } else {
        let counts = counts(snapshot);
        // From work to rest, so that the strip reads like a level.
        let order: [WorkerState; WORKER_STATES] = [
            WorkerState::Connect,
            WorkerState::FirstByte,
            WorkerState::Body,
            WorkerState::Parse,
            WorkerState::Database,
            WorkerState::Blocked,
            WorkerState::Permit,
            WorkerState::Rate,
            WorkerState::Idle,
            WorkerState::Paused,
        ];
        let shares: Vec<f32> = order.iter().map(|s| counts[*s as usize] as f32).collect();
        let cells = crate::ui::paint::apportion(&shares, cells.min(u32::from(u16::MAX)) as u16);
        order.iter().zip(cells).flat_map(|(s, n)| std::iter::repeat_n(*s, n.into())).collect()
    };
    for (i, state) in states.iter().enumerate() {
        let (glyph, style) = theme.worker(*state);
        let at = (i as u16 % area.width, row + i as u16 / area.width);
        painter.glyph(area, at.0, at.1, glyph, style);
    }
    (states.len() as u16).div_ceil(area.width)
}
