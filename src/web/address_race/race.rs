//! The races of the addresses of a name, and their winners.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};
use url::Url;

/// Time between two attempts (RFC 8305, section 8: Connection Attempt Delay).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// How long the winner of a race is tried first.
const REMEMBERED: Duration = Duration::from_mins(10);
/// Maximum number of addresses in a race.
const MAX_RACED: usize = 16;
/// Maximum number of names whose winner is remembered.
const MAX_NAMES: usize = 4096;

/// The winner of a race, or `None` when no address answered; empty while the race runs.
pub(super) type Winner = Arc<OnceCell<Option<IpAddr>>>;

tokio::task_local! {
    static TARGET: Arc<ConnectTarget>;
}

/// The host of a request that may open a connection.
#[derive(Debug)]
pub(in crate::web) struct ConnectTarget {
    host: String,
    port: u16,
    /// The winner of an earlier race that the connection relies on.
    pub(super) relies_on: Mutex<Option<Winner>>,
}

impl ConnectTarget {
    /// The one of the request that is being polled.
    pub(in crate::web) fn of_this_request() -> Option<Arc<Self>> {
        TARGET.try_with(Arc::clone).ok()
    }
}

/// Runs a request for `url`, whose host and port the race needs.
pub(in crate::web) async fn to_host_of<F: Future>(url: &Url, request: F) -> F::Output {
    let target = ConnectTarget {
        host: url.host_str().unwrap_or_default().to_owned(),
        port: url.port_or_known_default().unwrap_or_default(),
        relies_on: Mutex::default(),
    };
    TARGET.scope(Arc::new(target), request).await
}

/// The races of a client and their winners.
#[derive(Debug)]
pub(in crate::web) struct AddressRace {
    /// Host and port of the proxy. With one, nothing else is connected to from here.
    proxy: Option<(String, u16)>,
    /// The winners with the time of their race, by name and port.
    winners: Mutex<HashMap<(String, u16), (Winner, Instant)>>,
}

impl AddressRace {
    pub(in crate::web) fn new(proxy: Option<&Url>) -> Self {
        let place = |url: &Url| {
            // The default port of the SOCKS protocols is none of the URL standard.
            Some((url.host_str()?.to_owned(), url.port_or_known_default().unwrap_or(1080)))
        };
        Self { proxy: proxy.and_then(place), winners: Mutex::default() }
    }

    /// The addresses of `name` in the order in which they should be tried.
    pub(in crate::web) async fn order(
        &self,
        name: &str,
        target: Option<&ConnectTarget>,
        addresses: Vec<IpAddr>,
    ) -> Vec<IpAddr> {
        let mut addresses = alternating(addresses);
        let Some(port) = self.port(name, target).filter(|_| addresses.len() > 1) else {
            return addresses;
        };
        let key = (name.to_owned(), port);
        let cell = self.winner(&key);
        if let Some(target) = target.filter(|_| cell.initialized()) {
            *lock(&target.relies_on) = Some(Arc::clone(&cell));
        }
        let raced = &addresses[..addresses.len().min(MAX_RACED)];
        let connect = |address| TcpStream::connect(SocketAddr::new(address, port));
        let winner = *cell.get_or_init(|| race(raced, connect)).await;
        match winner.and_then(|winner| addresses.iter().position(|&address| address == winner)) {
            // Those before it were refused or silent.
            Some(at) => addresses.rotate_left(at),
            None => self.forget(&cell),
        }
        addresses
    }

    /// The port that a connection to `name` leads to, if it may be connected to from here.
    fn port(&self, name: &str, target: Option<&ConnectTarget>) -> Option<u16> {
        match &self.proxy {
            Some((host, port)) => (host == name).then_some(*port),
            None => target.filter(|target| target.host == name).map(|target| target.port),
        }
    }

    pub(super) fn winner(&self, key: &(String, u16)) -> Winner {
        let mut winners = lock(&self.winners);
        let now = Instant::now();
        match winners.get(key) {
            Some((winner, since)) if now - *since < REMEMBERED => Arc::clone(winner),
            _ => {
                if winners.len() >= MAX_NAMES {
                    winners.retain(|_, (_, since)| now - *since < REMEMBERED);
                }
                if winners.len() >= MAX_NAMES {
                    winners.clear();
                }
                let winner = Winner::default();
                winners.insert(key.clone(), (Arc::clone(&winner), now));
                winner
            }
        }
    }

