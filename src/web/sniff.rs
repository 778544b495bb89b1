//! Detects whether a body is HTML, by `Content-Type` or by its first bytes.

/// Beginnings of HTML (MIME Sniffing standard, section 7.1), to be followed by white space or `>`.
const BEGINNINGS: [&str; 17] = [
    "<!doctype html",
    "<html",
    "<head",
    "<script",
    "<iframe",
    "<h1",
    "<div",
    "<font",
    "<table",
    "<a",
    "<style",
    "<title",
    "<b",
    "<body",
    "<br",
    "<p",
    "<meta",
];

/// Whether the body is HTML: `text/html` or `application/xhtml+xml` by its header, or by
/// its first bytes where the header is absent or names no type.
#[must_use]
pub fn is_html(content_type: Option<&str>, body_start: &[u8]) -> bool {
    let essence = content_type.and_then(|text| text.split(';').next()).map_or("", str::trim);
    match essence {
        "" | "*/*" | "unknown/unknown" | "application/unknown" => looks_like_html(body_start),
        _ => {
            essence.eq_ignore_ascii_case("text/html")
                || essence.eq_ignore_ascii_case("application/xhtml+xml")
        }
    }
}

fn looks_like_html(start: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start).trim_ascii_start();
    start.starts_with(b"<!--")
        || BEGINNINGS.iter().any(|tag| {
            start.get(..tag.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(tag.as_bytes()))
                && start.get(tag.len()).is_some_and(|&b| b == b'>' || b.is_ascii_whitespace())
        })
}
