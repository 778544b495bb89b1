//! A relay in front of a database server that cuts connections where a test wants it to.
//!
//! It knows one word of the protocols of `PostgreSQL` and `MySQL`: both send `COMMIT` as it is written.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Where the next connection that gets there is cut, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Nowhere.
    Never,
    /// The server does not get the `COMMIT`.
    BeforeCommit,
    /// The server commits, and its answer is lost.
    AfterCommit,
    /// The client sees its connection cut; the server gets the `COMMIT` when it is let go.
    CommitLate,
    /// The client sees its connection cut; the server waits in the transaction until it is let go, and
    /// never gets the `COMMIT`.
    NoCommit,
}

/// The relay; dropped, it lets nobody through any more.
pub struct CuttingProxy {
    port: u16,
    shared: Arc<Shared>,
    accepting: tokio::task::JoinHandle<()>,
}

struct Shared {
    cut: Mutex<Cut>,
    /// Bytes until the next cut, in whichever direction.
    bytes_left: Mutex<Option<usize>>,
    cuts: AtomicU32,
    late: Notify,
    was_late: Notify,
}

impl CuttingProxy {
    /// Relays to the server of a URL.
    pub async fn to(server: &url::Url) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let there = format!("{}:{}", server.host_str().unwrap(), server.port().unwrap());
        let shared = Arc::new(Shared {
            cut: Mutex::new(Cut::Never),
            bytes_left: Mutex::new(None),
            cuts: AtomicU32::new(0),
            late: Notify::new(),
            was_late: Notify::new(),
        });
        let accepting = tokio::spawn({
            let shared = Arc::clone(&shared);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let Ok(server) = TcpStream::connect(&there).await else { continue };
                    tokio::spawn(shared.clone().relay(client, server));
                }
            }
        });
        Self { port, shared, accepting }
    }

    /// The URL of the same database by way of the relay.
    pub fn url(&self, direct: &str) -> String {
        let mut url = url::Url::parse(direct).unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(self.port)).unwrap();
        url.into()
    }

    /// Cuts the next connection that gets there.
    pub fn cut(&self, cut: Cut) {
        *self.shared.cut.lock().unwrap() = cut;
    }

    /// Cuts after so many bytes from now.
    pub fn cut_after(&self, bytes: usize) {
        *self.shared.bytes_left.lock().unwrap() = Some(bytes);
    }

    /// No more cuts.
    pub fn hold_together(&self) {
        self.cut(Cut::Never);
        *self.shared.bytes_left.lock().unwrap() = None;
    }

    /// How many connections were cut so far.
    pub fn cuts(&self) -> u32 {
        self.shared.cuts.load(SeqCst)
    }

    /// Lets a late `COMMIT` go, and waits until the server has answered it; or the connection of one that
    /// never comes.
    pub async fn let_go(&self) {
        self.shared.late.notify_one();
        self.shared.was_late.notified().await;
    }
}

impl Drop for CuttingProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    async fn relay(self: Arc<Self>, client: TcpStream, server: TcpStream) {
        client.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        let (from_client, mut to_client) = client.into_split();
        let (mut from_server, to_server) = server.into_split();
        let answers = async {
            let mut buffer = vec![0; 65536];
            while let Ok(n @ 1..) = from_server.read(&mut buffer).await {
                let (passes, cut) = self.allowed(n);
                if to_client.write_all(&buffer[..passes]).await.is_err() || cut {
                    return;
                }
            }
        };
        // Whichever ends first: both halves of both connections are dropped, which cuts them.
        let commit = tokio::select! {
            commit = self.requests(from_client, to_server) => commit,
            () = answers => None,
        };
        let Some((cut, mut to_server, commit, from_client)) = commit else { return };
        if matches!(cut, Cut::CommitLate | Cut::NoCommit) {
            drop((from_client, to_client));
            self.late.notified().await;
        }
        if cut == Cut::NoCommit {
            drop((from_server, to_server));
            self.was_late.notify_one();
            return;
        }
        to_server.write_all(&commit).await.unwrap();
        let mut answer = vec![0; 4096];
        assert!(from_server.read(&mut answer).await.unwrap() > 0, "the server answers COMMIT");
        if cut == Cut::CommitLate {
            self.was_late.notify_one();
        }
    }

    /// What the client says, up to a `COMMIT` that is not simply passed on.
    async fn requests(
        &self,
        mut from_client: OwnedReadHalf,
        mut to_server: OwnedWriteHalf,
    ) -> Option<(Cut, OwnedWriteHalf, Vec<u8>, OwnedReadHalf)> {
        let mut buffer = vec![0; 65536];
        while let Ok(n @ 1..) = from_client.read(&mut buffer).await {
            let request = &buffer[..n];
            // Small and alone in its packet: the client waits for each answer before it.
            if request.len() < 64 && request.windows(6).any(|word| word == b"COMMIT") {
                let cut = std::mem::replace(&mut *self.cut.lock().unwrap(), Cut::Never);
                if cut != Cut::Never {
                    self.cuts.fetch_add(1, SeqCst);
                    if cut == Cut::BeforeCommit {
                        return None;
                    }
                    return Some((cut, to_server, request.to_vec(), from_client));
                }
            }
            let (passes, cut) = self.allowed(n);
            if to_server.write_all(&buffer[..passes]).await.is_err() || cut {
                return None;
            }
        }
        None
    }

    /// How many of these bytes still pass, and whether that was it.
    fn allowed(&self, n: usize) -> (usize, bool) {
        let mut left = self.bytes_left.lock().unwrap();
        let Some(bytes) = *left else { return (n, false) };
        if bytes > n {
            *left = Some(bytes - n);
            return (n, false);
        }
        *left = None;
        self.cuts.fetch_add(1, SeqCst);
        (bytes, true)
    }
}