    /// The addresses race again before the next connection.
    pub(super) fn forget(&self, winner: &Winner) {
        lock(&self.winners).retain(|_, (known, _)| !Arc::ptr_eq(known, winner));
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The addresses without duplicates, the two families taking turns (RFC 8305, section 4).
fn alternating(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let mut distinct: Vec<IpAddr> = Vec::with_capacity(addresses.len());
    for address in addresses {
        if !distinct.contains(&address) {
            distinct.push(address);
        }
    }
    let first_is_v6 = distinct.first().is_some_and(IpAddr::is_ipv6);
    let (mut same, mut other): (Vec<_>, Vec<_>) =
        distinct.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let turns = same.len().min(other.len());
    let rest: Vec<_> = same.drain(turns..).chain(other.drain(turns..)).collect();
    let turns = same.into_iter().zip(other).flat_map(|(same, other)| [same, other]);
    turns.chain(rest).collect()
}

/// The address that answers first; `None` when none does.
async fn race<T, F>(addresses: &[IpAddr], connect: impl Fn(IpAddr) -> F) -> Option<IpAddr>
where
    F: Future<Output = io::Result<T>>,
{
    let mut waiting = addresses.iter().copied();
    let mut attempts = FuturesUnordered::new();
    loop {
        let next = waiting.next();
        if let Some(address) = next {
            let attempt = connect(address);
            attempts.push(async move { attempt.await.is_ok().then_some(address) });
        } else if attempts.is_empty() {
            return None;
        }
        tokio::select! {
            Some(ended) = attempts.next() => {
                if ended.is_some() {
                    return ended;
                }
            }
            () = sleep(ATTEMPT_DELAY), if next.is_some() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::future::pending;

    use super::*;

    fn addresses(text: &str) -> Vec<IpAddr> {
        text.split_whitespace().map(|address| address.parse().unwrap()).collect()
    }

    /// 10.0.0.N connects after N ms, 10.1.0.N is refused after N ms, others are silent.
    async fn connect(address: IpAddr) -> io::Result<()> {
        let IpAddr::V4(v4) = address else { return pending().await };
        let [_, kind, _, ms] = v4.octets();
        let after = Duration::from_millis(ms.into());
        match kind {
            0 => {
                sleep(after).await;
                Ok(())
            }
            1 => {
                sleep(after).await;
                Err(io::ErrorKind::ConnectionRefused.into())
            }
            _ => pending().await,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_address_starts_after_a_quarter_of_a_second_or_a_refusal() {
        let table = [
            ("10.0.0.3", Some("10.0.0.3"), 3),
            ("10.2.0.0 10.0.0.5", Some("10.0.0.5"), 255),
            ("::1 10.2.0.0 10.0.0.5 10.0.0.6", Some("10.0.0.5"), 505),
            ("10.1.0.7 10.0.0.5", Some("10.0.0.5"), 12),
            ("10.1.0.7 10.1.0.8 10.0.0.5", Some("10.0.0.5"), 20),
            // The first may be slow and still the first.
            ("10.0.0.200 10.0.0.1", Some("10.0.0.200"), 200),
            ("10.2.0.0 10.1.0.4 10.0.0.9", Some("10.0.0.9"), 263),
            ("10.1.0.7 10.1.0.8", None, 15),
        ];
        for (list, winner, ms) in table {
            let began = Instant::now();
            let found = race(&addresses(list), connect).await;
            assert_eq!(found, winner.map(|winner| winner.parse().unwrap()), "{list}");
            let took = began.elapsed().as_millis();
            assert!((ms..ms + 5).contains(&took), "{list}: {took} ms");
        }
    }

    #[test]
    fn families_take_turns() {
        let table = [
            ("10.0.0.1 10.0.0.2", "10.0.0.1 10.0.0.2"),
            ("::1 ::2 10.0.0.1 10.0.0.2", "::1 10.0.0.1 ::2 10.0.0.2"),
            ("10.0.0.1 10.0.0.2 ::1", "10.0.0.1 ::1 10.0.0.2"),
            ("10.0.0.1 ::1 ::2 ::3", "10.0.0.1 ::1 ::2 ::3"),
            ("10.0.0.1 10.0.0.1", "10.0.0.1"),
            ("", ""),
        ];
        for (list, expected) in table {
            assert_eq!(alternating(addresses(list)), addresses(expected), "{list}");
        }
    }

    fn target(host: &str, port: u16) -> ConnectTarget {
        ConnectTarget { host: host.into(), port, relies_on: Mutex::default() }
    }

    #[tokio::test]
    async fn the_winner_is_first_until_it_is_forgotten() {
        // Nobody listens at the first address.
        let listener = tokio::net::TcpListener::bind("127.0.0.3:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let list = || addresses("127.0.0.2 127.0.0.3");
        let turned = addresses("127.0.0.3 127.0.0.2");
        let race = AddressRace::new(None);
        let first = target("a.test", port);
        assert_eq!(race.order("a.test", Some(&first), list()).await, turned);
        assert!(lock(&first.relies_on).is_none());
        // From memory, even when nobody listens any more.
        drop(listener);
        let second = target("a.test", port);
        assert_eq!(race.order("a.test", Some(&second), list()).await, turned);
        let winner = lock(&second.relies_on).clone().unwrap();
        // Another name, another port, no request: nothing is known.
        assert_eq!(race.order("b.test", Some(&second), list()).await, list());
        assert_eq!(race.order("a.test", None, list()).await, list());
        race.forget(&winner);
        assert_eq!(race.order("a.test", Some(&second), list()).await, list());
    }

    #[test]
    fn with_a_proxy_nothing_else_is_connected_to() {
        let proxy = Url::parse("socks5://proxy.test/").unwrap();
        let race = AddressRace::new(Some(&proxy));
        let target = target("a.test", 80);
        assert_eq!(race.port("a.test", Some(&target)), None);
        assert_eq!(race.port("proxy.test", Some(&target)), Some(1080));
    }
}
