//! Faults and the scene that a crawl starts with.

use std::sync::Arc;

use crate::crawl::protocol::scene::Scene;
use crate::settings::faults::{Faults, FaultySite};

/// Faults and the scene that a crawl starts with, and the site that takes them.
#[derive(Debug, Default)]
pub struct FaultSetup {
    /// The site that is crawled, if it takes faults.
    pub site: Option<Arc<dyn FaultySite>>,
    /// Faults to begin with; without a site those of the pipeline alone.
    pub faults: Faults,
    /// The scene that they belong to.
    pub scene: Option<Scene>,
}
