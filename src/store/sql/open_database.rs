//! An open database, as the shared code uses it.

use std::sync::Arc;

use sqlx::Pool;

use super::crawl_statements::CrawlStatements;
use super::dialect::{Dialect, OptionsOf};
use crate::store::crawl_lease::LeaseOwner;

/// What every store has besides the connection that writes.
#[derive(Debug)]
pub struct OpenDatabase<D: Dialect> {
    /// Its name as the user gave it, without secrets: for messages.
    pub name: String,
    /// As whom it takes leases.
    pub owner: LeaseOwner,
    /// Connections for streams and counts, which must not make the writer wait.
    pub readers: Pool<D>,
    /// The statements on the table `crawls`.
    pub crawls: CrawlStatements,
}

impl<D: Dialect> OpenDatabase<D> {
    /// A database with a new owner of leases.
    pub fn new(name: &str, readers: Pool<D>) -> Self {
        let crawls = CrawlStatements::new(&D::SYNTAX);
        Self { name: name.to_owned(), owner: LeaseOwner::new(), readers, crawls }
    }
}

/// How a database is reached once more, also when it is closed.
pub struct ReadTarget<D: Dialect> {
    /// Its name, as above.
    pub name: String,
    /// How its readers connect.
    pub options: Arc<OptionsOf<D>>,
}

impl<D: Dialect> OpenDatabase<D> {
    /// How it is reached once more.
    pub fn read_target(&self) -> ReadTarget<D> {
        ReadTarget { name: self.name.clone(), options: self.readers.connect_options() }
    }
}
