//! The schema changes of a database, compiled into the program.
//!
//! Versions, descriptions and checksums are those that `sqlx::migrate!` gives the same files: a
//! database keeps what was applied to it, and is refused when that differs. The macro itself is not
//! used because it compiles every database driver a second time, for the compiler's own use.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// The migrations of `files`: version, description and SQL of each.
pub(super) fn embedded(files: &[(i64, &'static str, &'static str)]) -> Migrator {
    let migration = |&(version, description, sql): &(i64, &'static str, &'static str)| {
        let kind = MigrationType::Simple;
        Migration::new(version, description.into(), kind, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(files.iter().map(migration).collect())
}

/// The newest version.
pub(super) fn newest(migrations: &Migrator) -> i64 {
    migrations.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Whether a migration that a database names is one of these, and not another of the same version:
/// until the first release, the first migration was changed in place.
pub(super) fn is_known(migrations: &Migrator, version: i64, checksum: &[u8]) -> bool {
    let known = migrations.iter().find(|migration| migration.version == version);
    known.is_some_and(|migration| *migration.checksum == *checksum)
}
