//! Numbers, sizes and durations as people read them.
//!
//! It imports no other module of the crate. Reports and options show a size or a duration in forms of
//! their own; each form is one function here: the functions with `precise` in their names are for the
//! report (three digits, number and unit joined by [`NBSP`]), the ones with `option` for values that
//! are read back from the command line or a file. The forms for screens of fixed columns are in
//! `ui::units`.

use std::time::Duration;

/// A space that keeps a number and its unit on one line.
pub const NBSP: char = '\u{a0}';

/// Units of sizes above bytes, each 1024 times the one before.
pub(crate) const SIZE_UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];

/// A count in groups of three digits: `12,404`.
#[must_use]
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count with its noun: `1 page`, `12,404 pages`.
#[must_use]
pub fn counted(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(value), if value == 1 { one } else { many })
}

/// A number with three digits: `0.123`, `1.23`, `12.3`, `123`, `1,234`.
#[must_use]
pub fn three_digits(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        v if v < 0.0995 => format!("{v:.3}"),
        v if v < 9.995 => format!("{v:.2}"),
        v if v < 99.95 => format!("{v:.1}"),
        v => count(v.round() as u64),
    }
}

/// The text without the zeros at the end of its number's fraction: `5.00 s` as `5 s`, `1.50 s` as
/// `1.5 s`.
#[must_use]
pub fn without_trailing_zeros(text: &str) -> String {
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ','));
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    if !number.contains('.') {
        return text.to_owned();
    }
    format!("{}{unit}", number.trim_end_matches('0').trim_end_matches('.'))
}

/// A part of a whole in percent: `33.3 %`. A part above 0 is never shown as `0 %`, a part below the
/// whole never as `100 %`.
#[must_use]
pub fn percent_precise(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let share = part as f64 * 100.0 / whole as f64;
    match share {
        s if part > 0 && s < 0.1 => format!("<0.1{NBSP}%"),
        s if part < whole && s > 99.9 => format!(">99.9{NBSP}%"),
        s if part == 0 || part == whole => format!("{s:.0}{NBSP}%"),
        s => format!("{s:.1}{NBSP}%"),
    }
}

/// A size with three digits: `1.21 MiB`.
#[must_use]
pub fn bytes_precise(value: u64) -> String {
    let mut size = value as f64;
    let mut units = SIZE_UNITS.into_iter();
    let mut unit = "B";
    while size >= 1024.0 {
        let Some(next) = units.next() else { break };
        (size, unit) = (size / 1024.0, next);
    }
    if unit == "B" {
        return format!("{value}{NBSP}B");
    }
    format!("{}{NBSP}{unit}", three_digits(size))
}

/// A size as an option takes it, in the largest unit that gives it exactly: `10MiB`, `1025B`.
#[must_use]
pub fn bytes_option(value: u64) -> String {
    for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if value >= 1 << shift && value.trailing_zeros() >= shift {
            return format!("{}{unit}", value >> shift);
        }
    }
    format!("{value}B")
}

/// The same in a sentence: `10 MiB`, `1025 bytes`.
#[must_use]
pub fn bytes_exact(value: u64) -> String {
    match value {
        _ if value > 0 && value.is_multiple_of(1 << 20) => format!("{} MiB", value >> 20),
        _ if value > 0 && value.is_multiple_of(1 << 10) => format!("{} KiB", value >> 10),
        _ => format!("{value} bytes"),
    }
}

/// A size in a sentence, to a tenth of its unit: `512 bytes`, `1.2 MiB`.
#[must_use]
pub fn bytes_about(value: u64) -> String {
    match value {
        0..1024 => format!("{value} bytes"),
        1024..1_048_576 => format!("{:.1} KiB", value as f64 / 1024.0),
        _ => format!("{} MiB", mib(value)),
    }
}

/// A size in MiB to a tenth, without the unit: `24.0`.
#[must_use]
pub fn mib(value: u64) -> String {
    format!("{:.1}", value as f64 / f64::from(1 << 20))
}

/// Time since a start, in seconds: `02:41`, `1:02:41`.
#[must_use]
pub fn elapsed(seconds: f64) -> String {
    let s = seconds.max(0.0) as u64;
    let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
    if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m:02}:{s:02}") }
}

/// Time since an event, in seconds: `12 s`, from a minute on as [`elapsed`].
#[must_use]
pub fn age(seconds: f64) -> String {
    if seconds < 60.0 { format!("{} s", seconds.max(0.0) as u64) } else { elapsed(seconds) }
}

/// A size in at most eight columns: `512 B`, `18 KiB`, `1.4 MiB`.
#[must_use]
pub fn bytes(value: u64) -> String {
    if value < 1024 {
        return format!("{value} B");
    }
    let mut size = value as f64 / 1024.0;
    let mut unit = SIZE_UNITS[0];
    for &next in &SIZE_UNITS[1..] {
        if size < 999.5 {
            break;
        }
        size /= 1024.0;
        unit = next;
    }
    if size < 9.95 { format!("{size:.1} {unit}") } else { format!("{size:.0} {unit}") }
}

