//! Names of databases, as given to `--db`.
//!
//! It opens nothing and looks at no file.

use std::path::PathBuf;

use super::error::{StoreError, one_line};

/// A name understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DbName {
    /// A SQLite file.
    Sqlite {
        /// The file as given, fit to be shown.
        shown: String,
        /// The file.
        path: PathBuf,
    },
}

impl DbName {
    /// Understands `sqlite://FILE`, `sqlite:FILE` (both with `?mode=rw` or `rwc`, and with
    /// percent escapes) and a plain file name.
    ///
    /// # Errors
    /// Databases not supported yet, other URLs, options that cannot be obeyed.
    pub fn parse(name: &str) -> Result<Self, StoreError> {
        let usage = |shown: &str, why: &str| {
            Err(StoreError::Usage { db: one_line(shown), why: why.to_owned() })
        };
        let scheme = name.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("postgres" | "postgresql") => {
                return Err(StoreError::Unsupported { kind: "postgres" });
            }
            Some("mysql" | "mariadb") => return Err(StoreError::Unsupported { kind: "mysql" }),
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
        let DbName::Sqlite { path, .. } = DbName::parse(name).unwrap();
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
    fn refusals_say_why_and_repeat_no_password() {
        for (name, said) in [
            ("postgres://u:secret@h/db", "postgres databases are not supported yet"),
            ("mysql://u:secret@h/db", "mysql databases are not supported yet"),
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
