//! Errors of a driver on their way to a [`StoreError`], which needs the name of the database.

use super::StoreError;

/// An error of the driver, or one of ours.
#[derive(Debug)]
pub(super) enum TxError {
    /// What the driver said.
    Driver(sqlx::Error),
    /// What is not as it must be.
    Refused(StoreError),
}

impl From<sqlx::Error> for TxError {
    fn from(error: sqlx::Error) -> Self {
        Self::Driver(error)
    }
}
