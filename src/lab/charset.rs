//! The charset of a page and how it is declared.
//!
//! It must not know what the page says.

use bytes::Bytes;

use super::dice::Topic;
use super::plan::Plan;
use super::prose::Language;

/// How a page is encoded and how it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8 by header.
    Utf8,
    /// UTF-8 by `<meta charset>` alone.
    Utf8Meta,
    /// UTF-8 by byte order mark alone.
    Utf8Bom,
    /// ISO-8859-1 by header.
    Latin1,
    /// windows-1251 by `<meta http-equiv>` alone.
    Cyrillic,
}

impl Charset {
    /// The charset of page `n`.
    pub fn of(plan: &Plan, n: u32) -> Self {
        match plan.dice(n, Topic::Charset).below(100) {
            _ if n == 0 => Self::Utf8,
            0..3 => Self::Latin1,
            3..6 => Self::Cyrillic,
            6..8 => Self::Utf8Bom,
            8..20 => Self::Utf8Meta,
            _ => Self::Utf8,
        }
    }

    /// A language that fits into it.
    pub fn language(self) -> Language {
        match self {
            Self::Latin1 => Language::Latin,
            Self::Cyrillic => Language::Russian,
            _ => Language::World,
        }
    }

    /// The `Content-Type` of its pages.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Utf8 => "text/html; charset=utf-8",
            Self::Latin1 => "text/html; charset=ISO-8859-1",
            Self::Utf8Meta | Self::Utf8Bom | Self::Cyrillic => "text/html",
        }
    }

    /// The declaration in the page's head, if that is how it is declared.
    pub fn meta(self) -> &'static str {
        match self {
            Self::Utf8Meta => "<meta charset=\"utf-8\">\n",
            Self::Cyrillic => {
                "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=windows-1251\">\n"
            }
            _ => "",
        }
    }

    /// The bytes of a page; what does not fit becomes a numeric character reference.
    pub fn encode(self, html: String) -> Bytes {
        match self {
            Self::Utf8 | Self::Utf8Meta => html.into(),
            Self::Utf8Bom => [b"\xEF\xBB\xBF", html.as_bytes()].concat().into(),
            Self::Latin1 => encoding_rs::WINDOWS_1252.encode(&html).0.into_owned().into(),
            Self::Cyrillic => encoding_rs::WINDOWS_1251.encode(&html).0.into_owned().into(),
        }
    }
}
