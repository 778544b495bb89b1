//! Reaching the server: what its URL says, a connection, and the settings of its session.

use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use url::Url;

use crate::store::error::{StoreError, one_line};

/// How long to wait for a connection.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// What all connections have in common, whatever the server is configured for: times in UTC, nothing cut or
/// made up to fit, no endless waiting for locks (seconds), and time for readers that are slow to take
/// their rows.
const SESSION: &str = "SET NAMES utf8mb4, SESSION time_zone = '+00:00', SESSION autocommit = 1, \
     SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,\
     NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION,PIPES_AS_CONCAT', \
     SESSION sql_safe_updates = 0, SESSION innodb_lock_wait_timeout = 5, \
     SESSION lock_wait_timeout = 10, SESSION wait_timeout = 28800, \
     SESSION net_write_timeout = 3600";

/// How to reach the database, from its URL.
pub(super) fn connect_options(shown: &str, url: &Url) -> Result<MySqlConnectOptions, StoreError> {
    let options = MySqlConnectOptions::from_url(url).map_err(|error| StoreError::Usage {
        db: shown.to_owned(),
        why: one_line(&error.to_string()),
    })?;
    Ok(options
        // What these would set, `SESSION` sets in one statement.
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(None)
        .set_names(false)
        .statement_cache_capacity(128)
        // Slow transactions are logged as a whole, by us.
        .disable_statement_logging())
}

/// A connection with [`SESSION`], soon or not at all.
pub(super) async fn connect(options: &MySqlConnectOptions) -> Result<MySqlConnection, sqlx::Error> {
    let connecting = async {
        let mut connection = options.connect().await?;
        begin_session(&mut connection).await?;
        Ok(connection)
    };
    tokio::time::timeout(CONNECT_TIMEOUT, connecting)
        .await
        .unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// Sets the session of a new connection.
pub(super) async fn begin_session(connection: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(SESSION).execute(&mut *connection).await?;
    sqlx::raw_sql("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        .execute(connection)
        .await
        .map(drop)
}
