//! Pages on their way between the stages.

use serde::{Deserialize, Serialize};

/// Ways between two stages, from the first to the last.
pub const TRACKS: usize = 5;

/// Pages that passed each way: from the frontier into the queue, to the workers, through the gate, to
/// the saver, into the database.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FlowView {
    /// In this run.
    pub passed: [u64; TRACKS],
    /// Per second, over the last second.
    pub per_s: [f32; TRACKS],
}
