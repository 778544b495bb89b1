//! The charset of a page and how it is declared.
//!
//! It must not know the text of the page.

use bytes::Bytes;

use super::plan::SitePlan;
use super::prose::Language;
use super::rng::Topic;

/// How a page is encoded, and how it declares that.
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
    Windows1251,
}

impl Charset {
    /// The charset of page `n`.
    pub fn of(plan: &SitePlan, n: u32) -> Self {
        match plan.rng(n, Topic::Charset).below(100) {
            _ if n == 0 => Self::Utf8,
            0..3 => Self::Latin1,
            3..6 => Self::Windows1251,
            6..8 => Self::Utf8Bom,
            8..20 => Self::Utf8Meta,
            _ => Self::Utf8,
        }
    }

    /// A language that fits into it.
    pub fn language(self) -> Language {
        match self {
            Self::Latin1 => Language::Latin,
            Self::Windows1251 => Language::Russian,
            _ => Language::World,
        }
    }

    /// The `Content-Type` of its pages.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Utf8 => "text/html; charset=utf-8",
            Self::Latin1 => "text/html; charset=ISO-8859-1",
            Self::Utf8Meta | Self::Utf8Bom | Self::Windows1251 => "text/html",
        }
    }

    /// The declaration in the page's head, if that is how it is declared.
    pub fn meta(self) -> &'static str {
        match self {
            Self::Utf8Meta => "<meta charset=\"utf-8\">\n",
            Self::Windows1251 => {
                "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=windows-1251\">\n"
            }
            _ => "",
        }
    }

    /// The bytes of a page; characters that do not fit become numeric character references.
    pub fn encode(self, html: String) -> Bytes {
        match self {
            Self::Utf8 | Self::Utf8Meta => html.into(),
            Self::Utf8Bom => [b"\xEF\xBB\xBF", html.as_bytes()].concat().into(),
            Self::Latin1 => encoding_rs::WINDOWS_1252.encode(&html).0.into_owned().into(),
            Self::Windows1251 => encoding_rs::WINDOWS_1251.encode(&html).0.into_owned().into(),
        }
    }
}
