//! Fetching one URL: time-outs, size limit, redirects followed by us.

use serde::{Deserialize, Serialize};

/// One answer of a redirect chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// The URL that was asked.
    pub url: String,
    /// Its status, 3xx.
    pub status: u16,
}
