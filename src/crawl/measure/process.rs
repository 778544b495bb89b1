//! This process: memory and CPU.

use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::crawl::protocol::snapshot::ProcessView;

/// Reads memory and CPU, CPU over the time since the last reading.
#[derive(Debug)]
pub struct ProcessMeter {
    last: Instant,
    cpu_us: i64,
    cores: u16,
    view: ProcessView,
}

/// CPU time used (µs) and peak resident memory (bytes).
fn usage() -> (i64, u64) {
    getrusage(UsageWho::RUSAGE_SELF).map_or((0, 0), |usage| {
        let cpu = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
        (cpu, usage.max_rss().max(0) as u64 * unit)
    })
}

/// Most of the memory that this process may have: four fifths of the container's or the machine's;
/// `None` where that is not told.
#[must_use]
pub fn most_memory() -> Option<u64> {
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

impl Default for ProcessMeter {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u16);
        Self { last: Instant::now(), cpu_us: usage().0, cores, view: ProcessView::default() }
    }
}

impl ProcessMeter {
    /// Measures anew.
    pub fn read(&mut self) -> ProcessView {
        let (cpu_us, peak) = usage();
        let elapsed = self.last.elapsed().as_micros().max(1) as f32;
        let rss = memory_stats::memory_stats().map_or(0, |m| m.physical_mem as u64);
        self.view = ProcessView {
            rss_bytes: rss,
            rss_peak_bytes: peak.max(rss),
            cpu_percent: 100.0 * (cpu_us - self.cpu_us) as f32 / elapsed,
            cores: self.cores,
        };
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
