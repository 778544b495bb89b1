//! What a page is: URLs and their canonical form, scope, fetching, links.
//!
//! It knows neither the store nor the crawl's tasks.

pub mod address;
mod anchor;
mod body;
mod chain;
mod charset;
mod classify;
mod client;
mod decode;
pub mod failure;
pub mod fetch;
mod guard;
mod harvest;
mod head;
mod identity;
mod jar;
pub mod links;
mod opened;
mod phase;
pub mod robots;
pub mod scope;
pub mod sitemap;
mod sniff;
pub mod traps;
pub mod url;
