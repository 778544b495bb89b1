//! The control task and what starts a crawl: launch, loader, commands, hosts, faults, journal,
//! overload, exclusions and the snapshot builder.

mod autopilot;
mod autopilot_driver;
mod commands;
mod control_task;
mod error;
mod exclusion_task;
mod fault_setup;
mod faults;
mod hosts;
mod journal;
mod launch;
mod loader;
mod measure;
mod measuring;
mod overload;
mod redo;
mod scene_state;
mod scenes;
mod seeds;
mod shortage_limit;
mod snapshot_builder;
mod throttle;
mod timeline;
mod tuning_gauge;
mod unchecked;

pub use error::CrawlError;
pub use fault_setup::FaultSetup;
pub use launch::{Crawl, Earlier, Launch, launch};
