//! The race of `compare`: four lanes side by side, live, and the table below them.
//!
//! It draws a [`ComparisonProgress`](crate::compare::progress::ComparisonProgress) and knows neither processes nor HTTP. All it
//! can do is to stop.

mod lane;
mod layout;
mod run;

#[cfg(feature = "internals")]
pub use layout::draw;
pub use run::run;
