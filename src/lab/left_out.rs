//! The lab's face in a build without the feature `lab`: starting it fails, and says why.

mod config;

use std::convert::Infallible;
use std::sync::Arc;

use crate::settings::faults::FaultySite;

pub use LeftOut as Lab;
pub use LeftOutError as LabError;
pub use config::LabConfig;

/// This build has no lab.
#[derive(Debug, thiserror::Error)]
#[error(
    "this build has no lab site (feature `lab`), which `crawldeck` without a command, `demo`, \
     `lab` and `compare` need: build with it, or crawl another site by `crawldeck crawl URL`"
)]
pub struct LeftOutError;

/// A lab being served, of which there is none.
#[derive(Debug)]
pub struct LeftOut(Infallible);

impl LeftOut {
    /// Fails.
    ///
    /// # Errors
    /// Always.
    #[expect(clippy::unused_async, reason = "as the lab's own, which waits for its listeners")]
    pub async fn start(_: LabConfig) -> Result<Self, LeftOutError> {
        Err(LeftOutError)
    }

    /// The hosts.
    #[must_use]
    pub fn urls(&self) -> &[String] {
        match self.0 {}
    }

    /// The site, whose faults change while it serves.
    #[must_use]
    pub fn faulty_site(&self) -> Arc<dyn FaultySite> {
        match self.0 {}
    }

    /// Stops.
    #[expect(clippy::unused_async, reason = "as the lab's own, which waits for its requests")]
    pub async fn stop(self) {
        match self.0 {}
    }
}

/// Fails.
///
/// # Errors
/// Always.
#[expect(clippy::unused_async, reason = "as the lab's own, which waits for a signal")]
pub async fn serve(_: LabConfig) -> Result<(), LeftOutError> {
    Err(LeftOutError)
}
