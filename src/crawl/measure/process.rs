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
    machine: Option<(u64, u64)>,
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

/// Time that the machine's cores were busy, and all of their time, in ticks since it was started; `None`
/// where the system does not report it.
fn machine_time() -> Option<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let ticks = text.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
    // User, nice, system, idle, waiting for a disk, interrupts, soft interrupts, stolen; guests count as user.
    let ticks: Vec<u64> = ticks.take(8).map_while(|field| field.parse().ok()).collect();
    let all: u64 = ticks.iter().sum();
    let idle = ticks.get(3)? + ticks.get(4)?;
    Some((all - idle, all))
}

impl Default for ProcessMeter {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u16);
        Self {
            last: Instant::now(),
            cpu_us: cpu_time(),
            machine: machine_time(),
            cores,
            view: ProcessView::default(),
        }
    }
}

impl ProcessMeter {
    /// Measures anew.
    pub fn read(&mut self) -> ProcessView {
        let cpu_us = cpu_time();
        let machine = machine_time();
        let machine_busy = self.machine.zip(machine).map_or(0.0, |(before, now)| {
            let all = now.1.saturating_sub(before.1).max(1);
            now.0.saturating_sub(before.0) as f32 / all as f32
        });
        let (rss_bytes, rss_peak_bytes) = resident();
        let elapsed = self.last.elapsed().as_micros().max(1) as f32;
        self.view = ProcessView {
            rss_bytes,
            rss_peak_bytes,
            cpu_percent: 100.0 * (cpu_us - self.cpu_us) as f32 / elapsed,
            cores: self.cores,
            machine_busy,
        };
        self.machine = machine;
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
