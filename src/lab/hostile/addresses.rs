//! Spellings of hosts and addresses, and text with control characters.
//!
//! It must not know how a client shows them.

use std::fmt::Write as _;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use http::HeaderMap;

use super::page::{HOSTILE_TEXT, origin_of, page};

/// Spellings of 127.0.0.1 that every URL parser must read as it.
const LOOPBACK: [&str; 7] = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "%31%32%37.0.0.1",
    // Fullwidth digits and ideographic stops.
    "\u{ff11}\u{ff12}\u{ff17}\u{3002}\u{ff10}\u{3002}\u{ff10}\u{3002}\u{ff11}",
];

/// Spellings of one name, and invalid names.
const NAMES: [&str; 9] = [
    "b\u{fc}cher.invalid",
    "B\u{dc}CHER.invalid",
    "xn--bcher-kva.invalid",
    "b%C3%BCcher.invalid",
    "bu\u{308}cher.invalid",
    // A zero-width space, a bidi control, a slash, and an umlaut that punycode should have encoded.
    "away\u{200b}.invalid",
    "\u{202e}away.invalid",
    "away%2F.invalid",
    "xn--\u{fc}.invalid",
];

/// Other addresses of this machine: a connection to them does not leave it.
const NEIGHBOURS: [&str; 4] = ["127.0.0.2", "127.255.255.254", "[::1]", "0.0.0.0"];

/// Private addresses, which a link from outside should not reach.
const PRIVATE: [&str; 9] = [
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/",
    "http://192.0.0.1/",
    "http://[fe80::1]/",
    "http://[fd00::1]/",
    "http://[::ffff:169.254.169.254]/",
];

pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/hostile/hosts", get(hosts))
        .route("/hostile/userinfo", get(userinfo))
        .route("/hostile/neighbours", get(neighbours))
        .route("/hostile/private", get(private))
        .route("/hostile/escapes", get(escapes))
        .route("/hostile/escapes/", get(async || page(HOSTILE_TEXT, "<p>Found.</p>\n")))
        .route("/hostile/escapes/{*rest}", get(async || page(HOSTILE_TEXT, "<p>Found.</p>\n")))
}

async fn hosts(headers: HeaderMap) -> Html<String> {
    let port = port_of(&headers);
    let mut body = String::from("<p><a href=\"/hostile/leaf/1\">here</a>\n");
    for host in LOOPBACK.iter().chain(&NAMES) {
        let _ = writeln!(body, "<a href=\"http://{host}:{port}/hostile/leaf/1\">{host}</a>");
    }
    page("Hosts", &body)
}

fn port_of(headers: &HeaderMap) -> String {
    let origin = origin_of(headers);
    origin.rsplit(':').next().filter(|port| port.parse::<u16>().is_ok()).unwrap_or("80").into()
}

async fn userinfo(headers: HeaderMap) -> Html<String> {
    let port = port_of(&headers);
    let link =
        |n| format!("<a href=\"http://u{n}:secret@127.0.0.1:{port}/hostile/leaf/1\">{n}</a>\n");
    page("Who are you?", &(1..=9).map(link).collect::<String>())
}

async fn neighbours(headers: HeaderMap) -> Html<String> {
    let port = port_of(&headers);
    let link = |host: &&str| format!("<a href=\"http://{host}:{port}/\">{host}</a>\n");
    let own = String::from("<a href=\"http://127.0.0.1:9/\">another port</a>\n");
    page("Neighbours", &(own + &NEIGHBOURS.iter().map(link).collect::<String>()))
}

async fn private() -> Html<String> {
    let link = |url: &&str| format!("<a href=\"{url}\">{url}</a>\n");
    page("Private", &PRIVATE.iter().map(link).collect::<String>())
}

async fn escapes() -> Html<String> {
    let links = "<a href=\"escapes/\u{1b}[2J\u{1b}[31mred\">raw</a>\n\
                 <a href=\"escapes/%1b%5B2J%07bell\">encoded</a>\n\
                 <a href=\"escapes/\u{202e}lmth.live\">turned around</a>\n\
                 <a href=\"escapes/a&#27;]0;b&#7;c\">entities</a>\n\
                 <a href=\"escapes/?q=%0d%0aSet-Cookie:%20a=b\">split</a>\n";
    page(HOSTILE_TEXT, &format!("<p>{HOSTILE_TEXT}</p>\n{links}"))
}
