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
mod host_rows;
mod open_database;
mod read;
mod recrawl;
mod remove;
mod row_tables;
mod run;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod schema_state;
mod select;
mod sql_store;
mod statement;
mod store;
mod texts;
mod viewer;

#[cfg(feature = "mysql")]
pub use self::{backend::SqlArguments, host_rows::TotalsByHost};
#[cfg(feature = "postgres")]
pub use self::{
    batch::BatchTables, host_rows::subtract_replaced, remove::PIECE, sql_store::heartbeat,
    texts::numbered,
};
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub use self::{schema_state::SchemaState, sql_store::within};
pub use backend::BindResult;
pub use batch::{Known, WriteResult, write_tables};
pub use crawl_statements::SqlSyntax;
pub use crawls::require_lease;
pub use dialect::{Dialect, Done};
pub use open_database::{OpenDatabase, ReadTarget};
pub use row_tables::{BatchTable, RowTables};
pub use select::stream_rows;
pub use sql_store::{SqlStore, SqlWriter, give_back};
pub use statement::{
    CommonStatements, OwnStatements, PageStatements, Param, SameParams, Statement, statement,
};
pub use texts::question_marks;
pub(in crate::store) use texts::{
    has_text, last_id, links_of, ok_pages, seen, stored_pages, timeline,
};
