//! The trap detector: judges each new URL, and learns from each fetched page.

use jiff::tz::TimeZone;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::copies::{CopyCounter, FetchedPage};
use super::dates::{Date, Trust};
use super::growth::Growth;
use super::path::{has_calendar_word, repeats, write_beginning};
use super::pattern::{Masked, Pattern};
use super::queries::Queries;
use super::shape::Shape;
use super::trap_hit::{MAX_PATTERN, TrapHit, TrapKind, TrapStatus};
use super::{dates, sessions};
use crate::settings::TrapSettings;
use crate::web::bounded_map::{BoundedMap, HashedMap};
use crate::web::url::shorten;

/// Number of dates that a pattern must have shown before `/2219/1`, which may be page 1 of something,
/// counts as a date beyond the horizon: a calendar crawled month by month has shown more by then.
const MIN_DATES: usize = 12;

/// Numbers of patterns, paths with queries and pages with session ids remembered, each per
/// generation; seven eighths of a power of two fill a hash map exactly.
const PATTERNS: usize = 7 << 12;
const PATHS: usize = 7 << 10;
const PAGES: usize = 7 << 14;
/// Number of dates remembered, of all patterns together.
const DATES: usize = 1 << 18;
/// Number of segments of a path that are checked for repetitions.
const MAX_SEGMENTS: usize = 64;
/// Number of traps counted separately, and the number of them that is reported.
const MAX_TRAPS: usize = 512;
const MAX_REPORTED: usize = 50;
const MAX_EXAMPLE: usize = 200;

/// A trap with at least one hit.
#[derive(Debug)]
struct Trap {
    status: TrapStatus,
    /// The time of its last hit, as the total number of hits.
    last: u64,
}

/// Detects traps.
#[derive(Debug)]
pub struct Traps {
    settings: TrapSettings,
    this_year: u16,
    patterns: BoundedMap<Pattern>,
    dates: usize,
    paths: BoundedMap<Queries>,
    pages: BoundedMap<u32>,
    /// Pages behind a random-looking part of a path; and, by the path up to that part, how many more
    /// pages look the same under several ids than differ.
    masked: BoundedMap<Masked>,
    random: BoundedMap<i32>,
    copies: CopyCounter,
    growth: Growth,
    known: HashedMap<Trap>,
    hits: u64,
    /// Whether the pages of any pattern have the same content.
    same_content_seen: bool,
    /// Buffer for patterns.
    scratch: String,
}

impl Traps {
    /// A detector with `settings`, in the current year.
    #[must_use]
    pub fn new(settings: &TrapSettings) -> Self {
        let year = jiff::Timestamp::now().to_zoned(TimeZone::UTC).year();
        Self::in_year(settings, u16::try_from(year).unwrap_or_default())
    }

    /// Like [`Self::new`], in a given year.
    #[must_use]
    pub fn in_year(settings: &TrapSettings, this_year: u16) -> Self {
        Self {
            settings: settings.clone(),
            this_year,
            patterns: BoundedMap::new(PATTERNS),
            dates: 0,
            paths: BoundedMap::new(PATHS),
            pages: BoundedMap::new(PAGES),
            masked: BoundedMap::new(PATTERNS),
            random: BoundedMap::new(PATHS),
            copies: CopyCounter::new(),
            growth: Growth::new(),
            known: HashedMap::default(),
            hits: 0,
            same_content_seen: false,
            scratch: String::new(),
        }
    }

    /// Whether a new URL at `host` (with port) is part of a trap; to be called once for each URL.
    pub fn judge(&mut self, url: &str, host: &str) -> Option<TrapHit> {
        self.judge_on(url, host, None)
    }

