//! The detector of traps: judges each new URL, and learns from each page that was fetched.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::copies::{CopyCounter, FetchedPage};
use super::dates::{Date, Trust};
use super::growth::Growth;
use super::memory::{BoundedMap, HashedMap};
use super::path::{beginning, is_named, repeats};
use super::pattern::{Masked, Pattern};
use super::queries::Queries;
use super::shape::Shape;
use super::trap_hit::{MAX_PATTERN, TrapHit, TrapKind, TrapStatus};
use super::{dates, sessions};
use crate::settings::TrapSettings;
use crate::web::url::shorten;

/// Dates that a pattern must have shown before `/2219/1`, which may be page 1 of something, is a
/// date beyond the horizon: who walks there month by month has shown more.
const A_YEAR: usize = 12;

/// Patterns, paths with queries and pages with session ids remembered, each per generation; seven
/// eighths of a power of two fill a hash map exactly.
const PATTERNS: usize = 7 << 12;
const PATHS: usize = 7 << 10;
const PAGES: usize = 7 << 14;
/// Dates remembered, of all patterns together.
const DATES: usize = 1 << 18;
/// Segments of a path that are looked at for repetitions.
const SEGMENTS: usize = 64;
/// Traps told apart on the screen, and those shown at once.
const KNOWN: usize = 512;
const SHOWN: usize = 50;
const MAX_EXAMPLE: usize = 200;

/// A trap that something was caught by.
#[derive(Debug)]
struct Trap {
    view: TrapStatus,
    /// When it was last met, as a count of all that was caught.
    last: u64,
}

/// Watches for traps.
#[derive(Debug)]
pub struct Traps {
    settings: TrapSettings,
    this_year: u16,
    patterns: BoundedMap<Pattern>,
    dates: usize,
    paths: BoundedMap<Queries>,
    pages: BoundedMap<u32>,
    /// Pages behind parts that look random; and, by the path up to there, by how much those that
    /// look the same under several ids are more than the others.
    masked: BoundedMap<Masked>,
    random: BoundedMap<i32>,
    copies: CopyCounter,
    growth: Growth,
    known: HashedMap<Trap>,
    caught: u64,
    /// Whether any pattern's pages hold the same.
    same_met: bool,
    /// Room to write patterns into.
    scratch: String,
}

impl Traps {
    /// Watches by `settings`, from this year on.
    #[must_use]
    pub fn new(settings: &TrapSettings) -> Self {
        let year = jiff::Zoned::now().year();
        Self::in_year(settings, u16::try_from(year).unwrap_or_default())
    }