/// An estimated duration in seconds, rounded up: `40 s`, `2 min`, `3 h 20 min`.
#[must_use]
pub fn estimate(seconds: f64) -> String {
    let s = seconds.max(0.0);
    if s < 90.0 {
        format!("{:.0} s", (s / 5.0).ceil() * 5.0)
    } else if s < 5400.0 {
        format!("{:.0} min", (s / 60.0).ceil())
    } else if s < 360_000.0 {
        let minutes = (s / 600.0).ceil() as u64 * 10;
        format!("{} h {:02} min", minutes / 60, minutes % 60)
    } else {
        format!("{} days", count((s / 86_400.0).ceil() as u64))
    }
}

/// A duration in milliseconds with three digits, from a minute on by its two largest units:
/// `820 ms`, `1.25 s`, `12.3 s`, `12 min 5 s`, `3 d 4 h`.
#[must_use]
pub fn duration_precise(milliseconds: u64) -> String {
    match milliseconds {
        0..1000 => return format!("{milliseconds}{NBSP}ms"),
        1000..60_000 => {
            return format!("{}{NBSP}s", three_digits(milliseconds as f64 / 1000.0));
        }
        _ => {}
    }
    let (days, hours) = (milliseconds / 86_400_000, milliseconds / 3_600_000 % 24);
    let (minutes, seconds) = (milliseconds / 60_000 % 60, milliseconds / 1000 % 60);
    let two = |a: u64, unit: &str, b: u64, smaller: &str| match b {
        0 => format!("{a}{NBSP}{unit}"),
        b => format!("{a}{NBSP}{unit} {b}{NBSP}{smaller}"),
    };
    match (days, hours) {
        (0, 0) => two(minutes, "min", seconds, "s"),
        (0, hours) => two(hours, "h", minutes, "min"),
        (days, hours) => two(days, "d", hours, "h"),
    }
}

/// A duration as an option takes it: `300ms`, `1m30s`.
#[must_use]
pub fn duration_option(duration: Duration) -> String {
    humantime::format_duration(duration).to_string().replace(' ', "")
}

/// A time in ms with its unit: `0.4 ms`, `212 ms`.
#[must_use]
pub fn milliseconds(ms: f64) -> String {
    if ms > 0.0 && ms < 9.95 { format!("{ms:.1} ms") } else { format!("{ms:.0} ms") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        text.replace(NBSP, " ")
    }

    #[test]
    fn numbers_have_one_shape() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(12_404), "12,404");
        assert_eq!(count(1_000_000), "1,000,000");
        assert_eq!(counted(1, "retry", "retries"), "1 retry");
        assert_eq!(counted(1_000, "retry", "retries"), "1,000 retries");
        assert_eq!(elapsed(161.9), "02:41");
        assert_eq!(elapsed(3761.0), "1:02:41");
        assert_eq!([12.9, 60.0].map(age), ["12 s", "01:00"]);
    }

    #[test]
    fn numbers_read_well() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(n), text);
        }
        for (n, text) in [(0, "0 B"), (1023, "1023 B"), (1536, "1.50 KiB"), (1 << 30, "1.00 GiB")] {
            assert_eq!(plain(&bytes_precise(n)), text);
        }
        for (n, text) in [(0, "0 ms"), (999, "999 ms"), (1250, "1.25 s"), (185_000, "3 min 5 s")] {
            assert_eq!(plain(&duration_precise(n)), text);
        }
        for (n, text) in [(7_200_000, "2 h"), (273_600_000, "3 d 4 h"), (60_000, "1 min")] {
            assert_eq!(plain(&duration_precise(n)), text);
        }
        for (part, whole, text) in
            [(0, 0, "–"), (0, 5, "0 %"), (5, 5, "100 %"), (1, 3, "33.3 %"), (1, 9999, "<0.1 %")]
        {
            assert_eq!(plain(&percent_precise(part, whole)), text);
        }
        for (text, rounded) in
            [("5.00 s", "5 s"), ("1.50 s", "1.5 s"), ("100", "100"), ("0.10", "0.1")]
        {
            assert_eq!(without_trailing_zeros(text), rounded);
        }
        assert_eq!(percent_precise(99_999, 100_000), ">99.9\u{a0}%");
    }

    #[test]
    fn options_show_sizes_exactly() {
        assert_eq!(
            [0, 1025, 10 << 20, (10 << 20) + 1, 3 << 41].map(bytes_option),
            ["0B", "1025B", "10MiB", "10485761B", "6TiB"]
        );
        assert_eq!(duration_option(Duration::from_mins(90)), "1h30m");
        assert_eq!(duration_option(Duration::from_millis(1500)), "1s500ms");
    }
}