    /// Like [`Self::judge`], for a URL that was found on the page `from`.
    pub fn judge_on(&mut self, url: &str, host: &str, from: Option<&str>) -> Option<TrapHit> {
        let shape = Shape::of(url);
        let limit = self.settings.growth;
        let mut grows = || {
            let from = from.filter(|from| limit > 0 && Shape::host(from) == Shape::host(url))?;
            self.growth.is_endless(url, host, from, limit).then_some(TrapKind::Growth)
        };
        let kind = grows()
            .or_else(|| self.judge_by_url(url, shape))
            .or_else(|| self.judge_by_history(url, shape, host))?;
        Some(self.record_hit(kind, url, shape, host))
    }

    /// Records a successfully fetched page. Returns the trap when there are more pages with its content
    /// than allowed: the caller passes new links of such a page to [`Self::on_copy`].
    pub fn page(&mut self, page: &FetchedPage<'_>, host: &str) -> Option<TrapHit> {
        let limit = self.settings.same_content;
        self.record_appearance(page, host);
        let named = page.canonical_key().map(|(key, original)| (key, xxh3_64(original.as_bytes())));
        if let Some((body, original)) = named.or(page.body.map(|body| (body, 0)))
            && let Some(hit) = self.same(page.url, host, body, original)
        {
            tracing::warn!(pattern = hit.pattern, "the same content under many URLs");
        }
        if limit == 0 {
            return None;
        }
        let pattern = self.copies.add(page, host, limit)?.to_owned();
        Some(TrapHit { kind: TrapKind::Copy, pattern, count: 0 })
    }

    /// Records that a URL got a response of any status.
    pub fn fetched(&mut self, url: &str, host: &str) {
        if self.settings.growth > 0 {
            self.growth.fetched(url, host, self.settings.growth);
        }
    }

    /// Counts a new link that was found on a page with one copy too many.
    pub fn on_copy(&mut self, url: &str, copy: &TrapHit) -> TrapHit {
        self.count(copy.kind, copy.pattern.clone(), url)
    }

    /// Records the appearance of a page that may be known under another id.
    fn record_appearance(&mut self, page: &FetchedPage<'_>, host: &str) {
        let (Some(appearance), true) = (page.appearance(), self.settings.sessions > 0) else {
            return;
        };
        let Some((rest, start)) = self.mask(Shape::of(page.url), host) else { return };
        let known = self.masked.entry(rest);
        let before = std::mem::replace(&mut known.appearance, appearance);
        if before != 0 {
            let score = self.random.entry(start);
            *score = score.saturating_add(if before == appearance { 1 } else { -1 });
            self.same_content_seen |= *score > self.settings.same_content as i32;
        }
    }

    /// Two hashes of a path with its random-looking parts masked: of the whole, and of the beginning up to
    /// the first such part.
    fn mask(&mut self, shape: Shape<'_>, host: &str) -> Option<(u64, u64)> {
        let end = sessions::mask_random(shape, &mut self.scratch)?;
        let seed = xxh3_64(host.as_bytes());
        let hash = |text: &str| xxh3_64_with_seed(text.as_bytes(), seed);
        Some((hash(&self.scratch), hash(&self.scratch[..end])))
    }

    /// Whether the pages behind this random-looking part look the same for all its values.
    fn is_random(&mut self, start: u64) -> bool {
        let limit = self.settings.same_content.min(i32::MAX as u32) as i32;
        limit > 0 && self.random.get(start).is_some_and(|score| *score > limit)
    }

    fn same(&mut self, url: &str, host: &str, body_hash: u64, original: u64) -> Option<TrapHit> {
        let limit = self.settings.same_content;
        let shape = Shape::of(url);
        if limit == 0 || !shape.pattern(host, &mut self.scratch) {
            return None;
        }
        let pattern = self.patterns.entry(xxh3_64(self.scratch.as_bytes()));
        if pattern.lead > limit {
            return None;
        }
        if pattern.lead == 0 {
            (pattern.body, pattern.original) = (body_hash, original);
        }
        if pattern.body != body_hash {
            pattern.lead -= 1;
            return None;
        }
        pattern.lead += 1;
        self.same_content_seen |= pattern.lead > limit;
        (pattern.lead > limit).then(|| TrapHit {
            kind: TrapKind::SameContent,
            pattern: shorten(&self.scratch, MAX_PATTERN),
            count: 0,
        })
    }

