//! The bytes of `Location` and `Link` that are no plain URL.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use super::get;
use crate::web_server::{Server, Then, answer, ok};

fn redirect_to(location: &[u8]) -> (Vec<u8>, Then) {
    let head = [b"HTTP/1.1 302 Go\r\nlocation: ", location, b"\r\ncontent-length: 0\r\n\r\n"];
    (head.concat(), Then::Keep)
}

#[tokio::test]
async fn bytes_of_any_encoding_are_asked_for_as_they_are() {
    let table: [(&[u8], &str); 14] = [
        (b"/t/pr\xe9?q=\xe9", "/t/pr%E9?q=%E9"),
        (b"/t/\xd6\xd0\xce\xc4", "/t/%D6%D0%CE%C4"),
        ("/t/\u{fc}\u{434}?\u{fc}".as_bytes(), "/t/%C3%BC%D0%B4?%C3%BC"),
        // Shift_JIS, Big5, windows-1251 in the query, UTF-8 and latin-1 in one.
        (b"/t/\x93\xfa\x96\x7b", "/t/%93%FA%96%7B"),
        (b"/t/\xa4\xa4\xa4\xe5.html", "/t/%A4%A4%A4%E5.html"),
        (b"/t/?q=\xef\xf0\xe8\xe2", "/t/?q=%EF%F0%E8%E2"),
        (b"/t/\xc3\xbc\xfc", "/t/%C3%BC%FC"),
        (b"t/\xe9#\xe9", "/t/%E9"),
        (b"  /t/a b  ", "/t/a%20b"),
        (b"?again=\xe9", "/?again=%E9"),
        (b"\\t\\back", "/t/back"),
        (b"///@@/t/triple", "/t/triple"),
        (b"/\\/@@/t/mixed", "/t/mixed"),
        (b"////@@/t/\xe9", "/t/%E9"),
    ];
    for (location, target) in table {
        let server = Server::on("127.0.0.1", move |head| {
            let path = head.split(' ').nth(1).unwrap();
            let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
            let at = location.windows(2).position(|two| two == b"@@");
            let location = at.map_or_else(
                || location.to_vec(),
                |at| [&location[..at], host.as_bytes(), &location[at + 2..]].concat(),
            );
            if path == "/" { redirect_to(&location) } else { ok(path) }
        })
        .await;
        let fetched = get(&server.base).await;
        assert_eq!(fetched.outcome.unwrap().body.concat(), target.as_bytes(), "{location:?}");
        assert_eq!(fetched.final_url, server.url(target));
    }
}

#[tokio::test]
async fn a_canonical_link_of_any_encoding() {
    for (bytes, canonical) in [
        (&b"</pr\xe9>; rel=canonical"[..], "/pr%E9"),
        (b"</x>; title=\"\xe9\"; rel=preload, </\xfc>; rel=canonical", "/%FC"),
        ("</\u{fc}>; rel=canonical".as_bytes(), "/%C3%BC"),
        (b"</a>; rel=canonical; title=\"\xd6\xd0\"", "/a"),
    ] {
        let server = Server::start(move |_| {
            let (head, then) = answer("", b"here");
            let status = b"HTTP/1.1 200 OK\r\n";
            ([status, &b"link: "[..], bytes, b"\r\n", &head[status.len()..]].concat(), then)
        })
        .await;
        let response = get(&server.base).await.outcome.unwrap();
        assert_eq!(response.canonical, Some(server.url(canonical)), "{bytes:?}");
    }
}
