//! What the hostile endpoints share: the frame of a page, the origin of a request, and hostile text.

use axum::response::Html;
use http::HeaderMap;
use http::header::HOST;

/// A title of control characters: it clears a terminal's screen, sets its title, rings its bell,
/// reverses the text direction and ends a C string.
pub const HOSTILE_TEXT: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}evil\u{2066}\u{9b}31m\0\rend";

/// An HTML page.
pub fn page(title: &str, body: &str) -> Html<String> {
    Html(format!("<!DOCTYPE html>\n<title>{title}</title>\n{body}"))
}

/// The origin of a request by its `Host` header, `http://HOST:PORT`.
pub fn origin_of(headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    format!("http://{}", host.unwrap_or("nowhere.invalid"))
}
