//! The web as a crawler needs it: URLs, scope, HTTP, HTML, robots.txt, sitemaps, traps.
//!
//! This room knows neither the store nor the crawl's tasks.

mod address;
mod address_policy;
mod address_race;
mod anchor;
mod body;
mod bounded_map;
mod charset;
mod classify;
mod client;
mod connections;
mod credentials;
mod decode;
mod decoded_chunks;
mod elements;
mod extract;
mod failure;
mod head;
pub mod html;
pub mod http;
mod inflate;
mod jar;
mod link_header;
mod link_origin;
mod markup;
mod message;
mod mime;
#[cfg(test)]
mod oracle;
mod origin_versions;
pub mod page_link;
pub mod parsed;
mod phase;
mod prescan;
mod redirect_chain;
mod refresh;
mod relation;
pub mod resolve;
mod response;
pub mod robots;
mod scanner;
pub mod scope;
pub mod sitemap;
mod sniff;
mod source;
mod title;
pub mod traps;
mod unprocessed;
pub mod url;
pub mod url_list;
mod xhtml;
