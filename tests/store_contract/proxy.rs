//! A connection to a server that is cut when the test says so.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Hands everything on, both ways, on as many connections as there are.
pub(super) struct Proxy {
    /// Where it listens.
    pub(super) at: SocketAddr,
    cuts: Arc<Cuts>,
}

#[derive(Default)]
struct Cuts {
    /// The next answer after these bytes were sent is not handed on.
    after: std::sync::Mutex<Option<&'static [u8]>>,
    /// Bytes that clients may send before their connection is cut; `u64::MAX`: any number.
    left: AtomicU64,
    /// Whether a connection was cut since it was asked last.
    cut: AtomicBool,
}

impl Proxy {
    pub(super) async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let cuts = Arc::new(Cuts { left: AtomicU64::new(u64::MAX), ..Cuts::default() });
        let ours = Arc::clone(&cuts);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (cuts, server) = (Arc::clone(&ours), server.clone());
                tokio::spawn(async move {
                    let server = TcpStream::connect(server).await.unwrap();
                    cuts.run(client, server).await;
                });
            }
        });
        Self { at, cuts }
    }

    /// The next answer to these bytes is lost, with its connection; the server has done what it was told.
    pub(super) fn lose_answer_to(&self, sent: &'static [u8]) {
        *self.cuts.after.lock().unwrap() = Some(sent);
    }

    /// The connection is cut after so many bytes more.
    pub(super) fn cut_after(&self, bytes: u64) {
        self.cuts.left.store(bytes, SeqCst);
    }

    /// Whether a connection was cut since this was asked last.
    pub(super) fn was_cut(&self) -> bool {
        self.cuts.cut.swap(false, SeqCst)
    }
}

impl Cuts {
    async fn run(&self, mut client: TcpStream, mut server: TcpStream) {
        let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
        let mut lose = false;
        loop {
            tokio::select! {
                sent = client.read(&mut up) => {
                    let Some(sent) = sent.ok().filter(|sent| *sent > 0) else { return };
                    let left = self.left.load(SeqCst);
                    if left < sent as u64 {
                        let _ = server.write_all(&up[..left as usize]).await;
                        self.left.store(u64::MAX, SeqCst);
                        self.cut.store(true, SeqCst);
                        return;
                    }
                    if left < u64::MAX {
                        self.left.store(left - sent as u64, SeqCst);
                    }
                    {
                        let mut after = self.after.lock().unwrap();
                        let found = after.is_some_and(|after| {
                            up[..sent].windows(after.len()).any(|bytes| bytes == after)
                        });
                        if found {
                            *after = None;
                            lose = true;
                        }
                    }
                    if server.write_all(&up[..sent]).await.is_err() {
                        return;
                    }
                }
                answered = server.read(&mut down) => {
                    let Some(answered) = answered.ok().filter(|bytes| *bytes > 0) else { return };
                    if lose {
                        self.cut.store(true, SeqCst);
                        return;
                    }
                    if client.write_all(&down[..answered]).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}
