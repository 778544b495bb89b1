//! One redirect of a redirect chain.

use serde::{Deserialize, Serialize};

/// One redirect of a redirect chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedirectHop {
    /// The URL that was requested.
    pub url: String,
    /// The status of its response, 3xx.
    pub status: u16,
}
