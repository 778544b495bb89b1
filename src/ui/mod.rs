//! The dashboard: draws snapshots, sends commands. It knows no HTTP and no SQL.
//!
//! A key press travels: terminal event → key table ([`keys`]) → [`action::Action`] →
//! [`app::App::update`] → `try_send` → the engine → a new snapshot → [`draw::draw`].
//!
//! It draws on a new snapshot, a key or a resize, a maximum of 30 times a second and never on a
//! timer, in a thread of its own: a slow terminal holds up the drawing and nothing else.

pub mod action;
pub mod announcements;
pub mod app;
mod browser;
pub mod chart;
pub mod clicks;
mod dashboard;
pub mod deck;
pub mod detect_theme;
pub mod draw;
pub mod effect_text;
pub mod glossary;
pub mod host_state;
mod job_control;
pub mod keys;
pub mod log_lines;
pub mod log_search;
pub mod log_view;
pub mod paint;
pub mod palette;
pub mod panels;
pub mod picture;
pub mod prompt;
pub mod race;
mod screen;
pub mod stand_in;
pub mod stored;
pub mod tables;
mod terminal_events;
pub mod terminal_replies;
pub mod text;
pub mod theme;
mod tour_seen;
pub mod tuning_text;
pub mod units;
pub mod url_text;
mod view_thread;

#[cfg(feature = "internals")]
pub use self::{dashboard::EngineLink, dashboard::show, screen::Surface};
pub use dashboard::run_until;
pub use log_view::log_layer;
pub use tour_seen::TourSeen;
pub use view_thread::{ShownDatabase, UiError, UiOptions};
