//! Reaching the server: what its URL says, and a connection.

use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::time::timeout;
use url::Url;

use super::error::from_postgres;
use crate::store::error::{StoreError, one_line};

/// How long to wait for a connection.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Options of a URL that the driver understands, and therefore takes without logging them.
const OPTIONS: [&str; 17] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
];

/// How to reach the database, from its URL.
pub(super) fn connect_options(shown: &str, url: &Url) -> Result<PgConnectOptions, StoreError> {
    let usage = |why: String| StoreError::Usage { db: shown.to_owned(), why };
    for (name, _) in url.query_pairs() {
        let known = OPTIONS.contains(&&*name)
            || name == "options"
            || (name.starts_with("options[") && name.ends_with(']'));
        if !known {
            return Err(usage(format!("unknown option `{}`", one_line(&name))));
        }
    }
    let options = PgConnectOptions::from_url(url).map_err(|error| {
        let why = error.to_string();
        usage(one_line(why.trim_start_matches("error with configuration: ")))
    })?;
    let options = if options.get_application_name().is_none() {
        options.application_name("crawldeck")
    } else {
        options
    };
    // Slow transactions are logged as a whole, by us.
    Ok(options.disable_statement_logging())
}

/// A connection of its own, with the reason when there is none.
pub(super) async fn connect(
    shown: &str,
    options: &PgConnectOptions,
) -> Result<PgConnection, StoreError> {
    match timeout(CONNECT_TIMEOUT, options.connect()).await {
        Ok(connected) => connected.map_err(|error| from_postgres(shown, error)),
        Err(_) => Err(StoreError::Unreachable {
            db: shown.to_owned(),
            why: format!("no response within {} s", CONNECT_TIMEOUT.as_secs()),
        }),
    }
}