    /// Like [`Self::new`], in a year of choice.
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
            caught: 0,
            same_met: false,
            scratch: String::new(),
        }
    }

    /// Whether a new URL at `host` (with port) is part of a trap; to be asked once for each URL.
    pub fn judge(&mut self, url: &str, host: &str) -> Option<TrapHit> {
        self.judge_on(url, host, None)
    }

    /// Likewise, of a URL that was found on `from`.
    pub fn judge_on(&mut self, url: &str, host: &str, from: Option<&str>) -> Option<TrapHit> {
        let shape = Shape::of(url);
        let limit = self.settings.growth;
        let mut grows = || {
            let from = from.filter(|from| limit > 0 && Shape::host(from) == Shape::host(url))?;
            self.growth.endless(url, host, from, limit).then_some(TrapKind::Growth)
        };
        let kind = grows()
            .or_else(|| self.overgrown(url, shape))
            .or_else(|| self.counted(url, shape, host))?;
        Some(self.catch(kind, url, shape, host))
    }

    /// Notes a page that was fetched well. Tells of the trap when there are more pages of its
    /// content than allowed: links that are new on it are to be given to [`Self::on_copy`].
    pub fn page(&mut self, page: &FetchedPage<'_>, host: &str) -> Option<TrapHit> {
        let limit = self.settings.same_content;
        self.looks(page, host);
        let named = page.named().map(|(key, original)| (key, xxh3_64(original.as_bytes())));
        if let Some((body, original)) = named.or(page.body.map(|body| (body, 0)))
            && let Some(caught) = self.same(page.url, host, body, original)
        {
            tracing::warn!(pattern = caught.pattern, "the same content under many URLs");
        }
        if limit == 0 {
            return None;
        }
        let pattern = self.copies.add(page, host, limit)?.to_owned();
        Some(TrapHit { kind: TrapKind::Copy, pattern, count: 0 })
    }

    /// Notes that a URL was answered, whatever it is.
    pub fn fetched(&mut self, url: &str, host: &str) {
        if self.settings.growth > 0 {
            self.growth.fetched(url, host, self.settings.growth);
        }
    }

    /// Counts a new link found on a page that is one copy too many.
    pub fn on_copy(&mut self, url: &str, copy: &TrapHit) -> TrapHit {
        self.count(copy.kind, copy.pattern.clone(), url)
    }

    /// Notes how a page looks that may be known under another id.
    fn looks(&mut self, page: &FetchedPage<'_>, host: &str) {
        let (Some(look), true) = (page.look(), self.settings.sessions > 0) else { return };
        let Some((rest, start)) = self.mask(Shape::of(page.url), host) else { return };
        let known = self.masked.entry(rest);
        let before = std::mem::replace(&mut known.look, look);
        if before != 0 {
            let score = self.random.entry(start);
            *score = score.saturating_add(if before == look { 1 } else { -1 });
            self.same_met |= *score > self.settings.same_content as i32;
        }
    }

    /// What is left of a path without what looks random in it, and up to there, as hashes.
    fn mask(&mut self, shape: Shape<'_>, host: &str) -> Option<(u64, u64)> {
        let end = sessions::mask(shape, &mut self.scratch)?;
        let seed = xxh3_64(host.as_bytes());
        let hash = |text: &str| xxh3_64_with_seed(text.as_bytes(), seed);
        Some((hash(&self.scratch), hash(&self.scratch[..end])))
    }

    /// Whether the pages behind this part that looks random look the same whatever it is.
    fn is_random(&mut self, start: u64) -> bool {
        let limit = self.settings.same_content.min(i32::MAX as u32) as i32;
        limit > 0 && self.random.get(start).is_some_and(|score| *score > limit)
    }

    /// Notes that a page of at least 64 bytes was fetched well; tells of the trap as soon as more
    /// pages than allowed of its pattern hold the same, from when on [`Self::judge`] catches its
    /// URLs. Pages that differ are set off against them, so that a few empty ones among many
    /// are no trap.
    pub fn content(&mut self, url: &str, host: &str, body_hash: u64) -> Option<TrapHit> {
        self.same(url, host, body_hash, 0)
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
        self.same_met |= pattern.lead > limit;
        (pattern.lead > limit).then(|| TrapHit {
            kind: TrapKind::SameContent,
            pattern: shorten(&self.scratch, MAX_PATTERN),
            count: 0,
        })
    }

    /// Whether a URL that was judged well when it was found is not to be fetched any more, because
    /// the pages of its pattern have since turned out to hold the same.
    pub fn recall(&mut self, url: &str, host: &str) -> Option<TrapHit> {
        let same = self.settings.same_content;
        let shape = Shape::of(url);
        if !self.same_met || same == 0 || !shape.pattern(host, &mut self.scratch) {
            return None;
        }
        if self.patterns.entry(xxh3_64(self.scratch.as_bytes())).is_same(url, same) {
            return Some(self.catch(TrapKind::SameContent, url, shape, host));
        }
        if self.settings.sessions == 0 {
            return None;
        }
        let (rest, start) = self.mask(shape, host)?;
        let fetched = self.masked.get(rest).is_some_and(|page| page.look != 0);
        (fetched && self.is_random(start)).then(|| self.catch(TrapKind::Session, url, shape, host))
    }

    /// The traps met, at most 50, by what they caught.
    #[must_use]
    pub fn views(&self) -> Vec<TrapStatus> {
        let mut traps: Vec<&Trap> = self.known.values().collect();
        traps.sort_unstable_by_key(|trap| std::cmp::Reverse((trap.view.count, trap.last)));
        traps.into_iter().take(SHOWN).map(|trap| trap.view.clone()).collect()
    }

    /// URLs caught so far.
    #[must_use]
    pub const fn caught(&self) -> u64 {
        self.caught
    }

    /// What the URL alone shows.
    fn overgrown(&self, url: &str, shape: Shape<'_>) -> Option<TrapKind> {
        let over = |limit: u32, value: usize| limit > 0 && value > limit as usize;
        if over(self.settings.length, url.len()) {
            return Some(TrapKind::Length);
        }
        let mut segments = [(0, false); SEGMENTS];
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
        (most > 0 && repeats(&segments[..count.min(SEGMENTS)], most)).then_some(TrapKind::Repeats)
    }

    /// What the URL shows together with those before it.
    fn counted(&mut self, url: &str, shape: Shape<'_>, host: &str) -> Option<TrapKind> {
        if self.settings.sessions > 0 && sessions::strip(shape, &mut self.scratch) {
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
            if self.endless(key, date, shape) {
                return Some(TrapKind::Calendar);
            }
        } else {
            pattern.other_numbers = true;
        }
        self.explodes(shape, host).then_some(TrapKind::Queries)
    }

    /// Whether a date belongs to a calendar without end.
    fn endless(&mut self, key: u64, date: Date, shape: Shape<'_>) -> bool {
        let settings = &self.settings;
        let pattern = self.patterns.entry(key);
        // A calendar has no page 13; what has is no calendar.
        if pattern.other_numbers && date.trust < Trust::Sure {
            return false;
        }
        let horizon = u32::from(self.this_year) + settings.years_ahead;
        let ahead = settings.years_ahead > 0 && u32::from(date.year) > horizon;
        if ahead
            && (date.trust > Trust::Perhaps || pattern.dates.len() >= A_YEAR || is_named(shape))
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

    /// Whether the queries of a path explode.
    fn explodes(&mut self, shape: Shape<'_>, host: &str) -> bool {
        if self.settings.queries == 0 || shape.query.is_none_or(str::is_empty) {
            return false;
        }
        let seed = xxh3_64(host.as_bytes());
        let path = shape.path.split(';').next().unwrap_or_default();
        let queries = self.paths.entry(xxh3_64_with_seed(path.as_bytes(), seed));
        let pairs = shape.pairs();
        queries.add(pairs.map(|(key, value)| (xxh3_64(key.as_bytes()), xxh3_64(value.as_bytes()))));
        queries.explode(u64::from(self.settings.queries))
    }

    fn catch(&mut self, kind: TrapKind, url: &str, shape: Shape<'_>, host: &str) -> TrapHit {
        let text = &mut self.scratch;
        match kind {
            // Each URL has another shape; what they share is where they begin.
            TrapKind::Repeats | TrapKind::Depth | TrapKind::Length | TrapKind::Growth => {
                beginning(shape, host, text);
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
        self.caught += 1;
        if self.known.len() >= KNOWN && !self.known.contains_key(&key) {
            // The one that has been quiet for longest.
            let quiet = self.known.iter().min_by_key(|(_, trap)| trap.last).map(|(key, _)| *key);
            quiet.map(|key| self.known.remove(&key));
        }
        let trap = self.known.entry(key).or_insert_with(|| {
            let example = shorten(url, MAX_EXAMPLE);
            Trap { view: TrapStatus { kind, pattern: pattern.clone(), count: 0, example }, last: 0 }
        });
        trap.view.count += 1;
        trap.last = self.caught;
        TrapHit { kind, pattern, count: trap.view.count }
    }
}
