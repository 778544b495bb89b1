//! What a page is: URLs and their canonical form, fetching, links.
//!
//! It knows neither the store nor the crawl's tasks.

pub mod fetch;
pub mod links;
pub mod url;
