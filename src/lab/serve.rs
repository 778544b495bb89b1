//! Starts and stops the lab: [`Lab`] inside a program, [`serve`] as a process of its own.

use std::io::{self, Write as _};
use std::sync::Arc;

use super::config::LabConfig;
use super::error::LabError;
use super::listener::bind;
use super::plan::HOSTS;
use super::router::router;
use super::server::LabServer;
use super::site::{LabHost, Site};
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
        let mut listeners = Vec::with_capacity(HOSTS);
        let mut ports = [0; HOSTS];
        for (index, port) in ports.iter_mut().enumerate() {
            let listener = bind(config.port.unwrap_or(0), index as u16).await?;
            *port = listener.local_addr()?.port();
            listeners.push(listener);
        }
        let site = Arc::new(Site::new(&config, ports));
        let mut server = LabServer::default();
        for (index, listener) in listeners.into_iter().enumerate() {
            server.serve(listener, router(LabHost { site: Arc::clone(&site), index }));
        }
        let urls = ports.iter().map(|port| format!("http://127.0.0.1:{port}/")).collect();
        Ok(Self { site, urls, server })
    }

    /// The four hosts, `http://127.0.0.1:PORT/`; the first one's page is the entry.
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

/// Serves the lab until the process receives INT or TERM. Prints `listening http://127.0.0.1:PORT/`
/// for each host on standard output; ends at once if standard output is a closed pipe.
///
/// # Errors
/// A port is in use, refused or too high; standard output cannot be written.
pub async fn serve(config: LabConfig) -> Result<(), LabError> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let lab = Lab::start(config).await?;
    // One write: a reader that closes the pipe after the first line does not break the others.
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
