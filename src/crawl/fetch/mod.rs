//! What a worker does with one URL: request it, handle the response, hand in the outcome.

pub mod attempt;
pub mod fetch_one;
pub mod outcome;
pub mod page;
pub mod recrawl;
pub mod retry;
pub mod site_files;
