//! This process: memory and CPU.

use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::crawl::protocol::snapshot::ProcessView;
use crate::process_memory::resident;

/// Reads memory and CPU, CPU over the time since the last reading.
#[derive(Debug)]
pub struct ProcessMeter {
    last: Instant,
    cpu_us: i64,
    wait_us: Option<u64>,
    cores: u16,
    view: ProcessView,
}

/// CPU time used, in µs.
fn cpu_time() -> i64 {
    getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| {
        usage.user_time().num_microseconds() + usage.system_time().num_microseconds()
    })
}

/// Default limit of resident memory, in bytes: four fifths of the container's or the machine's;
/// `None` where the system does not report it.
#[must_use]
pub fn default_memory_limit() -> Option<u64> {
    let number = |path: &str| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let container = number("/sys/fs/cgroup/memory.max")
        .or_else(|| number("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib << 10)
    });
    container.into_iter().chain(machine).min().map(|bytes| bytes / 5 * 4)
}

/// Time that the threads of this process were ready to run and had no core, in µs; `None` where the system
/// does not report it.
fn cpu_wait() -> Option<u64> {
    let threads = std::fs::read_dir("/proc/self/task").ok()?;
    // Of each thread: time on a core, time waiting for one, both in ns, and how often it ran.
    let wait_ns = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    Some(wait_ns.sum::<u64>() / 1000)
}

impl Default for ProcessMeter {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u16);
        Self {
            last: Instant::now(),
            cpu_us: cpu_time(),
            wait_us: cpu_wait(),
            cores,
            view: ProcessView::default(),
        }
    }
}

impl ProcessMeter {
    /// Measures anew.
    pub fn read(&mut self) -> ProcessView {
        let cpu_us = cpu_time();
        let wait_us = cpu_wait();
        // Threads that have ended are not counted any more.
        let waited_us = wait_us.zip(self.wait_us).map_or(0, |(now, then)| now.saturating_sub(then));
        let (rss_bytes, rss_peak_bytes) = resident();
        let elapsed = self.last.elapsed().as_micros().max(1) as f32;
        self.view = ProcessView {
            rss_bytes,
            rss_peak_bytes,
            cpu_percent: 100.0 * (cpu_us - self.cpu_us) as f32 / elapsed,
            cores: self.cores,
            cpu_wait_percent: 100.0 * waited_us as f32 / elapsed,
        };
        self.wait_us = wait_us;
        self.cpu_us = cpu_us;
        self.last = Instant::now();
        self.view
    }

    /// The last measurement.
    #[must_use]
    pub const fn last(&self) -> ProcessView {
        self.view
    }
}
