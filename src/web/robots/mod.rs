//! robots.txt (RFC 9309): parses it and decides whether a path is allowed.
//!
//! The parser is part of this crate, because neither library fits: `robotstxt` 0.3 parses the whole
//! file for every URL and takes text, not bytes; `robotxt` 0.7 compares the whole value of `User-agent`
//! (so that `crawldeck/1.0` does not match, and the published case `Foo Bar` fails), lets `Crawl-delay`
//! end a run of agents (against 2.2.4) and compares every rule with every path.
//!
//! This room knows no host and no HTTP client; [`RobotsPolicy`] interprets the response.

mod agents;
mod parser;
mod pattern;
mod policy;
mod robots_txt;
mod rules;
mod tag;

pub use agents::RobotsAgents;
#[cfg(feature = "internals")]
pub use parser::MAX_SITEMAPS;
pub use policy::{MAX_REDIRECTS, RobotsPolicy, RobotsResponse};
pub use robots_txt::{MAX_BYTES, RobotsTxt};
pub(super) use tag::meta_robots;
pub use tag::robots_tag;
