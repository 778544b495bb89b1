//! One redirect on the way to a page.

use serde::{Deserialize, Serialize};

/// One answer of a redirect chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedirectHop {
    /// The URL that was asked.
    pub url: String,
    /// Its status, 3xx.
    pub status: u16,
}
