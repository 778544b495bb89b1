//! What the databases share: the statements that are the same, the transactions on the table
//! `crawls`, the loops over rows, and the methods of the store traits.
//!
//! It is generic over the driver; what a database does its own way is in its [`Dialect`] and its
//! [`SqlStore`]. It must not know which databases there are.

mod backend;
mod batch;
mod bind;
mod crawl_statements;
mod crawls;
mod dialect;
mod open_database;
mod read;
mod recrawl;
mod remove;
mod run;
mod select;
mod sql_store;
mod statement;
mod store;
mod texts;

pub use backend::SqlArguments;
pub use batch::{
    TotalsByHost, finished_ids, finished_json, links_by_key, open_rows, subtract_replaced,
};
pub use bind::{
    bind_change, bind_frontier, bind_host_totals, bind_known_host, bind_link, bind_page_head,
    bind_page_texts, bind_sitemap,
};
pub use crawl_statements::Spelling;
pub use crawls::require_lease;
pub use dialect::{Dialect, Done};
pub use open_database::OpenDatabase;
pub use remove::{PIECE, remove_pieces};
pub use select::stream_rows;
pub use sql_store::{SqlStore, SqlWriter, heartbeat, within};
pub use statement::{CommonStatements, OwnStatements, Param, Statement, statement};
pub(in crate::store) use texts::{last_id, links_of, ok_pages, seen};
pub use texts::{numbered, question_marks};
