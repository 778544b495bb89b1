//! Errors of a driver on their way to a [`StoreError`], which needs the name of the database.

use sqlx::error::DatabaseError;

use super::error::StoreError;

/// An error of the driver, or a refusal of our own.
#[derive(Debug)]
pub enum TxError {
    /// What the driver said.
    Driver(sqlx::Error),
    /// What crawldeck refuses, whatever the driver says.
    Refused(StoreError),
}

impl TxError {
    /// Whether a row that was inserted is there already.
    pub fn is_there(&self) -> bool {
        let Self::Driver(error) = self else { return false };
        error.as_database_error().is_some_and(DatabaseError::is_unique_violation)
    }
}

impl From<sqlx::Error> for TxError {
    fn from(error: sqlx::Error) -> Self {
        Self::Driver(error)
    }
}

impl From<StoreError> for TxError {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}
