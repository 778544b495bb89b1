//! What a page is: URLs and their canonical form, scope, fetching, links.
//!
//! It knows neither the store nor the crawl's tasks.

mod body;
mod chain;
mod charset;
mod classify;
mod client;
pub mod failure;
pub mod fetch;
mod harvest;
pub mod links;
mod phase;
pub mod robots;
pub mod scope;
pub mod sitemap;
mod sniff;
pub mod traps;
pub mod url;
