//! An open database, as the shared code uses it.

use sqlx::Pool;

use super::crawl_statements::CrawlStatements;
use super::dialect::Dialect;
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
