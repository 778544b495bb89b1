//! The lab: a web site for testing crawlers, on four hosts of this machine, or as many as are wanted.
//!
//! It has endpoints to test a client with, and a generated site that is the same for the same seed
//! and page count, together with the truth about what a crawl of it must find.
//!
//! ```text
//! serve      start and stop                    plan     what each page number is
//! server     the tasks that serve hosts        links    its links, as data
//! listener   connections that can be closed    address  its path; href: how a link is written
//! router     routes, counting, faults          page     its HTML, with prose and charset
//! respond    responses of the generated site   truth    what a crawl must find
//! endpoints, sitemap, entry_page, streaming    site     state shared by the hosts
//! load       requests in flight                rng      repeatable random numbers
//! fault_injector   faults to inject            hostile/ what no honest site would serve
//! throttled_body   a body under a bandwidth    test_origin  one more host, configurable:
//! request_log      when each request came        robots           its robots.txt
//!                                                response_faults  its failures
//! ```
//!
//! The test origin and `readings`, what a test reads of the running lab, are built with `internals`
//! only. The lab knows nothing of the crawler.

mod address;
mod charset;
mod config;
mod endpoints;
mod entry_page;
mod error;
mod fault_injector;
pub mod hostile;
mod hosts;
mod href;
mod links;
mod listener;
mod load;
mod page;
mod plan;
mod prose;
#[cfg(feature = "internals")]
mod readings;
pub mod request_log;
mod respond;
#[cfg(feature = "internals")]
pub mod response_faults;
mod rng;
#[cfg(feature = "internals")]
pub mod robots;
mod router;
mod serve;
mod server;
mod site;
mod sitemap;
mod streaming;
#[cfg(feature = "internals")]
pub mod test_origin;
mod throttled_body;
mod truth;

#[cfg(feature = "internals")]
pub use self::{load::Load, request_log::RequestLog, truth::Truth};
pub use config::LabConfig;
pub use error::LabError;
pub use serve::{Lab, serve};
