//! The lab: a web site made for crawlers, on four hosts of this machine.
//!
//! It has endpoints to try a client on, and a generated web that is the same for the same seed
//! and page count, with the truth about what a crawl of it must find.
//!
//! ```text
//! server   hosts being served                  plan     what each number is
//! door     connections that can be cut         links    its links, as data
//! site     shared state, counting              address  its path; href, how a link is written
//! answer   what a request gets                 page     its HTML, with prose and charset
//! endpoints, sitemap, home                     truth    what a crawl must find
//! load     requests in flight
//! stage    what is wrong on purpose
//! body     a body as it leaves
//! times    when each request came              hostile/ what no honest site would serve
//!                                              origin   one more host, as odd as wanted:
//!                                              robots   its robots.txt
//!                                              trouble  when it does not answer as it should
//! ```
//!
//! It knows nothing of the crawler, but borrows its gate.

mod address;
mod answer;
mod body;
mod charset;
mod config;
mod dice;
mod door;
mod endpoints;
mod home;
pub mod hostile;
mod href;
mod links;
mod load;
pub mod origin;
mod page;
mod plan;
mod prose;
pub mod robots;
mod server;
mod site;
mod sitemap;
mod stage;
pub mod times;
pub mod trouble;
mod truth;

use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::settings::faults::FaultySite;

pub use config::LabConfig;
pub use load::Load;
use plan::HOSTS;
use server::Server;
use site::{Host, Site};
pub use times::Times;
pub use truth::Truth;

/// Why the lab could not be served.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// Four ports from the given one go past the last.
    #[error("port {0} is too high: the lab needs four in a row; choose one up to 65532")]
    PortTooHigh(u16),
    /// Another program listens there.
    #[error(
        "port {port} is in use: stop the program that listens there, choose another --port, \
         or leave it out to take free ones"
    )]
    PortInUse {
        /// The port.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The system refuses the port, for example one below 1024.
    #[error("cannot listen on port {port} of 127.0.0.1 ({source}): choose another --port")]
    Listen {
        /// The port; 0 means any free one.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// Standard output or the signals cannot be used.
    #[error("cannot serve the lab: {0}")]
    Io(#[from] io::Error),
}

/// A lab being served; dropping it stops it without waiting.
#[derive(Debug)]
pub struct Lab {
    site: Arc<Site>,
    urls: Vec<String>,
    server: Server,
}

impl Lab {
    /// Starts serving; the hosts listen when this returns.
    ///
    /// # Errors
    /// A port is in use, refused or too high.
    pub async fn start(config: LabConfig) -> Result<Self, LabError> {
        let mut listeners = Vec::with_capacity(HOSTS);
        let mut ports = [0; HOSTS];
        for (index, port) in ports.iter_mut().enumerate() {
            let listener = listen(config.port.unwrap_or(0), index as u16).await?;
            *port = listener.local_addr()?.port();
            listeners.push(listener);
        }
        let site = Arc::new(Site::new(&config, ports));
        let mut server = Server::default();
        for (index, listener) in listeners.into_iter().enumerate() {
            server.serve(listener, Host { site: Arc::clone(&site), index }.router());
        }
        let urls = ports.iter().map(|port| format!("http://127.0.0.1:{port}/")).collect();
        Ok(Self { site, urls, server })
    }

    /// The four hosts, `http://127.0.0.1:PORT/`; the first one's page is the entry.
    #[must_use]
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    /// What a crawl must find. Walks the whole web when first asked for, then remembers it.
    #[must_use]
    pub fn truth(&self) -> Truth {
        self.site.truth()
    }

    /// How busy the site is now.
    #[must_use]
    pub fn load(&self) -> Load {
        self.site.gauge.read()
    }

    /// When each of the newest requests came to host `0..4`; none for another number.
    #[must_use]
    pub fn times(&self, host: usize) -> Times {
        self.site.times.get(host).map(|record| record.read()).unwrap_or_default()
    }

    /// The site, to be told of faults while it serves.
    #[must_use]
    pub fn faulty_site(&self) -> Arc<dyn FaultySite> {
        Arc::clone(&self.site.stage) as Arc<dyn FaultySite>
    }

    /// Stops: requests in flight have a moment to end, then they are cut. No task is left.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

/// A listener on the port `offset` above `first`, or on a free one if `first` is 0.
async fn listen(first: u16, offset: u16) -> Result<TcpListener, LabError> {
    let port = match first {
        0 => 0,
        first => first.checked_add(offset).ok_or(LabError::PortTooHigh(first))?,
    };
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => LabError::PortInUse { port, source },
        _ => LabError::Listen { port, source },
    })
}

/// Serves the lab alone, until the process is told to stop (INT or TERM). Prints
/// `listening http://127.0.0.1:PORT/` per host on standard output; ends at once if nobody
/// reads that any more.
///
/// # Errors
/// A port is in use, refused or too high; standard output cannot be written.
pub async fn serve(config: LabConfig) -> Result<(), LabError> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let lab = Lab::start(config).await?;
    // Whole, so that a reader of the first line alone does not break the pipe for the others.
    let lines = format!("listening {}\n", lab.urls().join("\nlistening "));
    let mut stdout = io::stdout();
    let printed = stdout.write_all(lines.as_bytes()).and_then(|()| stdout.flush());
    if printed.is_ok() {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
    lab.stop().await;
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
