//! The state of the view, and what actions do to it.

mod dials;
mod faults;
mod help;
mod hosts;
mod mouse;
mod navigation;
mod open_panels;
mod pressing;
mod searching;
mod sorting;
mod state;
mod stored;
mod tour;
mod typing;

pub use faults::SCENE_ROWS;
pub use open_panels::HelpPages;
pub use state::{App, Effect};
