//! Finds dates in URLs: `2031/05`, `2031-05-17`, `year=2031&month=5`. It knows no limits.

use Trust::{Likely, Perhaps, Sure};

use super::shape::Shape;

/// A date in a URL; month and day are 0 where the URL has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: u16,
    pub(super) month: u8,
    pub(super) day: u8,
    pub(super) trust: Trust,
}

/// How certain it is that the numbers are a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trust {
    /// `/4711/2` may be the second page of something.
    Perhaps,
    /// `/2031/05` looks like a date.
    Likely,
    /// `2031-05-17` is hardly anything else.
    Sure,
}

impl Date {
    /// A distinct number for each date.
    pub(super) const fn number(self) -> u32 {
        (self.year as u32) << 9 | (self.month as u32) << 5 | self.day as u32
    }
}

/// Years that make a likely date together with a month of two digits.
const LIKELY: std::ops::RangeInclusive<u16> = 1970..=2199;

/// The date in a URL.
pub(super) fn find(shape: Shape<'_>) -> Option<Date> {
    in_path(shape).or_else(|| in_query(shape))
}

fn in_path(shape: Shape<'_>) -> Option<Date> {
    let mut segments = shape.segments().peekable();
    while let Some(segment) = segments.next() {
        if !segment.as_bytes().iter().any(u8::is_ascii_digit) {
            continue;
        }
        if let Some(date) = dashed_date(segment) {
            return Some(date);
        }
        let Some(year) = number(segment, 4..=4).and_then(year) else { continue };
        let text = segments.peek().copied()?;
        let Some(month) = number(text, 1..=2).and_then(month) else { continue };
        segments.next();
        let day = segments.peek().and_then(|text| number(text, 1..=2)).and_then(day);
        let trust = if text.len() == 2 && LIKELY.contains(&year) { Likely } else { Perhaps };
        return Some(Date { year, month, day: day.unwrap_or(0), trust });
    }
    None
}

fn in_query(shape: Shape<'_>) -> Option<Date> {
    let (mut y, mut m, mut d, mut named) = (None, None, None, false);
    for (key, value) in shape.pairs() {
        if !value.as_bytes().first().is_some_and(u8::is_ascii_digit) {
            continue;
        }
        if let Some(date) = dashed_date(value) {
            return Some(Date { trust: Sure, ..date });
        }
        let is = |names: &[&str]| names.iter().any(|name| key.eq_ignore_ascii_case(name));
        if is(&["year", "yr", "yyyy", "cal_year"]) {
            (y, named) = (number(value, 4..=4).and_then(year), true);
        } else if is(&["y"]) {
            y = number(value, 4..=4).and_then(year);
        } else if is(&["month", "mon", "mm", "m", "cal_month"]) && value.len() <= 2 {
            m = number(value, 1..=2).and_then(month);
        } else if is(&["day", "dd", "d"]) && value.len() <= 2 {
            d = number(value, 1..=2).and_then(day);
        } else if is(&["date", "day", "month", "ym", "cal", "start", "m", "d"])
            && let Some(date) = compact_date(value)
        {
            return Some(date);
        }
    }
    (m.is_some() || named)
        .then(|| Some(Date { year: y?, month: m.unwrap_or(0), day: d.unwrap_or(0), trust: Sure }))?
}

/// `2031-05` or `2031-05-17` anywhere in a text; the separator may be `_`.
fn dashed_date(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    let mut start = 0;
    while start + 7 <= bytes.len() {
        if !bytes[start].is_ascii_digit() {
            start += 1;
            continue;
        }
        let digits = digit_run(bytes, start);
        let end = start + digits;
        if digits == 4
            && bytes.get(end).is_some_and(|byte| matches!(byte, b'-' | b'_'))
            && digit_run(bytes, end + 1) == 2
            && let Some(year) = number(&text[start..end], 4..=4).and_then(year)
            && let Some(month) = number(&text[end + 1..end + 3], 2..=2).and_then(month)
        {
            let day = (bytes.get(end + 3) == bytes.get(end) && digit_run(bytes, end + 4) == 2)
                .then(|| number(&text[end + 4..end + 6], 2..=2).and_then(day))
                .flatten();
            let alone = start == 0 && end + 3 == bytes.len();
            let trust = if day.is_some() || alone { Sure } else { Perhaps };
            return Some(Date { year, month, day: day.unwrap_or(0), trust });
        }
        start = end;
    }
    None
}

/// `203105` or `20310517`.
fn compact_date(value: &str) -> Option<Date> {
    number(value, 6..=6).or_else(|| number(value, 8..=8))?;
    let day = value.get(6..8).map(|text| number(text, 2..=2).and_then(day));
    Some(Date {
        year: number(&value[..4], 4..=4).and_then(year)?,
        month: number(&value[4..6], 2..=2).and_then(month)?,
        day: day.map_or(Some(0), |day| day)?,
        trust: Sure,
    })
}

/// The number of consecutive digits from `start`.
fn digit_run(bytes: &[u8], start: usize) -> usize {
    bytes.get(start..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The number in `text`, if it consists of a permitted count of digits.
fn number(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let plain = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

fn year(number: u32) -> Option<u16> {
    (1000..=9999).contains(&number).then_some(number as u16)
}

fn month(number: u32) -> Option<u8> {
    (1..=12).contains(&number).then_some(number as u8)
}

fn day(number: u32) -> Option<u8> {
    (1..=31).contains(&number).then_some(number as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_found_where_people_see_them() {
        let sure = |year, month, day| Some(Date { year, month, day, trust: Sure });
        let likely = |year, month, day| Some(Date { year, month, day, trust: Likely });
        let maybe = |year, month, day| Some(Date { year, month, day, trust: Perhaps });
        for (url, expected) in [
            ("http://h/cal/2031/05", likely(2031, 5, 0)),
            ("http://h/2031/5/17/", maybe(2031, 5, 17)),
            ("http://h/2031/5/title", maybe(2031, 5, 0)),
            ("http://h/2030/2031/05", likely(2031, 5, 0)),
            ("http://h/events/2031-05-17", sure(2031, 5, 17)),
            ("http://h/events/2031_05", sure(2031, 5, 0)),
            ("http://h/on-2031-05-17-at-noon", sure(2031, 5, 17)),
            ("http://h/model-2031-05-x", maybe(2031, 5, 0)),
            ("http://h/c?year=2031&month=5", sure(2031, 5, 0)),
            ("http://h/c?d=7&m=05&y=2031", sure(2031, 5, 7)),
            ("http://h/c?year=2031", sure(2031, 0, 0)),
            ("http://h/c?date=2031-05-17", sure(2031, 5, 17)),
            ("http://h/c?date=20310517", sure(2031, 5, 17)),
            ("http://h/c?month=203105", sure(2031, 5, 0)),
            ("http://h/c?y=2031", None),
            ("http://h/c?id=20310517", None),
            ("http://h/c?date=20311317", None),
            ("http://h/2031/", None),
            ("http://h/2031/13", None),
            ("http://h/2031/005", None),
            ("http://h/20311/05", None),
            ("http://h/12031-05-17", None),
            ("http://h/2031-05123", None),
            ("http://h/a/b?c=d", None),
            ("http://h/\u{e9}2031-05-1\u{e9}", maybe(2031, 5, 0)),
        ] {
            assert_eq!(find(Shape::of(url)), expected, "{url}");
        }
    }
}
