//! What a page is: URLs and their canonical form, scope, fetching, links.
//!
//! It knows neither the store nor the crawl's tasks.

mod client;
pub mod failure;
pub mod fetch;
pub mod links;
mod phase;
pub mod scope;
pub mod url;
