//! How much of the frontier is in memory, how many idle hosts are remembered, and how long a URL waits.

use std::time::Duration;

/// Maximum number of URLs in memory, all hosts together (those found when it is full stay on disk).
pub const MAX_IN_MEMORY: usize = 40_000;
/// Maximum number of URLs of one host in memory.
pub const MAX_IN_MEMORY_PER_HOST: usize = 5_000;
/// Number of URLs that a host may always have in memory, however full it is.
pub const MIN_IN_MEMORY_PER_HOST: usize = 16;
/// Maximum number of hosts remembered that have nothing to do.
pub const MAX_IDLE_HOSTS: usize = 1_000;
/// Maximum number of bytes of robots.txt remembered for hosts that have nothing to do.
pub const MAX_IDLE_ROBOTS_BYTES: usize = 16 << 20;
/// Number of hosts to which idle connections are kept. One takes about 24 KiB, and a file.
pub const MAX_CONNECTED_HOSTS: u32 = 1_000;
/// Longest pause before another attempt at a URL, unless `Retry-After` asks for more.
pub const MAX_PAUSE: Duration = Duration::from_secs(150);
/// Maximum number of URLs of one host that wait for another attempt before no fresh one is started.
pub const MAX_RETRIES_PER_HOST: u32 = 1_000;
