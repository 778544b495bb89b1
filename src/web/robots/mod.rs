//! robots.txt (RFC 9309): what a host asks of us, and whether a path is allowed.
//!
//! Our own parser, because neither crate fits: `robotstxt` 0.3 reads the whole file again for every
//! URL and takes text, not bytes; `robotxt` 0.7 compares the whole value of `User-agent` (so that
//! `crawldeck/1.0` is a stranger, and the published case `Foo Bar` fails), lets `Crawl-delay` end a
//! run of agents (against 2.2.4) and looks at every rule for every path.
//!
//! It knows no host and no HTTP; [`RobotsPolicy`] says what an answer means.

mod agents;
mod parser;
mod pattern;
mod policy;
mod robots_txt;
mod rules;
mod tag;

pub use agents::RobotsAgents;
pub use parser::MAX_SITEMAPS;
pub use policy::{MAX_REDIRECTS, RobotsPolicy, RobotsResponse};
pub use robots_txt::{MAX_BYTES, RobotsTxt};
pub use rules::Decision;
pub(super) use tag::meta_robots;
pub use tag::robots_tag;
