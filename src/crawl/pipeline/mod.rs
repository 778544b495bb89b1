//! The pipeline from the frontier to the database: producer, bounded queue, worker slots, the gate
//! of permits, and the saver.

pub mod admission;
pub mod budget;
pub mod context;
pub mod gate;
pub mod heartbeat;
pub mod producer;
pub mod queue;
pub mod rate;
pub mod saver;
pub mod workers;
