//! A server that answers byte by byte, and a loop that follows redirects: for tests of fetching.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "each test binary uses its part, and tests fail by panicking"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crawldeck::model::redirect_hop::RedirectHop;
use crawldeck::settings::FetchSettings;
use crawldeck::web::http::{
    FetchError, FetchOutcome, Fetcher, PhaseSink, RedirectChain, RequestOptions, Response,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use url::Url;

/// What the server does once it has written its bytes.
pub enum Then {
    Keep,
    Close,
    /// The connection is reset.
    Reset,
    Hang,
    /// One byte now and then, for ever.
    Drip,
    Repeat,
}

/// A server that answers each path with exactly the bytes it is given.
pub struct Server {
    pub base: Url,
    connections: Arc<AtomicUsize>,
    /// The heads of all requests, in lower case.
    heads: Arc<Mutex<Vec<String>>>,
    /// Notified when a client has gone away while being written to.
    pub left: Arc<Notify>,
}

impl Server {
    /// Answers by path.
    pub async fn start<F>(answer: F) -> Self
    where
        F: Fn(&str) -> (Vec<u8>, Then) + Send + Sync + 'static,
    {
        Self::on("127.0.0.1", move |head| answer(head.split(' ').nth(1).unwrap())).await
    }

    /// Answers by the whole head.
    pub async fn on<F>(host: &str, answer: F) -> Self
    where
        F: Fn(&str) -> (Vec<u8>, Then) + Send + Sync + 'static,
    {
        Self::at(&format!("{host}:0"), answer).await
    }

    /// Answers by the whole head, at an address and port.
    pub async fn at<F>(place: &str, answer: F) -> Self
    where
        F: Fn(&str) -> (Vec<u8>, Then) + Send + Sync + 'static,
    {
        let listener = TcpListener::bind(place).await.unwrap();
        let base = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let server =
            Self { base, connections: Arc::default(), heads: Arc::default(), left: Arc::default() };
        let (count, gone, heads, answer) = (
            server.connections.clone(),
            server.left.clone(),
            server.heads.clone(),
            Arc::new(answer),
        );
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (gone, heads, answer) = (gone.clone(), heads.clone(), answer.clone());
                tokio::spawn(async move {
                    if talk(stream, &heads, &*answer).await.is_none() {
                        gone.notify_one();
                    }
                });
            }
        });
        server
    }

    /// Answers everything with `bytes`.
    pub async fn bytes(bytes: impl Into<Vec<u8>>, then: fn() -> Then) -> Self {
        let bytes = bytes.into();
        Self::start(move |_| (bytes.clone(), then())).await
    }

    pub fn url(&self, path: &str) -> Url {
        self.base.join(path).unwrap()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// `None` when the client leaves while it is being written to.
async fn talk(
    mut stream: TcpStream,
    heads: &Mutex<Vec<String>>,
    answer: &(dyn Fn(&str) -> (Vec<u8>, Then) + Sync),
) -> Option<()> {
    stream.set_nodelay(true).unwrap();
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { return Some(()) };
            head.push(byte);
        }
        let head = String::from_utf8(head).unwrap();
        heads.lock().unwrap().push(head.to_ascii_lowercase());
        let (bytes, then) = answer(&head);
        if let Some(head) = bytes.strip_suffix(MOVED) {
            // Behind its head, so that a client that does not wait finds no body to read away.
            stream.write_all(head).await.ok()?;
            tokio::time::sleep(Duration::from_millis(5)).await;
            stream.write_all(MOVED).await.ok()?;
        } else {
            stream.write_all(&bytes).await.ok()?;
        }
        match then {
            Then::Keep => {}
            Then::Close => {
                stream.shutdown().await.ok();
                return Some(());
            }
            Then::Reset => {
                stream.set_zero_linger().unwrap();
                return Some(());
            }
            Then::Drip => loop {
                stream.write_all(b"x").await.ok()?;
                tokio::time::sleep(Duration::from_millis(5)).await;
            },
            Then::Hang => std::future::pending().await,
            Then::Repeat => loop {
                stream.write_all(&[b'x'; 16 << 10]).await.ok()?;
            },
        }
    }
}

pub fn ok(body: &str) -> (Vec<u8>, Then) {
    (format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into(), Then::Keep)
}

/// The body of a redirect.
const MOVED: &[u8] = b"moved";

pub fn redirect(status: u16, target: &str) -> (Vec<u8>, Then) {
    let head =
        format!("HTTP/1.1 {status} Go\r\nlocation: {target}\r\ncontent-length: 5\r\n\r\nmoved");
    (head.into(), Then::Keep)
}

/// What came of one URL, its redirects followed.
pub struct Fetched {
    pub final_url: Url,
    pub hops: Vec<RedirectHop>,
    pub outcome: Result<Response, FetchError>,
}

pub async fn follow(fetcher: &Fetcher, url: &Url, phases: &Arc<dyn PhaseSink>) -> Fetched {
    let mut chain = RedirectChain::new(url);
    let outcome = loop {
        match fetcher.get(&mut chain, &RequestOptions::default(), phases).await {
            Ok(FetchOutcome::Response(answer)) => break Ok(answer),
            Ok(FetchOutcome::Redirect { target, .. }) => assert_eq!(&target, chain.url()),
            Ok(FetchOutcome::NotModified(_)) => panic!("no condition was sent"),
            Err(error) => break Err(error),
        }
    };
    let (final_url, hops) = chain.into_parts();
    Fetched { final_url, hops, outcome }
}

/// A fetcher that began at `seeds`.
pub fn fetcher(settings: &FetchSettings, seeds: &[&Url]) -> Fetcher {
    let seeds: Vec<Url> = seeds.iter().map(|url| (*url).clone()).collect();
    Fetcher::new(settings, &seeds).unwrap()
}

/// What came of `url` and the redirects behind it, for a fetcher that nobody watches.
pub async fn fetch(fetcher: &Fetcher, url: &Url) -> Result<Response, FetchError> {
    let silent: Arc<dyn PhaseSink> = Arc::new(());
    follow(fetcher, url, &silent).await.outcome
}

pub fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// A 200 with further header lines, each ended by CRLF.
pub fn answer(lines: &str, body: &[u8]) -> (Vec<u8>, Then) {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{lines}\r\n", body.len());
    ([head.as_bytes(), body].concat(), Then::Keep)
}
