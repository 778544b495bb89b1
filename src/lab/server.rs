//! The tasks that serve hosts, and how they stop.
//!
//! It must not know what the hosts serve.

use std::io;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::listener::{ConnectionHandle, CuttableListener};

/// How long requests in flight may take after a stop.
const GRACE: Duration = Duration::from_millis(300);

/// The hosts being served; dropping it stops them without waiting.
#[derive(Debug, Default)]
pub struct LabServer {
    /// One task per host; each ends when its connections have ended.
    hosts: JoinSet<io::Result<()>>,
    /// Cancelled to accept no new connections or requests.
    stopping: CancellationToken,
    /// Cancelled to close the remaining connections.
    close_all: CancellationToken,
    /// The tasks of connections that a handler took over.
    takeovers: TaskTracker,
}

impl LabServer {
    /// Serves one more host.
    pub fn serve(&mut self, listener: TcpListener, router: Router) {
        let service = router.into_make_service_with_connect_info::<ConnectionHandle>();
        let listener =
            CuttableListener::new(listener, self.close_all.clone(), self.takeovers.clone());
        let stopping = self.stopping.clone().cancelled_owned();
        self.hosts.spawn(async move {
            axum::serve(listener, service).with_graceful_shutdown(stopping).await
        });
    }

    /// Stops: requests in flight have [`GRACE`] to end, then their connections are closed. No task is
    /// left.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        let hosts = &mut self.hosts;
        let ended = async { while hosts.join_next().await.is_some() {} };
        // What has not ended by now is closed.
        let _ = tokio::time::timeout(GRACE, ended).await;
        self.close_all.cancel();
        while self.hosts.join_next().await.is_some() {}
        self.takeovers.close();
        self.takeovers.wait().await;
    }
}

impl Drop for LabServer {
    fn drop(&mut self) {
        self.stopping.cancel();
        self.close_all.cancel();
    }
}
