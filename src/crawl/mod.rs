//! The engine. It knows no terminal: [`snapshot::Snapshot`] goes out, [`command::Command`]
//! comes in.

pub mod command;
pub mod journal;
pub mod snapshot;
pub mod verdict;
