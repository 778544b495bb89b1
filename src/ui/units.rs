//! Numbers, sizes and durations in the fixed columns of a screen.

pub use crate::units::{age, bytes, count, counted, elapsed, estimate};

/// A count in at most seven columns: `12,404`, `4,120k`, `>999M`.
#[must_use]
pub fn short_count(value: u64) -> String {
    match value {
        0..1_000_000 => count(value),
        1_000_000..1_000_000_000 => format!("{}k", count(value / 1000)),
        _ => ">999M".to_owned(),
    }
}

/// A rate: `51.2`, from a hundred on whole, from ten thousand on in groups.
#[must_use]
pub fn rate(value: f64) -> String {
    if value < 99.95 { format!("{value:.1}") } else { count(value.round() as u64) }
}

/// A share of 1 in percent, three columns and the sign: ` 48%`.
#[must_use]
pub fn percent(share: f32) -> String {
    format!("{:>3.0}%", share.clamp(0.0, 1.0) * 100.0)
}

/// A duration in milliseconds, with its unit: `340 ms`, `3.9 s`, `02:05`.
#[must_use]
pub fn duration(milliseconds: f64) -> String {
    let ms = milliseconds.max(0.0);
    if ms < 9.95 {
        format!("{ms:.1} ms")
    } else if ms < 999.5 {
        format!("{ms:.0} ms")
    } else if ms < 59_950.0 {
        format!("{:.1} s", ms / 1000.0)
    } else {
        elapsed(ms / 1000.0)
    }
}

/// What is left of a wait in seconds, in at most six columns: `<1 s`, `28 s`, `02:05`, `1.7 h`.
/// Whole seconds, rounded up, so that it steps once a second.
#[must_use]
pub fn countdown(seconds: f64) -> String {
    if seconds.is_nan() || seconds >= 3.6e6 {
        return ">999 h".to_owned();
    }
    let s = seconds.max(0.0);
    if s < 1.0 {
        "<1 s".to_owned()
    } else if s.ceil() < 100.0 {
        format!("{:.0} s", s.ceil())
    } else if s.ceil() < 3600.0 {
        elapsed(s.ceil())
    } else if s < 359_000.0 {
        format!("{:.1} h", s / 3600.0)
    } else {
        format!("{:.0} h", s / 3600.0)
    }
}

/// A set interval in milliseconds as a person writes it, in at most six columns: `2 s`, `0.5 s`,
/// `1.25 s`, `02:05`.
#[must_use]
pub fn interval(milliseconds: u64) -> String {
    let s = milliseconds as f64 / 1000.0;
    if s < 9.995 {
        let number = format!("{s:.2}");
        format!("{} s", number.trim_end_matches('0').trim_end_matches('.'))
    } else {
        countdown(s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_shape() {
        assert_eq!(
            [999_999, 4_120_000, 5_000_000_000].map(short_count),
            ["999,999", "4,120k", ">999M"]
        );
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(18 * 1024), "18 KiB");
        assert_eq!(bytes(1023 * 1024), "1.0 MiB");
        assert_eq!(bytes(166 << 20), "166 MiB");
        assert_eq!(duration(3912.0), "3.9 s");
        let left = [0.0, 0.4, 1.2, 27.3, 99.4, 125.0, 3599.5, 6120.0, 4.0e5, f64::NAN];
        assert_eq!(
            left.map(countdown),
            ["<1 s", "<1 s", "2 s", "28 s", "01:40", "02:05", "1.0 h", "1.7 h", "111 h", ">999 h"]
        );
        assert_eq!(
            [2000, 500, 1250, 10_000, 60_000, 125_000].map(interval),
            ["2 s", "0.5 s", "1.25 s", "10 s", "60 s", "02:05"]
        );
        assert_eq!(estimate(100.0), "2 min");
        assert_eq!(estimate(12_000.0), "3 h 20 min");
        assert_eq!(percent(0.975), " 98%");
        assert_eq!(rate(1234.5), "1,235");
    }
}
