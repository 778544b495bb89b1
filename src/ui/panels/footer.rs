//! The two lines at the bottom: what has been done and how long it may take, or an answer to
//! the last key, or a prompt; below it what [`hints`] says.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::Span;

use super::hints;
use crate::crawl::protocol::snapshot::{Eta, RunState, Snapshot};
use crate::ui::action::{Action, Tab};
use crate::ui::app::App;
use crate::ui::keys::KeyContext;
use crate::ui::log_search::LogSearch;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::prompt::{Asking, Prompt};
use crate::ui::tables;
use crate::ui::text;
use crate::ui::units;

/// Lays out the footer; returns where the cursor goes while a prompt is open:
///
/// ```text
///  12,404 done · 6,218 to go · 37 failed · 166 MiB      still growing: at least 2 min more
///  + - permits 16   ] [ workers 32   } { queue 100   > < rate off   Space pause   ? help
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, app: &App, live: &Snapshot) -> Option<Position> {
    let strip = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let cursor = status(painter, strip, app, live);
    if app.prompt.is_some() && area.height >= 2 {
        // What the prompt says about itself took the second row.
        return cursor;
    }
    let hints = Rect { y: strip.y + 1, height: strip.height.saturating_sub(1), ..strip };
    let segments = hints::segments(painter, app, live);
    painter.fit(hints, 0, 3, segments);
    cursor
}

/// One line: a prompt, an answer, or the totals. Returns where the cursor goes.
pub fn status(
    painter: &mut Painter<'_>,
    strip: Rect,
    app: &App,
    live: &Snapshot,
) -> Option<Position> {
    let theme = painter.theme;
    if let Some(open) = &app.prompt {
        return prompt(painter, strip, open, app, live);
    }
    let answer = app.feedback(live);
    if let Some(feedback) = answer.as_ref().filter(|_| !live.run.is_final()) {
        let style = if feedback.refused { theme.text(Role::Blocked) } else { Style::new() };
        painter.text(strip, 0, 0, &text::clean(&feedback.text), style);
        return None;
    }
    let leave = painter.keys.name_of(Action::Stop);
    match live.run {
        RunState::Stopping => {
            let flying = live.gate.in_use;
            let requests = if flying == 1 { "request finishes" } else { "requests finish" };
            let words = match &live.database_outage {
                Some(_) => "stopping: the database is waited for".to_owned(),
                None => format!("stopping: {flying} {requests} and all is saved"),
            };
            let hint = format!("{leave} again gives them up");
            painter.fit(
                strip,
                0,
                3,
                vec![
                    Segment::new(0, words, theme.text(Role::Wait)),
                    Segment::new(1, hint, theme.text(Role::Wait)),
                ],
            );
            return None;
        }
        RunState::Complete | RunState::Failed | RunState::Stopped => {
            let (_, word, style) = theme.run_state(live.run);
            // An answer stays until the next key, as time stands still: the totals stay beside it.
            let (words, style) = match answer {
                Some(answer) if answer.refused => (answer.text, theme.text(Role::Blocked)),
                Some(answer) => (answer.text, Style::new()),
                None => (format!("{} · {leave} leaves", word.to_lowercase()), style),
            };
            let words = text::cut(&text::clean(&words), strip.width.into()).into_owned();
            let free = painter.fit_right(strip, 0, 3, vec![Segment::new(0, words, style)]);
            let rest = Rect { width: free.saturating_sub(3), ..strip };
            painter.fit(rest, 0, 0, totals(painter, app.shown(live)));
            return None;
        }
        _ => {}
    }
    let shown = app.shown(live);
    let segments = vec![Segment::new(0, eta(shown), theme.dim())];
    let free =
        if strip.width >= 76 { painter.fit_right(strip, 0, 3, segments) } else { strip.width };
    let rest = Rect { width: free.saturating_sub(if free < strip.width { 3 } else { 0 }), ..strip };
    painter.fit(rest, 0, 0, totals(painter, shown));
    None
}

/// `12,404 done · 6,218 to go · 37 failed · 166 MiB`, in segments that carry their own separators.
fn totals<'a>(painter: &Painter<'_>, snapshot: &Snapshot) -> Vec<Segment<'a>> {
    let theme = painter.theme;
    let t = &snapshot.totals;
    let failed = if t.failed > 0 { theme.text(Role::Server) } else { theme.dim() };
    let segment = |rank, number: String, words: &'static str, style: Style| {
        let gap = if rank == 0 { "" } else { " · " };
        Segment::of(
            rank,
            vec![
                Span::styled(gap, theme.dim()),
                Span::styled(number, style),
                Span::styled(words, theme.dim()),
            ],
        )
    };
    let mut segments = vec![
        segment(0, units::count(t.pages), " done", theme.strong()),
        segment(1, units::count(snapshot.frontier.open), " to go", theme.strong()),
        segment(2, units::count(t.failed), " failed", failed),
    ];
    if t.skipped > 0 {
        segments.push(segment(3, units::count(t.skipped), " skipped", Style::new()));
    }
    segments.push(segment(4, units::bytes(t.bytes), "", Style::new()));
    segments.push(segment(
        5,
        units::count(t.links),
        if t.links == 1 { " link" } else { " links" },
        Style::new(),
    ));
    if t.retries > 0 {
        segments.push(segment(
            6,
            units::count(t.retries),
            if t.retries == 1 { " retry" } else { " retries" },
            Style::new(),
        ));
    }
    if t.resent > 0 {
        segments.push(segment(7, units::count(t.resent), " resent", Style::new()));
    }
    segments
}

