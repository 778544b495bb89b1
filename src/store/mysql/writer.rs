//! The one connection that writes. It has one user at a time, and is made anew after any error, so it
//! never has an open transaction or an unread answer.

use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{Connection, MySql, Row};
use tokio::sync::{Mutex, MutexGuard};

use super::connect::connect;
use crate::store::sql::SqlWriter;

/// A connection that was idle for longer is pinged before it is used.
const IDLE: Duration = Duration::from_secs(1);
/// How long the answer may take.
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// After this time without a response the connection counts as dead. A late commit is harmless, because
/// everything that is written can be written again.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_mins(2);

/// Keeps the connection between its uses.
#[derive(Debug)]
pub(super) struct Writer {
    options: MySqlConnectOptions,
    slot: Mutex<WriterSlot>,
}

#[derive(Debug, Default)]
pub(super) struct WriterSlot {
    live: Option<WriterConnection>,
    closed: bool,
}

/// An open connection.
#[derive(Debug)]
pub(super) struct WriterConnection {
    pub(super) connection: MySqlConnection,
    /// Bytes of the largest packet that the server takes.
    pub(super) packet: usize,
    used: Instant,
}

/// The connection in use. Dropped, it is closed, with what was not committed undone.
#[derive(Debug)]
pub struct WriterGuard<'a> {
    slot: MutexGuard<'a, WriterSlot>,
    pub(super) live: WriterConnection,
}

impl Writer {
    pub(super) fn new(options: MySqlConnectOptions) -> Self {
        Self { options, slot: Mutex::default() }
    }

    /// The connection, once it is free; a new one if there is none.
    pub(super) async fn acquire(&self) -> Result<WriterGuard<'_>, sqlx::Error> {
        let mut slot = self.slot.lock().await;
        if slot.closed {
            return Err(sqlx::Error::PoolClosed);
        }
        if let Some(mut live) = slot.live.take() {
            if live.used.elapsed() < IDLE {
                return Ok(WriterGuard { slot, live });
            }
            let ping = tokio::time::timeout(PING_TIMEOUT, live.connection.ping()).await;
            if matches!(ping, Ok(Ok(()))) {
                return Ok(WriterGuard { slot, live });
            }
        }
        let live = WriterConnection::connect(&self.options).await?;
        Ok(WriterGuard { slot, live })
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

impl WriterConnection {
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

impl Deref for WriterGuard<'_> {
    type Target = MySqlConnection;

    fn deref(&self) -> &MySqlConnection {
        &self.live.connection
    }
}

impl DerefMut for WriterGuard<'_> {
    fn deref_mut(&mut self) -> &mut MySqlConnection {
        &mut self.live.connection
    }
}

/// Dropped, the connection is closed, and what was not committed is undone.
impl SqlWriter<MySql> for WriterGuard<'_> {
    fn keep(mut self) {
        self.live.used = Instant::now();
        self.slot.live = Some(self.live);
    }

    async fn discard(self) {}
}
