//! Promise: a silent or refusing address of a name with several costs a fraction of a second, once, and
//! the address policy holds for each of them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use crawldeck::settings::FetchSettings;
use crawldeck::web::http::FailureKind;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::web_server::{Server, Then, fetch, fetcher, url};

/// A port at which `addresses` do not answer: their queues of connections are full.
struct Silent {
    port: u16,
    _kept: Vec<(TcpListener, Vec<TcpStream>)>,
}

impl Silent {
    async fn at(addresses: &[&str]) -> Self {
        let mut port = 0;
        let mut kept = Vec::new();
        for address in addresses {
            let address: IpAddr = address.parse().unwrap();
            let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
            let socket = socket.unwrap();
            socket.bind(SocketAddr::new(address, port)).unwrap();
            let listener = socket.listen(1).unwrap();
            let place = listener.local_addr().unwrap();
            port = place.port();
            let mut waiting = Vec::new();
            // Until the next one is not answered any more.
            while let Ok(stream) =
                tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(place)).await
            {
                waiting.push(stream.unwrap());
            }
            kept.push((listener, waiting));
        }
        Self { port, _kept: kept }
    }
}

/// A server that closes after each response, so that each request needs a connection.
async fn closing_server(host: &str, port: u16) -> Server {
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\nhere";
    Server::at(&format!("{host}:{port}"), move |_| (head.into(), Then::Close)).await
}

fn resolving(addresses: &[&str]) -> FetchSettings {
    let resolve = addresses.iter().map(|to| ("many.test".into(), to.parse().unwrap())).collect();
    FetchSettings { resolve, ..FetchSettings::default() }
}

#[tokio::test]
async fn a_silent_address_delays_one_connection_and_not_each() {
    for silent in [&["127.0.0.2"][..], &["127.0.0.2", "127.0.0.4"]] {
        let dead = Silent::at(silent).await;
        let server = closing_server("127.0.0.3", dead.port).await;
        let settings = resolving(&[silent, &["127.0.0.3"]].concat());
        let seed = url(&format!("http://many.test:{}/", dead.port));
        let fetcher = fetcher(&settings, &[&seed]);
        let began = Instant::now();
        for _ in 0..10 {
            assert_eq!(fetch(&fetcher, &seed).await.unwrap().body.concat(), b"here");
        }
        // The client alone waits 5 s for a silent address of two, each time.
        assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
        // Ten requests, and the one connection of the race.
        assert_eq!((server.heads().len(), server.connections()), (10, 11));
    }
}

#[tokio::test]
async fn requests_at_the_same_time_share_one_race() {
    let dead = Silent::at(&["127.0.0.2"]).await;
    let server = closing_server("127.0.0.3", dead.port).await;
    let settings = resolving(&["127.0.0.2", "127.0.0.3"]);
    let seed = url(&format!("http://many.test:{}/", dead.port));
    let fetcher = fetcher(&settings, &[&seed]);
    let requests = (0..20).map(|_| fetch(&fetcher, &seed));
    for outcome in futures_util::future::join_all(requests).await {
        outcome.unwrap();
    }
    assert_eq!((server.heads().len(), server.connections()), (20, 21));
}

#[tokio::test]
async fn an_address_that_refuses_is_passed_over() {
    let server = closing_server("127.0.0.3", 0).await;
    let port = server.base.port().unwrap();
    let settings = resolving(&["127.0.0.2", "::1", "127.0.0.3", "127.0.0.4"]);
    let seed = url(&format!("http://many.test:{port}/"));
    let fetcher = fetcher(&settings, &[&seed]);
    let began = Instant::now();
    for _ in 0..5 {
        fetch(&fetcher, &seed).await.unwrap();
    }
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test]
async fn with_one_address_nothing_is_connected_to_besides() {
    let server = closing_server("127.0.0.3", 0).await;
    let seed = url(&format!("http://many.test:{}/", server.base.port().unwrap()));
    let fetcher = fetcher(&resolving(&["127.0.0.3", "127.0.0.3"]), &[&seed]);
    fetch(&fetcher, &seed).await.unwrap();
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn when_none_answers_the_reason_is_the_same_as_ever() {
    let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let seed = url(&format!("http://many.test:{port}/"));
    let nobody = fetcher(&resolving(&["127.0.0.2", "127.0.0.3"]), &[&seed]);
    let error = fetch(&nobody, &seed).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Connect);
    assert_eq!(error.message, format!("connection refused by many.test:{port}"));

    let dead = Silent::at(&["127.0.0.2", "127.0.0.3"]).await;
    let seed = url(&format!("http://many.test:{}/", dead.port));
    let settings = FetchSettings {
        connect_timeout: Duration::from_millis(700),
        ..resolving(&["127.0.0.2", "127.0.0.3"])
    };
    let error = fetch(&fetcher(&settings, &[&seed]), &seed).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Timeout);
    assert_eq!(error.message, format!("no connection to many.test:{} within 700ms", dead.port));
}

#[tokio::test]
async fn a_private_address_among_others_is_not_raced() {
    let private = closing_server("127.0.0.3", 0).await;
    let port = private.base.port().unwrap();
    // 192.0.2.1 is for documentation and leads nowhere: it is refused as well.
    for list in [&["127.0.0.3", "192.0.2.1"][..], &["8.8.8.8", "127.0.0.3"]] {
        let settings =
            FetchSettings { connect_timeout: Duration::from_millis(400), ..resolving(list) };
        let fetcher = fetcher(&settings, &[&url("http://1.1.1.1/")]);
        fetch(&fetcher, &url(&format!("http://many.test:{port}/"))).await.unwrap_err();
    }
    assert_eq!(private.connections(), 0);
}