    /// Whether a queued URL, which was no trap when it was found, is one now, because the pages of its
    /// pattern have turned out to have the same content.
    pub fn recall(&mut self, url: &str, host: &str) -> Option<TrapHit> {
        let same = self.settings.same_content;
        let shape = Shape::of(url);
        if !self.same_content_seen || same == 0 || !shape.pattern(host, &mut self.scratch) {
            return None;
        }
        if self.patterns.entry(xxh3_64(self.scratch.as_bytes())).is_same(url, same) {
            return Some(self.record_hit(TrapKind::SameContent, url, shape, host));
        }
        if self.settings.sessions == 0 {
            return None;
        }
        let (rest, start) = self.mask(shape, host)?;
        let fetched = self.masked.get(rest).is_some_and(|page| page.appearance != 0);
        (fetched && self.is_random(start))
            .then(|| self.record_hit(TrapKind::Session, url, shape, host))
    }

    /// The traps with the most hits, at most 50, in descending order.
    #[must_use]
    pub fn views(&self) -> Vec<TrapStatus> {
        let mut traps: Vec<&Trap> = self.known.values().collect();
        traps.sort_unstable_by_key(|trap| std::cmp::Reverse((trap.status.count, trap.last)));
        traps.into_iter().take(MAX_REPORTED).map(|trap| trap.status.clone()).collect()
    }

    /// The trap that the URL alone shows: length, depth, repetitions.
    fn judge_by_url(&self, url: &str, shape: Shape<'_>) -> Option<TrapKind> {
        let over = |limit: u32, value: usize| limit > 0 && value > limit as usize;
        if over(self.settings.length, url.len()) {
            return Some(TrapKind::Length);
        }
        let mut segments = [(0, false); MAX_SEGMENTS];
        let mut count = 0;
        for segment in shape.segments() {
            if let Some(slot) = segments.get_mut(count) {
                let number = segment.bytes().all(|byte| byte.is_ascii_digit());
                *slot = (xxh3_64(segment.as_bytes()), number && !segment.is_empty());
            }
            count += 1;
        }
        if over(self.settings.segments, count) {
            return Some(TrapKind::Depth);
        }
        let most = self.settings.repeats as usize;
        (most > 0 && repeats(&segments[..count.min(MAX_SEGMENTS)], most))
            .then_some(TrapKind::Repeats)
    }

    /// The trap that the URL shows together with earlier ones: session ids, same content, dates, queries.
    fn judge_by_history(&mut self, url: &str, shape: Shape<'_>, host: &str) -> Option<TrapKind> {
        if self.settings.sessions > 0 && sessions::strip_sessions(shape, &mut self.scratch) {
            let seed = xxh3_64(host.as_bytes());
            let ids = self.pages.entry(xxh3_64_with_seed(self.scratch.as_bytes(), seed));
            *ids = ids.saturating_add(1);
            if *ids > self.settings.sessions {
                return Some(TrapKind::Session);
            }
        }
        if self.settings.sessions > 0
            && let Some((rest, start)) = self.mask(shape, host)
        {
            let page = self.masked.entry(rest);
            page.ids = page.ids.saturating_add(1);
            if page.ids > self.settings.sessions && self.is_random(start) {
                return Some(TrapKind::Session);
            }
        }
        if !shape.pattern(host, &mut self.scratch) {
            return None;
        }
        let key = xxh3_64(self.scratch.as_bytes());
        let same = self.settings.same_content;
        let pattern = self.patterns.entry(key);
        if pattern.is_same(url, same) {
            return Some(TrapKind::SameContent);
        }
        if let Some(date) = dates::find(shape) {
            if self.is_endless(key, date, shape) {
                return Some(TrapKind::Calendar);
            }
        } else {
            pattern.other_numbers = true;
        }
        self.has_query_explosion(shape, host).then_some(TrapKind::Queries)
    }

