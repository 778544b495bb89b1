//! A site that serves everything bad: broken bodies, heads, redirects, encodings, protocols.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpStream;

use crate::support::{Request, hang, html};

/// A title that would clear the screen, ring, beep and turn the text around.
pub(crate) const EVIL: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}evil\u{2066}\u{9b}31m\0end";

fn head(rest: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{rest}\r\n")
}

/// Writes bytes; the client may have closed the connection.
fn say(stream: &mut TcpStream, bytes: &[u8]) {
    let _ = stream.write_all(bytes);
}

/// Answers by path, byte by byte.
pub(crate) fn answer(request: &Request, stream: &mut TcpStream) {
    let path = request.path.as_str();
    let groups = [bodies_and_heads, redirects, texts, slow, protocol];
    if !groups.iter().any(|group| group(path, stream)) {
        say(stream, &html(404, "none"));
    }
}

/// Good pages, short bodies, endless ones, heads that are too large; false for other paths.
fn bodies_and_heads(path: &str, stream: &mut TcpStream) -> bool {
    match path {
        "/good/1" => say(stream, &html(200, "<title>One</title><a href=/good/2>2</a>")),
        "/good/2" | "/good/3" => say(stream, &html(200, "<title>Good</title>")),
        "/short" => {
            say(stream, head("content-length: 1000\r\n").as_bytes());
            say(stream, b"only this");
        }
        "/chunk" => {
            say(stream, head("transfer-encoding: chunked\r\n").as_bytes());
            say(stream, b"5\r\nhello\r\nfffffff");
        }
        "/endless" => {
            say(stream, head("content-type: text/html\r\n").as_bytes());
            while stream.write_all(&[b'x'; 4096]).is_ok() {}
        }
        "/bomb/one" => say(stream, head(&format!("x: {}\r\n", "y".repeat(1 << 20))).as_bytes()),
        "/bomb/many" => {
            let mut many = String::new();
            for n in 0..5000 {
                let _ = write!(many, "x-{n}: y\r\n");
            }
            say(stream, head(&many).as_bytes());
        }
        _ => return false,
    }
    true
}

/// Redirects that loop, leave or lead nowhere; false for other paths.
fn redirects(path: &str, stream: &mut TcpStream) -> bool {
    match path {
        "/loop/a" => {
            say(stream, b"HTTP/1.1 302 Go\r\nlocation: /loop/b\r\nconnection: close\r\n\r\n");
        }
        "/loop/b" => {
            say(stream, b"HTTP/1.1 302 Go\r\nlocation: /loop/a\r\nconnection: close\r\n\r\n");
        }
        "/loop/self" => {
            say(stream, b"HTTP/1.1 301 Go\r\nlocation: /loop/self\r\nconnection: close\r\n\r\n");
        }
        "/away" => {
            say(
                stream,
                b"HTTP/1.1 302 Go\r\nlocation: http://away.invalid/x\r\nconnection: close\r\n\r\n",
            );
        }
        "/nowhere" => {
            let to = "HTTP/1.1 302 Go\r\nlocation: http://[\u{202e}\u{9b}31mevil\r\n\r\n";
            say(stream, to.as_bytes());
        }
        "/mail" => say(stream, b"HTTP/1.1 302 Go\r\nlocation: mailto:a@b.test\r\n\r\n"),
        path if path.starts_with("/chain/") => {
            let n: u32 = path["/chain/".len()..].parse().unwrap();
            let to = format!(
                "HTTP/1.1 302 Go\r\nlocation: /chain/{}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                n + 1
            );
            say(stream, to.as_bytes());
        }
        _ => return false,
    }
    true
}

/// Broken encodings, many links, hostile titles; false for other paths.
fn texts(path: &str, stream: &mut TcpStream) -> bool {
    match path {
        "/bytes" => {
            say(stream, head("content-type: text/html; charset=utf-8\r\n").as_bytes());
            say(
                stream,
                b"<title>\xff\xfe caf\xc3</title><a href='/good/3\xff'>x</a><a href=/good/3>y",
            );
        }
        "/links" => {
            let mut page = String::from("<title>Many</title>");
            for n in 0..100_000 {
                let _ = write!(page, "<a href=/leaf/{n}>x");
            }
            say(stream, &html(200, &page));
        }
        "/evil" => {
            let page = format!("<title>{EVIL}</title>");
            say(stream, &html(200, &page));
        }
        "/evil/type" => {
            let bytes = "HTTP/1.1 500 \u{202e}Bad\r\ncontent-type: text/\u{202e}html\r\ncontent-length: 0\r\n\r\n";
            say(stream, bytes.as_bytes());
        }
        _ => return false,
    }
    true
}

/// Silence, and one byte now and then; false for other paths.
fn slow(path: &str, stream: &mut TcpStream) -> bool {
    match path {
        "/silent" => hang(stream),
        "/slow" => {
            // One byte of a head now and then, for ever.
            while stream.write_all(b"H").is_ok() {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
        "/slow/head" => {
            say(stream, b"HTTP/1.1 200 OK\r\n");
            while stream.write_all(b"x: y\r\n").is_ok() {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
        "/slow/body" => {
            say(stream, head("content-length: 1000000\r\n").as_bytes());
            while stream.write_all(b"x").is_ok() {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
        _ => return false,
    }
    true
}

/// Odd statuses, lengths, encodings and no HTTP at all; false for other paths.
fn protocol(path: &str, stream: &mut TcpStream) -> bool {
    match path {
        "/gzip" => {
            say(stream, head("content-encoding: gzip\r\ncontent-length: 5\r\n").as_bytes());
            say(stream, b"plain");
        }
        "/204" => say(stream, b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"),
        "/304" => say(stream, b"HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n"),
        "/999" => say(stream, &html(999, "no")),
        "/000" => say(stream, b"HTTP/1.1 000 Null\r\ncontent-length: 0\r\n\r\n"),
        "/empty" => say(stream, head("content-length: 0\r\n").as_bytes()),
        "/nothing" => {}
        "/garbage" => say(stream, b"SSH-2.0-OpenSSH_9.9\r\n"),
        "/length/two" => {
            say(stream, head("content-length: 5\r\ncontent-length: 50\r\n").as_bytes());
        }
        "/length/same" => {
            say(stream, head("content-length: 5\r\ncontent-length: 5\r\n").as_bytes());
            say(stream, b"hello");
        }
        "/length/odd" => say(stream, head("content-length: -5\r\n").as_bytes()),
        "/zip" => {
            let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            for _ in 0..64 << 10 {
                bomb.write_all(&[0; 1 << 10]).unwrap();
            }
            let bomb = bomb.finish().unwrap();
            say(stream, head("content-type: text/html\r\ncontent-encoding: gzip\r\n").as_bytes());
            say(stream, &bomb);
        }
        _ => return false,
    }
    true
}
