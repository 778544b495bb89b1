//! The schema changes of a database, compiled into the program.
//!
//! Versions, descriptions and checksums are those that `sqlx::migrate!` gives the same files: a
//! database keeps what was applied to it, and is refused when that differs. The macro itself is not
//! used because it compiles every database driver a second time, for the compiler's own use.

use std::sync::LazyLock;

use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::error::{StoreError, one_line};

/// Those of SQLite files.
pub(super) static SQLITE: LazyLock<Migrator> = LazyLock::new(|| {
    embedded(&[
        (1, "initial", include_str!("sqlite/migrations/0001_initial.sql")),
        (
            2,
            "holders anchors views",
            include_str!("sqlite/migrations/0002_holders_anchors_views.sql"),
        ),
        (
            3,
            "resent and not parsed",
            include_str!("sqlite/migrations/0003_resent_and_not_parsed.sql"),
        ),
        (4, "timeline", include_str!("sqlite/migrations/0004_timeline.sql")),
        (5, "links by target", include_str!("sqlite/migrations/0005_links_by_target.sql")),
    ])
});

/// Those of PostgreSQL.
#[cfg(feature = "postgres")]
pub(super) static POSTGRES: LazyLock<Migrator> = LazyLock::new(|| {
    embedded(&[
        (1, "initial", include_str!("postgres/migrations/0001_initial.sql")),
        (
            2,
            "resent and not parsed",
            include_str!("postgres/migrations/0002_resent_and_not_parsed.sql"),
        ),
        (3, "timeline", include_str!("postgres/migrations/0003_timeline.sql")),
        (4, "links by target", include_str!("postgres/migrations/0004_links_by_target.sql")),
    ])
});

/// Those of MySQL and MariaDB.
#[cfg(feature = "mysql")]
pub(super) static MYSQL: LazyLock<Migrator> = LazyLock::new(|| {
    embedded(&[
        (1, "initial", include_str!("mysql/migrations/0001_initial.sql")),
        (
            2,
            "resent and not parsed",
            include_str!("mysql/migrations/0002_resent_and_not_parsed.sql"),
        ),
        (3, "timeline", include_str!("mysql/migrations/0003_timeline.sql")),
        (4, "links by target", include_str!("mysql/migrations/0004_links_by_target.sql")),
    ])
});

/// The migrations of `files`: version, description and SQL of each.
fn embedded(files: &[(i64, &'static str, &'static str)]) -> Migrator {
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

/// The error of a migration; `from` turns an error of the server into one of the store.
pub(super) fn migration_error(
    shown: &str,
    error: MigrateError,
    from: impl FnOnce(&str, sqlx::Error) -> StoreError,
) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            from(shown, error)
        }
        other => StoreError::Schema { db: shown.to_owned(), why: one_line(&other.to_string()) },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::path::Path;

    use super::*;

    /// What is compiled in must be what `sqlx::migrate!` made of the files: databases hold that.
    async fn is_as_in_its_folder(embedded: &Migrator, database: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store").join(database);
        let read = Migrator::new(folder.join("migrations")).await.unwrap();
        let told = |all: &Migrator| -> Vec<_> {
            let one = |m: &Migration| {
                let texts = (m.description.to_string(), m.checksum.to_vec());
                (m.version, texts, m.migration_type, m.no_tx, m.sql.as_str().to_owned())
            };
            all.iter().map(one).collect()
        };
        assert_eq!(told(embedded), told(&read), "{database}");
        assert_eq!(embedded.locking, read.locking);
        assert_eq!(embedded.ignore_missing, read.ignore_missing);
    }

    #[tokio::test]
    async fn what_is_embedded_is_what_the_files_say() {
        is_as_in_its_folder(&SQLITE, "sqlite").await;
        #[cfg(feature = "postgres")]
        is_as_in_its_folder(&POSTGRES, "postgres").await;
        #[cfg(feature = "mysql")]
        is_as_in_its_folder(&MYSQL, "mysql").await;
    }

    /// The checksums in databases made before the migrations were embedded in this way.
    #[test]
    fn released_checksums_stay() {
        let hex = |all: &Migrator| -> Vec<String> {
            let begin = |m: &Migration| {
                let first: [u8; 8] = m.checksum[..8].try_into().unwrap();
                format!("{:016x}", u64::from_be_bytes(first))
            };
            all.iter().map(begin).collect()
        };
        assert_eq!(
            hex(&SQLITE),
            [
                "516c8d43daca528d",
                "8f0db689176fe66d",
                "59a5cd61aaa0f686",
                "04c9886a0e8a2331",
                "9c1de95e90df399e"
            ]
        );
        #[cfg(feature = "postgres")]
        assert_eq!(
            hex(&POSTGRES),
            ["bb6b5d2af0c2787f", "75dee52d671c9d7a", "bec34c80aa875d2d", "f0c96d36a56d621f"]
        );
        #[cfg(feature = "mysql")]
        assert_eq!(
            hex(&MYSQL),
            ["9002b3b4224d250a", "fa395cf614c37521", "c29c716684e39349", "cc28f0808b164fc7"]
        );
    }
}
