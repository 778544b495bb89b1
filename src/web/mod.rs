//! What a page is: URLs and their canonical form, scope, fetching, links.
//!
//! It knows neither the store nor the crawl's tasks.

mod charset;
mod client;
pub mod failure;
pub mod fetch;
mod harvest;
pub mod links;
mod phase;
pub mod scope;
mod sniff;
pub mod url;
