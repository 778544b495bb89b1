//! The one connection that writes. It is used by one at a time, and made anew after any error, so it is
//! always as it seems: no transaction left open, no answer left unread.

use std::time::{Duration, Instant};

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{Connection, Row};
use tokio::sync::{Mutex, MutexGuard};

use super::open::connect;
use crate::store::StoreError;
use crate::store::tx_error::TxError;

/// A connection that lay idle for longer is asked whether it is still there.
const IDLE: Duration = Duration::from_secs(1);
/// How long it may take to say so.
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// A server that has not answered for so long does not answer any more. What it may still do with what
/// it was sent does no harm: everything that is written can be written again.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(2);

/// Holds the connection between its uses.
#[derive(Debug)]
pub(super) struct Writer {
    options: MySqlConnectOptions,
    slot: Mutex<Slot>,
}

#[derive(Debug, Default)]
struct Slot {
    live: Option<Live>,
    closed: bool,
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) connection: MySqlConnection,
    /// Bytes of the largest packet that the server takes.
    pub(super) packet: usize,
    used: Instant,
}

/// The connection in use. Dropped, it is closed, with what was not committed undone.
pub(super) struct Lease<'a> {
    slot: MutexGuard<'a, Slot>,
    pub(super) live: Live,
}

impl Lease<'_> {
    /// Keeps the connection for the next: nothing went wrong.
    pub(super) fn keep(mut self) {
        self.live.used = Instant::now();
        self.slot.live = Some(self.live);
    }
}

impl Writer {
    pub(super) fn new(options: MySqlConnectOptions) -> Self {
        Self { options, slot: Mutex::default() }
    }

    /// The connection, once it is free; a new one if there is none.
    pub(super) async fn lease(&self) -> Result<Lease<'_>, sqlx::Error> {
        let mut slot = self.slot.lock().await;
        if slot.closed {
            return Err(sqlx::Error::PoolClosed);
        }
        if let Some(mut live) = slot.live.take() {
            if live.used.elapsed() < IDLE {
                return Ok(Lease { slot, live });
            }
            let ping = tokio::time::timeout(PING_TIMEOUT, live.connection.ping()).await;
            if matches!(ping, Ok(Ok(()))) {
                return Ok(Lease { slot, live });
            }
        }
        let live = Live::connect(&self.options).await?;
        Ok(Lease { slot, live })
    }

    /// Closes the connection, once it is free, for good.
    pub(super) async fn close(&self) {
        let mut slot = self.slot.lock().await;
        slot.closed = true;
        if let Some(live) = slot.live.take() {
            // An error on closing says nothing about what was committed.
            let _ = tokio::time::timeout(PING_TIMEOUT, live.connection.close()).await;
        }
    }
}

impl Live {
    async fn connect(options: &MySqlConnectOptions) -> Result<Self, sqlx::Error> {
        let mut connection = connect(options).await?;
        let rows = sqlx::query(
            "SHOW VARIABLES WHERE variable_name IN \
             ('max_allowed_packet', 'log_bin', 'binlog_format')",
        )
        .fetch_all(&mut connection)
        .await?;
        let (mut packet, mut logs, mut statements) = (1 << 20, false, false);
        for row in &rows {
            let (name, value): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            match name.as_str() {
                "max_allowed_packet" => packet = value.parse().unwrap_or(packet),
                "log_bin" => logs = value == "ON",
                _ => statements = value == "STATEMENT",
            }
        }
        // No locks on gaps, so that two crawls side by side do not wait for each other. A server that
        // logs statements for its replicas refuses to write so; there the default has to do.
        if !(logs && statements) {
            sqlx::raw_sql("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
                .execute(&mut connection)
                .await?;
        }
        Ok(Self { connection, packet, used: Instant::now() })
    }
}

/// Waits for what writes, but not for ever.
pub(super) async fn in_time<T>(
    db: &str,
    writing: impl Future<Output = Result<T, TxError>>,
) -> Result<T, TxError> {
    tokio::time::timeout(ANSWER_TIMEOUT, writing).await.unwrap_or_else(|_| {
        let why = format!("no answer for {} s", ANSWER_TIMEOUT.as_secs());
        Err(TxError::Refused(StoreError::Unreachable { db: db.to_owned(), why }))
    })
}
