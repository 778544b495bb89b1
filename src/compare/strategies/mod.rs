//! The child's end: a process that fetches a workload by one strategy and reports its progress.
//!
//! ```text
//! process      reads the job, runs it, reports     sequential, unlimited, limited, full, cpu:
//! parent_link  standard input and output             one strategy each
//! error        why a strategy cannot run           request  one request of the simple ones
//! ```

mod cpu;
mod error;
mod full;
mod limited;
mod parent_link;
mod process;
mod request;
mod sequential;
mod unlimited;

pub use process::main;
