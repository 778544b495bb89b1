//! The pipeline from the frontier to the database: producer, bounded queue, worker slots, admission,
//! and the saver. It does not know what a worker does with a URL.

pub mod admission;
pub mod crawl_tasks;
pub mod database_calls;
pub mod flow;
pub mod heartbeat;
pub mod producer;
pub mod queue;
pub mod rate;
pub mod request_start;
pub mod reserve;
pub mod saver;
pub mod saver_gauge;
pub mod signals;
pub mod storage;
pub mod worker_slots;
