//! The servers of the scenes.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::{LabProcess, Web, html, wait_until};
use crate::verdict_scenes::Site;

/// A site that runs as long as this lives.
pub enum Served {
    Lab(LabProcess),
    Web(Web),
    Nginx(Nginx),
}

impl Served {
    /// Starts it; `None` where nginx is needed and is not installed.
    pub fn start(site: Site) -> Option<Self> {
        Some(match site {
            Site::Lab(options) => Self::lab(options),
            Site::Dies => Self::lab(&["--latency", "50ms"]),
            Site::Chain => Self::Web(Web::start(|request, stream| {
                std::thread::sleep(Duration::from_millis(30));
                let number: u32 = request.path.trim_start_matches('/').parse().unwrap_or(0);
                let body = format!("<title>{number}</title><a href=/{}>next</a>", number + 1);
                let _ = stream.write_all(&html(200, &body));
            })),
            Site::Failing => Self::Web(Web::start(|request, stream| {
                let links: Vec<String> = (0..300).map(|n| format!("<a href=/{n}>x</a>")).collect();
                let links = links.concat();
                let is_first = request.path == "/";
                let answer = if is_first { html(200, &links) } else { html(500, "") };
                let _ = stream.write_all(&answer);
            })),
            Site::Quick => Self::Nginx(Nginx::start("", 16, 5)?),
            Site::FewConnections => Self::Nginx(Nginx::start(
                "limit_conn all 5; limit_rate_after 1k; limit_rate 20k;",
                3,
                10,
            )?),
            Site::SlowBodies => {
                Self::Nginx(Nginx::start("limit_rate_after 1k; limit_rate 8k;", 3, 10)?)
            }
        })
    }

    fn lab(options: &[&str]) -> Self {
        Self::Lab(LabProcess::start(&[options, &["--pages", "200000"]].concat()))
    }

    /// Where the crawl begins.
    pub fn url(&self) -> String {
        match self {
            Self::Lab(lab) => lab.entry().to_owned(),
            Self::Web(web) => web.url("/"),
            Self::Nginx(nginx) => format!("http://127.0.0.1:{}/", nginx.port),
        }
    }
}

/// nginx with pages without end.
pub struct Nginx {
    folder: TempDir,
    port: u16,
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Nginx {
    /// `words` is the length of a page in 2 KB, `links` the number of its links.
    fn start(limits: &str, words: usize, links: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let (port, pages_port) = (free_port(), free_port());
        let home = folder.path().display();
        let links: Vec<String> =
            (0..links).map(|n| format!("<a href='${{uri}}{n}'>{n}</a>")).collect();
        let links = links.concat();
        let text = "$words".repeat(words);
        let words = "words and more words ".repeat(100);
        let config = format!(
            "pid {home}/pid; error_log {home}/error.log; worker_processes 1; daemon on;
            events {{ worker_connections 2048; }}
            http {{
                access_log off; keepalive_requests 100000;
                client_body_temp_path {home}/a; proxy_temp_path {home}/b;
                fastcgi_temp_path {home}/c; uwsgi_temp_path {home}/d; scgi_temp_path {home}/e;
                limit_conn_zone $binary_remote_addr zone=all:1m;
                upstream pages {{ server 127.0.0.1:{pages_port}; keepalive 64; }}
                server {{
                    listen 127.0.0.1:{pages_port};
                    location = /robots.txt {{ return 404; }}
                    location / {{
                        default_type text/html; set $words '{words}';
                        return 200 \"<title>$uri</title>{links}<p>$uri {text}\";
                    }}
                }}
                server {{
                    listen 127.0.0.1:{port}; {limits}
                    location / {{
                        proxy_http_version 1.1; proxy_set_header Connection '';
                        proxy_pass http://pages;
                    }}
                }}
            }}"
        );
        std::fs::write(folder.path().join("nginx.conf"), config).unwrap();
        let nginx = Self { folder, port };
        nginx.run(&[]).ok()?;
        wait_until("nginx listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        Some(nginx)
    }

    fn run(&self, more: &[&str]) -> std::io::Result<()> {
        let config = self.folder.path().join("nginx.conf");
        let log = self.folder.path().join("error.log");
        let status = Command::new("nginx")
            .args([Path::new("-c"), &config, Path::new("-e"), &log])
            .args(more)
            .stdin(Stdio::null())
            .status()?;
        if !status.success() {
            println!("nginx {more:?}: {:?}", std::fs::read_to_string(log));
        }
        Ok(())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.run(&["-s", "stop"]);
        let pid = self.folder.path().join("pid");
        wait_until("nginx ends", || !pid.exists());
    }
}

/// A relay in front of `PostgreSQL` that holds up commits, or everything.
pub struct Relay {
    pub port: u16,
    silent: watch::Sender<bool>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Relay {
    /// Relays to a port; each `COMMIT` is passed on `late`.
    pub async fn to(server: u16, late: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let silent = watch::Sender::new(false);
        let is_silent = silent.subscribe();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                let (is_silent, ended) = (is_silent.clone(), Arc::new(AtomicBool::new(false)));
                let ((from_client, to_client), (from_server, to_server)) =
                    (client.into_split(), server.into_split());
                tokio::spawn(pass(from_client, to_server, late, is_silent.clone(), ended.clone()));
                tokio::spawn(pass(from_server, to_client, Duration::ZERO, is_silent, ended));
            }
        });
        Self { port, silent, accepting }
    }

    /// Passes nothing on any more.
    pub fn fall_silent(&self) {
        self.silent.send_replace(true);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    late: Duration,
    mut silent: watch::Receiver<bool>,
    ended: Arc<AtomicBool>,
) {
    let mut buffer = vec![0; 65_536];
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        if n < 64 && buffer[..n].windows(6).any(|word| word == b"COMMIT") {
            tokio::time::sleep(late).await;
        }
        // Its end, when the relay is dropped, is as good as its word.
        let _ = silent.wait_for(|silent| !silent).await;
        if to.write_all(&buffer[..n]).await.is_err() || ended.load(SeqCst) {
            break;
        }
    }
    ended.store(true, SeqCst);
}
