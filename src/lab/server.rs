//! Hosts being served, and how they stop.
//!
//! It must not know what they answer.

use std::io;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::door::{Cut, Door};

/// How long requests in flight may go on after a stop.
const GRACE: Duration = Duration::from_millis(300);

/// Some hosts; dropping it stops them without waiting.
#[derive(Debug, Default)]
pub struct Server {
    /// One task per host; each ends when its connections have ended.
    hosts: JoinSet<io::Result<()>>,
    /// No new connections or requests.
    stopping: CancellationToken,
    /// Cuts what is left.
    cut_all: CancellationToken,
    /// Connections that an answer took over.
    taken: TaskTracker,
}

impl Server {
    /// One more host.
    pub fn serve(&mut self, listener: TcpListener, router: Router) {
        let service = router.into_make_service_with_connect_info::<Cut>();
        let door = Door::new(listener, self.cut_all.clone(), self.taken.clone());
        let stopping = self.stopping.clone().cancelled_owned();
        self.hosts.spawn(async move {
            axum::serve(door, service).with_graceful_shutdown(stopping).await
        });
    }

    /// Stops: requests in flight have a moment to end, then they are cut. No task is left.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        let hosts = &mut self.hosts;
        let ended = async { while hosts.join_next().await.is_some() {} };
        // Whether they ended or not, the rest is cut.
        let _ = tokio::time::timeout(GRACE, ended).await;
        self.cut_all.cancel();
        while self.hosts.join_next().await.is_some() {}
        self.taken.close();
        self.taken.wait().await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.cancel();
        self.cut_all.cancel();
    }
}
