//! What is found in a database before it is used.

use crate::store::error::StoreError;
use crate::store::name::OpenMode;

/// The state of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaState {
    /// No tables, or none of any program yet.
    Nothing,
    /// Tables of an earlier crawldeck.
    Older,
    /// Tables of this version.
    UpToDate,
}

impl SchemaState {
    /// Whether migrations are to be run.
    ///
    /// # Errors
    /// [`StoreError::Empty`] when there is nothing and nothing may be made.
    pub fn needs_migration(self, name: &str, mode: OpenMode) -> Result<bool, StoreError> {
        match self {
            Self::UpToDate => Ok(false),
            Self::Nothing if mode == OpenMode::MustExist => {
                Err(StoreError::Empty { db: name.to_owned() })
            }
            Self::Nothing | Self::Older => Ok(true),
        }
    }
}
