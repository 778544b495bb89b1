//! Starts and stops the lab: [`Lab`] inside a program, [`serve`] as a process of its own.

use std::io::{self, Write as _};
use std::sync::Arc;

use tokio::net::TcpListener;

use super::config::LabConfig;
use super::error::LabError;
use super::hosts::{HostAddresses, MAX_HOSTS};
use super::listener::{bind, bind_loopback};
use super::plan::HOSTS;
use super::router::router;
use super::server::LabServer;
use super::site::Site;
use crate::settings::faults::FaultySite;

/// A lab being served; dropping it stops it without waiting.
#[derive(Debug)]
pub struct Lab {
    pub(super) site: Arc<Site>,
    urls: Vec<String>,
    server: LabServer,
}

impl Lab {
    /// Starts serving; the hosts listen when this returns.
    ///
    /// # Errors
    /// A port is in use, refused or too high.
    pub async fn start(config: LabConfig) -> Result<Self, LabError> {
        let (listeners, hosts) = listen(&config).await?;
        let site = Arc::new(Site::new(&config, hosts));
        let router = router(Arc::clone(&site));
        let mut server = LabServer::default();
        for listener in listeners {
            server.serve(listener, router.clone());
        }
        let urls = site.hosts.authorities().map(|host| format!("http://{host}/")).collect();
        Ok(Self { site, urls, server })
    }

    /// The hosts, `http://127.0.0.1:PORT/`; the first one's page is the entry.
    #[must_use]
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    /// The site, whose faults can be set while it serves.
    #[must_use]
    pub fn faulty_site(&self) -> Arc<dyn FaultySite> {
        Arc::clone(&self.site.injector) as Arc<dyn FaultySite>
    }

    /// Stops: requests in flight have 300 ms to end, then their connections are closed. No task is left.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

/// The sockets, and the hosts that they are for.
async fn listen(config: &LabConfig) -> Result<(Vec<TcpListener>, HostAddresses), LabError> {
    let first = config.port.unwrap_or(0);
    if let Some(count) = config.hosts {
        let listener = bind_loopback(first)?;
        let port = listener.local_addr()?.port();
        let count = count.clamp(1, MAX_HOSTS);
        return Ok((vec![listener], HostAddresses::Addresses { port, count }));
    }
    let mut listeners = Vec::with_capacity(HOSTS);
    let mut ports = Vec::with_capacity(HOSTS);
    for index in 0..HOSTS {
        let listener = bind(first, index as u16).await?;
        ports.push(listener.local_addr()?.port());
        listeners.push(listener);
    }
    Ok((listeners, HostAddresses::Ports(ports)))
}

/// What is printed of the hosts: a line for each, or the first and the last of many.
fn announcement(lab: &Lab) -> String {
    match (&lab.site.hosts, lab.urls()) {
        (HostAddresses::Addresses { .. }, [first, .., last]) => {
            format!("listening {first}\n{} hosts, up to {last}\n", lab.urls().len())
        }
        (_, urls) => format!("listening {}\n", urls.join("\nlistening ")),
    }
}

/// Serves the lab until the process receives INT or TERM. Prints `listening http://127.0.0.1:PORT/`
/// for each host on standard output, of [`LabConfig::hosts`] for the first one alone; ends at once if standard output is a closed pipe.
///
/// # Errors
/// A port is in use, refused or too high; standard output cannot be written.
pub async fn serve(config: LabConfig) -> Result<(), LabError> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let lab = Lab::start(config).await?;
    // One write: a reader that closes the pipe after the first line does not break the others.
    let lines = announcement(&lab);
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