    /// Whether a date belongs to an endless calendar.
    fn is_endless(&mut self, key: u64, date: Date, shape: Shape<'_>) -> bool {
        let settings = &self.settings;
        let pattern = self.patterns.entry(key);
        // Other numbers in the place of a month, such as 13, show that this is no calendar.
        if pattern.other_numbers && date.trust < Trust::Sure {
            return false;
        }
        let horizon = u32::from(self.this_year) + settings.years_ahead;
        let ahead = settings.years_ahead > 0 && u32::from(date.year) > horizon;
        if ahead
            && (date.trust > Trust::Perhaps
                || pattern.dates.len() >= MIN_DATES
                || has_calendar_word(shape))
        {
            return true;
        }
        if settings.dates == 0 || ahead {
            return false;
        }
        let most = settings.dates as usize;
        if pattern.dates.len() > most {
            return true;
        }
        if pattern.dates.insert(date.number()) {
            self.dates += 1;
        }
        let too_many = pattern.dates.len() > most;
        if self.dates > DATES {
            self.patterns.age();
            self.dates = self.patterns.values().map(|pattern| pattern.dates.len()).sum();
        }
        too_many
    }

    /// Whether a path has too many combinations of query parameters.
    fn has_query_explosion(&mut self, shape: Shape<'_>, host: &str) -> bool {
        if self.settings.queries == 0 || shape.query.is_none_or(str::is_empty) {
            return false;
        }
        let seed = xxh3_64(host.as_bytes());
        let path = shape.path.split(';').next().unwrap_or_default();
        let queries = self.paths.entry(xxh3_64_with_seed(path.as_bytes(), seed));
        let pairs = shape.pairs();
        queries.add(pairs.map(|(key, value)| (xxh3_64(key.as_bytes()), xxh3_64(value.as_bytes()))));
        queries.is_explosion(u64::from(self.settings.queries))
    }

    fn record_hit(&mut self, kind: TrapKind, url: &str, shape: Shape<'_>, host: &str) -> TrapHit {
        let text = &mut self.scratch;
        match kind {
            // The URLs of such a trap differ in pattern; they share only their beginning.
            TrapKind::Repeats | TrapKind::Depth | TrapKind::Length | TrapKind::Growth => {
                write_beginning(shape, host, text);
            }
            _ => {
                shape.pattern(host, text);
            }
        }
        let pattern = shorten(text, MAX_PATTERN);
        self.count(kind, pattern, url)
    }

    fn count(&mut self, kind: TrapKind, pattern: String, url: &str) -> TrapHit {
        let key = xxh3_64_with_seed(pattern.as_bytes(), kind as u64);
        self.hits += 1;
        if self.known.len() >= MAX_TRAPS && !self.known.contains_key(&key) {
            // Evict the trap with the oldest last hit.
            let oldest = self.known.iter().min_by_key(|(_, trap)| trap.last).map(|(key, _)| *key);
            oldest.map(|key| self.known.remove(&key));
        }
        let trap = self.known.entry(key).or_insert_with(|| {
            let example = shorten(url, MAX_EXAMPLE);
            Trap {
                status: TrapStatus { kind, pattern: pattern.clone(), count: 0, example },
                last: 0,
            }
        });
        trap.status.count += 1;
        trap.last = self.hits;
        TrapHit { kind, pattern, count: trap.status.count }
    }
}

/// What only tests ask.
#[cfg(feature = "internals")]
impl Traps {
    /// Records the content of a successfully fetched page of at least 64 bytes. Returns the trap once more
    /// pages of its pattern than allowed have the same content; from then on [`Self::judge`] reports its
    /// URLs. Each page that differs cancels one that is the same, so that a few empty pages among many
    /// are no trap.
    pub fn content(&mut self, url: &str, host: &str, body_hash: u64) -> Option<TrapHit> {
        self.same(url, host, body_hash, 0)
    }

    /// The number of hits so far.
    #[must_use]
    pub const fn hits(&self) -> u64 {
        self.hits
    }
}
