//! This process's resident memory.
//!
//! Not by `getrusage`: across `exec` that keeps the peak of the process that started this one.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The highest reading so far, where the system does not report the peak.
static HIGHEST: AtomicU64 = AtomicU64::new(0);

/// Resident memory now and its peak, in bytes: `VmRSS` and `VmHWM` of `/proc/self/status`. Elsewhere
/// the peak is the highest of all readings.
#[must_use]
pub fn resident() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let (Some(now), Some(peak)) = (field(&status, "VmRSS:"), field(&status, "VmHWM:")) {
        return (now, peak.max(now));
    }
    let now = memory_stats::memory_stats().map_or(0, |memory| memory.physical_mem as u64);
    (now, HIGHEST.fetch_max(now, Relaxed).max(now))
}

/// A line of `/proc/self/status`, in bytes.
fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_status() {
        let status = "Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t 1024 kB\n";
        assert_eq!(field(status, "VmHWM:"), Some(2 << 20));
        assert_eq!(field(status, "VmRSS:"), Some(1 << 20));
        assert_eq!(field(status, "VmSwap:"), None);
    }

    #[test]
    fn the_peak_is_not_below_what_is_used_now() {
        let (now, peak) = resident();
        assert!(now > 0 && peak >= now, "{now} {peak}");
    }
}
