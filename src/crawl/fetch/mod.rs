//! What a worker does with one URL: request it, handle the response, hand in the outcome.

pub mod attempt;
pub mod context;
pub mod failure_line;
pub mod fetch_one;
pub mod give_up;
pub mod handle_response;
pub mod in_flight;
pub mod links;
pub mod outcome;
pub mod page;
pub mod page_row;
pub mod parse;
pub mod recrawl;
pub mod redirects;
mod resend;
pub mod retry;
pub mod shortage;
pub mod site_files;
pub mod worker;
