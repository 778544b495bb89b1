//! The settings of a crawl: validated once, stored with the crawl, read by the engine.

pub mod appearance;
pub mod autopilot_learnt;
pub mod autopilot_mode;
mod crawl;
mod credentials;
pub mod dials;
mod failing;
pub mod faults;
mod fetch;
pub mod key_settings;
pub mod mask;
pub mod scope_kind;
mod seed_credentials;
pub mod seed_reach;
pub mod slow_motion;
mod stored;

pub use crawl::{HostRule, RespectNofollow, Settings};
pub use credentials::Credentials;
pub use failing::{BreakerSettings, TrapSettings};
pub use fetch::{FetchSettings, PRODUCT, SeedName, USER_AGENT};
