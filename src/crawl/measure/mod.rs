//! What is measured while a crawl runs: time per stage, latency, throughput, the event loop, the
//! process, and the judgement of what limits the crawl.

pub mod flow_meter;
pub mod loop_delay;
pub mod meter;
pub mod process;
pub mod recent_pages;
pub mod shortages;
pub mod stage_clock;
pub mod start_levels;
pub mod verdict;