/// The estimate in honest words.
#[must_use]
pub fn eta(snapshot: &Snapshot) -> String {
    match snapshot.eta {
        Eta::Unknown if snapshot.run == RunState::Paused => "paused".to_owned(),
        Eta::Unknown => "too early to say how long".to_owned(),
        Eta::AtLeast(s) => format!("still growing: at least {} more", units::estimate(s)),
        Eta::Between(from, to) => {
            format!("{} to {} left", units::estimate(from), units::estimate(to))
        }
        Eta::About(s) => format!("about {} left", units::estimate(s)),
        Eta::Done => "nothing left to do".to_owned(),
    }
}

/// An open prompt; what is wrong with the text, or what is allowed, below it, or behind it where
/// there is one row. Returns where the cursor goes.
fn prompt(
    painter: &mut Painter<'_>,
    strip: Rect,
    prompt: &Prompt,
    app: &App,
    live: &Snapshot,
) -> Option<Position> {
    let theme = painter.theme;
    let [enter, escape] = [Action::Submit, Action::Close]
        .map(|action| painter.keys.name_in(KeyContext::Prompt, action));
    let (sign, hint) = match prompt.asking {
        Asking::Command if app.tab == Tab::Hosts => (
            ":",
            "limit 4 · limit off · hold · release · skip · reset · for another host: hold HOST"
                .to_owned(),
        ),
        Asking::Exclude => (
            "exclude ",
            format!("URLs that match are skipped · {enter} excludes · {escape} closes"),
        ),
        Asking::Seed => (
            "seed ",
            format!(
                "https://example.org/ · its host joins the scope · {enter} adds · {escape} closes"
            ),
        ),
        Asking::Command if live.site_takes_faults => (
            ":",
            "permits 64 · workers 32 · queue 500 · rate off · parse-threads 4 · slow ×0.1"
                .to_owned(),
        ),
        Asking::Command => (
            ":",
            "permits 64 · workers 32 · queue 500 · rate 2.5 · rate off · parse-threads 4"
                .to_owned(),
        ),
        Asking::Search => {
            let found = app.log.search.as_ref().map_or(0, LogSearch::hits);
            let lines = match found {
                0 => "no line matches".to_owned(),
                1 => "1 line matches".to_owned(),
                n => format!("{} lines match", units::count(n as u64)),
            };
            ("/", format!("{lines} · {enter} keeps · {escape} ends"))
        }
        Asking::Filter if app.tab == Tab::Pages && app.stored.on => {
            let found = units::count(app.stored.list.rows().len() as u64);
            ("/", format!("{found} stored so far · {enter} keeps · {escape} clears"))
        }
        Asking::Filter => {
            let shown = app.shown(live);
            let (found, all, what) = if app.tab == Tab::Hosts {
                let found = tables::hosts(shown, &app.hosts, &app.host_filter).0.len();
                (found, shown.hosts.len(), "hosts")
            } else {
                let found = tables::pages(shown, &app.pages, &app.filter).0.len();
                (found, shown.recent.len(), "pages")
            };
            ("/", format!("{found} of {all} {what} · {enter} keeps · {escape} clears"))
        }
    };
    let (message, style) = match &prompt.error {
        Some(error) => (text::clean(error).into_owned(), theme.text(Role::Server)),
        None => (hint, theme.dim()),
    };
    let column = painter.text(strip, 0, 0, sign, theme.strong());
    let mut input =
        Rect { x: strip.x + column, width: strip.width.saturating_sub(column), ..strip };
    if strip.height >= 2 {
        painter.text(strip, column, 1, &message, style);
    } else {
        // An error is read before the text that has it is seen in full.
        let wanted = text::width(&message) as u16 + 2;
        let typed =
            if prompt.error.is_some() { 8 } else { text::width(prompt.input.value()) as u16 + 2 };
        if wanted + typed.max(8) <= input.width || prompt.error.is_some() && input.width > 20 {
            let field = input.width.saturating_sub(wanted).max(8);
            let rest = Rect { x: input.x + field, width: input.width - field, ..input };
            painter.text(rest, 1, 0, &message, style);
            input.width = field;
        }
    }
    if input.width == 0 {
        return None;
    }
    let scroll = prompt.input.visual_scroll(usize::from(input.width) - 1);
    let shown = text::clean(text::skip(prompt.input.value(), scroll)).into_owned();
    painter.text(input, 0, 0, &shown, Style::new());
    let at = prompt.input.visual_cursor().saturating_sub(scroll) as u16;
    Some(Position::new(input.x + at.min(input.width - 1), input.y))
}
