//! Names of databases, as given to `--db`, and how they are to be opened.
//!
//! It opens nothing and reads no file.

use std::path::PathBuf;

use url::Url;

use super::error::{StoreError, one_line};

/// Whether a database that is not there is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// A missing or empty file becomes a new database.
    CreateIfMissing,
    /// Only an existing one will do.
    MustExist,
}

/// A parsed name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DbName {
    /// A SQLite file.
    Sqlite {
        /// The file as given, fit to be shown.
        shown: String,
        /// The file.
        path: PathBuf,
    },
    /// A PostgreSQL database.
    Postgres {
        /// Its URL without password and options, fit to be shown.
        shown: String,
        /// Its URL.
        url: Url,
    },
    /// A MySQL or MariaDB database.
    MySql {
        /// Its URL without password and options, fit to be shown.
        shown: String,
        /// Its URL, with `mysql` for its scheme.
        url: Url,
    },
}

impl DbName {
    /// Parses `postgres://…` and `mysql://…` (also `postgresql`, `mariadb`) with a host and the
    /// name of a database, `sqlite://FILE`, `sqlite:FILE` (both with `?mode=rw` or `rwc`, and with
    /// percent escapes) and a plain file name.
    ///
    /// # Errors
    /// Other URLs, options that cannot be obeyed.
    pub fn parse(name: &str) -> Result<Self, StoreError> {
        let usage = |shown: &str, why: &str| {
            Err(StoreError::Usage { db: one_line(shown), why: why.to_owned() })
        };
        let scheme = name.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("postgres" | "postgresql") => {
                let (shown, url) = server(name, "postgres")?;
                return Ok(Self::Postgres { shown, url });
            }
            Some("mysql" | "mariadb") => {
                let (shown, url) = server(name, "mysql")?;
                return Ok(Self::MySql { shown, url });
            }
            Some("sqlite") => {}
            // What follows the scheme may hold a password: it is not repeated.
            Some(other) if name.contains("://") || other == "file" => {
                return usage(&format!("{other}:…"), "unknown kind of database");
            }
            _ if name.is_empty() => return usage(name, "it is empty"),
            _ if name == ":memory:" => {
                return usage(name, "a database in memory could not be resumed");
            }
            _ => return Ok(Self::file(name)),
        }

        let rest = &name["sqlite:".len()..];
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (file, options) = rest.split_once('?').unwrap_or((rest, ""));
        for option in options.split('&').filter(|option| !option.is_empty()) {
            match option {
                "mode=rw" | "mode=rwc" => {}
                "mode=ro" | "immutable=1" | "immutable=true" => {
                    return Err(StoreError::ReadOnly {
                        db: one_line(file),
                        why: format!("its name says `{option}`"),
                    });
                }
                "mode=memory" => {
                    return usage(name, "a database in memory could not be resumed");
                }
                other => return usage(name, &format!("unknown option `{}`", one_line(other))),
            }
        }
        match unescape(file) {
            Some(file) if file.is_empty() => usage(name, "the file is missing"),
            Some(file) if file == ":memory:" => {
                usage(name, "a database in memory could not be resumed")
            }
            Some(file) => Ok(Self::file(&file)),
            None => usage(name, "its percent escapes are not UTF-8"),
        }
    }

    fn file(path: &str) -> Self {
        Self::Sqlite { shown: one_line(path), path: PathBuf::from(path) }
    }
}

/// A server's URL with the scheme that its driver knows, after how it is shown.
fn server(name: &str, scheme: &str) -> Result<(String, Url), StoreError> {
    // It may contain a password, so no message repeats it.
    let usage = |why: &str| StoreError::Usage { db: format!("{scheme}:…"), why: why.to_owned() };
    let rest = name.split_once("://").ok_or_else(|| usage("`//` is missing"))?.1;
    let url =
        Url::parse(&format!("{scheme}://{rest}")).map_err(|error| usage(&error.to_string()))?;
    if url.path().trim_matches('/').is_empty() {
        return Err(usage("the name of the database is missing"));
    }
    let mut shown = url.clone();
    // Neither can fail, but for a host that is missing: then there is none of either.
    let _ = shown.set_password(None);
    shown.set_query(None);
    shown.set_fragment(None);
    Ok((one_line(shown.as_str()), url))
}

/// Decodes `%20` and the like; a `%` followed by no two hex digits stands for itself.
fn unescape(text: &str) -> Option<String> {
    let hex = |byte: Option<&u8>| byte.and_then(|&b| char::from(b).to_digit(16));
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte, hex(bytes.get(at + 1)), hex(bytes.get(at + 2)));
        if let (b'%', Some(high), Some(low)) = escaped {
            out.push((high * 16 + low) as u8);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    fn path(name: &str) -> String {
        let DbName::Sqlite { path, .. } = DbName::parse(name).unwrap() else { panic!("{name}") };
        path.to_str().unwrap().to_owned()
    }

    #[test]
    fn files_in_all_spellings() {
        for (name, file) in [
            ("crawl.db", "crawl.db"),
            ("a:b.db", "a:b.db"),
            ("/tmp/what?.db", "/tmp/what?.db"),
            ("sqlite://crawl.db", "crawl.db"),
            ("sqlite:crawl.db", "crawl.db"),
            ("sqlite:///tmp/a%20b%.db", "/tmp/a b%.db"),
            ("SQLite:crawl.db?mode=rwc", "crawl.db"),
        ] {
            assert_eq!(path(name), file);
        }
    }

    #[test]
    fn servers_are_shown_without_secrets() {
        for (name, as_shown, for_driver) in [
            ("postgres://u:secret@h/db", "postgres://u@h/db", "postgres://u:secret@h/db"),
            (
                "PostgreSQL://h:5433/db?password=secret",
                "postgres://h:5433/db",
                "postgres://h:5433/db?password=secret",
            ),
            ("mysql://u:secret@h/db#x", "mysql://u@h/db", "mysql://u:secret@h/db#x"),
            (
                "mariadb://root@[::1]:3307/db",
                "mysql://root@[::1]:3307/db",
                "mysql://root@[::1]:3307/db",
            ),
            ("postgres:///db?host=/run/pg", "postgres:///db", "postgres:///db?host=/run/pg"),
        ] {
            match DbName::parse(name).unwrap() {
                DbName::Postgres { shown, url } | DbName::MySql { shown, url } => {
                    assert_eq!((shown.as_str(), url.as_str()), (as_shown, for_driver));
                }
                other @ DbName::Sqlite { .. } => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn refusals_say_why_and_repeat_no_password() {
        for (name, said) in [
            ("postgres://u:secret@h", "the name of the database is missing"),
            ("postgres://u:secret@h:port/db", "invalid port"),
            ("mysql://u:secret@h/", "the name of the database is missing"),
            ("mariadb:u:secret@h/db", "`//` is missing"),
            ("redis://u:secret@h/0", "unknown kind of database"),
            ("file:crawl.db", "unknown kind of database"),
            ("", "it is empty"),
            ("sqlite://", "the file is missing"),
            ("sqlite::memory:", "in memory"),
            ("sqlite:a.db?mode=ro", "cannot be written"),
            ("sqlite:a.db?cache=shared", "unknown option `cache=shared`"),
        ] {
            let error = DbName::parse(name).unwrap_err().to_string();
            assert!(error.contains(said), "{name}: {error}");
            assert!(!error.contains("secret") && error.lines().count() == 1, "{error}");
        }
    }
}
