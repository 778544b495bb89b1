//! Charts out of cells: the time they span, scales with round numbers, filled columns, lines in
//! braille, a map of latencies.
//!
//! ```text
//! window   which seconds are shown, and what was measured in each column
//! scale    which value stands on which row
//! axes     labels, grid, the axis of time
//! areas    filled columns, stacked where they have parts
//! lines    lines and intervals in braille
//! heat     how many requests of which latency when
//! ```

mod areas;
mod axes;
mod heat;
mod lines;
mod scale;
mod window;

pub use areas::{area, sparkline, stacked};
pub use axes::{AXIS_ROWS, ChangeMark, Plot, label, time_axis, y_axis};
pub use heat::{heat_legend, heat_map};
pub use lines::{line, row_of, whisker};
pub use scale::Scale;
pub use window::{ChartWindow, Zoom};
