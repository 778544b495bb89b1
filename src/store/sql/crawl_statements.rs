//! The statements on the table `crawls`: one text for all databases, with what each spells its own
//! way filled in once.
//!
//! The columns that name the owner of a lease are null when a crawl has none.

use std::sync::Arc;

/// What the databases spell differently.
#[derive(Debug, Clone, Copy)]
pub struct SqlSyntax {
    /// The time now, as it is stored.
    pub now: &'static str,
    /// The age of `beat_at` in ms, by the database's clock.
    pub silent_ms: &'static str,
    /// A column with a time, as it is read.
    pub time: fn(&str) -> String,
    /// How many rows of `frontier` a row of `crawls` has.
    pub open: &'static str,
    /// Makes a `SELECT` lock its row; nothing where the transaction does that.
    pub for_update: &'static str,
    /// Whether an `INSERT` says its number by `RETURNING`, and not by the driver.
    pub returning: bool,
    /// Whether placeholders are `$1`, `$2`, …, and not `?`.
    pub numbered: bool,
}

impl SqlSyntax {
    /// What a database has that needs nothing of it. `now`, `silent_ms` and `open` are still to be
    /// given.
    pub const PLAIN: Self = Self {
        now: "",
        silent_ms: "",
        time: |column| column.to_owned(),
        open: "",
        for_update: "",
        returning: false,
        numbered: false,
    };
}

/// The statements.
#[derive(Debug)]
pub struct CrawlStatements {
    /// Lease and state: `(crawl)`. The first columns of `list` are the same.
    pub lease: Arc<str>,
    /// Likewise, and the row stays locked until the transaction ends.
    pub lease_locked: Arc<str>,
    /// All crawls, oldest first.
    pub list: Arc<str>,
    /// The newest crawl that can be resumed.
    pub newest_unfinished: Arc<str>,
    /// Adds a crawl with its lease: `(state, settings, host, pid, token)`.
    pub create: Arc<str>,
    /// Whether that gives a row with the number of the crawl.
    pub create_returns_id: bool,
    /// Takes the lease: `(state, host, pid, token, crawl)`.
    pub acquire: Arc<str>,
    /// Sets the state, and keeps the lease: `(state, crawl, token, token)`.
    pub set_state: Arc<str>,
    /// Sets the state, and releases the lease: `(state, crawl, token, token)`.
    pub release: Arc<str>,
    /// Renews the lease: `(crawl, token)`.
    pub heartbeat: Arc<str>,
}

impl CrawlStatements {
    /// All of them, spelled for a database.
    pub fn new(syntax: &SqlSyntax) -> Self {
        let SqlSyntax { now, silent_ms, time, open, for_update, .. } = syntax;
        let spell = |sql: String| if syntax.numbered { numbered(&sql).into() } else { sql.into() };
        let returning = if syntax.returning { " RETURNING id" } else { "" };
        let lease = format!(
            "SELECT holder_host, holder_pid, holder_token, {}, {silent_ms}, state",
            time("held_since")
        );
        Self {
            lease: spell(format!("{lease} FROM crawls WHERE id = ?")),
            lease_locked: spell(format!("{lease} FROM crawls WHERE id = ?{for_update}")),
            list: spell(format!(
                "{lease}, id, {}, {}, totals, settings, ({open}) FROM crawls ORDER BY id",
                time("created_at"),
                time("updated_at")
            )),
            newest_unfinished: "SELECT id FROM crawls WHERE state IN ('running', 'stopped') \
                 ORDER BY id DESC LIMIT 1"
                .into(),
            create: spell(format!(
                "INSERT INTO crawls (state, settings, created_at, updated_at, held_since, beat_at, \
                 holder_host, holder_pid, holder_token) \
                 VALUES (?, ?, {now}, {now}, {now}, {now}, ?, ?, ?){returning}"
            )),
            create_returns_id: syntax.returning,
            acquire: spell(format!(
                "UPDATE crawls SET state = ?, updated_at = {now}, held_since = {now}, \
                 beat_at = {now}, holder_host = ?, holder_pid = ?, holder_token = ? WHERE id = ?"
            )),
            set_state: spell(format!(
                "UPDATE crawls SET state = ?, updated_at = {now}, beat_at = {now} \
                 WHERE id = ? AND coalesce(holder_token, ?) = ?"
            )),
            release: spell(format!(
                "UPDATE crawls SET state = ?, updated_at = {now}, beat_at = NULL, \
                 held_since = NULL, holder_host = NULL, holder_pid = NULL, holder_token = NULL \
                 WHERE id = ? AND coalesce(holder_token, ?) = ?"
            )),
            heartbeat: spell(format!(
                "UPDATE crawls SET beat_at = {now} WHERE id = ? AND holder_token = ?"
            )),
        }
    }
}

/// The text with `$1`, `$2`, … in the place of each `?`.
fn numbered(sql: &str) -> String {
    let mut parts = sql.split('?');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (n, part) in (1..).zip(parts) {
        text.push('$');
        text.push_str(&i32::to_string(&n));
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered() {
        assert_eq!(numbered("a = ? AND b = coalesce(?, ?)"), "a = $1 AND b = coalesce($2, $3)");
        assert_eq!(numbered("no placeholder"), "no placeholder");
    }
}
