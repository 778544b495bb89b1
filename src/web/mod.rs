//! The web as a crawler needs it: URLs, scope, HTTP, HTML, robots.txt, sitemaps, traps.
//!
//! This room knows neither the store nor the crawl's tasks.

mod address;
mod address_policy;
mod address_race;
mod anchor;
mod body;
mod charset;
mod classify;
mod client;
mod credentials;
mod decode;
mod extract;
mod failure;
mod head;
pub mod html;
pub mod http;
mod inflate;
mod jar;
mod message;
pub mod parsed;
mod phase;
mod redirect_chain;
mod response;
pub mod robots;
pub mod scope;
pub mod sitemap;
mod sniff;
pub mod traps;
pub mod url;
pub mod url_list;
