//! Traps: endless sites, told by the look of their URLs and by pages that hold the same.
//!
//! Asked once for each new URL, under a lock: about a microsecond. It counts by hashes of patterns
//! in maps that forget the least used, so its memory stays below about 24 MiB whatever the crawl;
//! what it forgets is counted anew. It knows neither frontier nor store; what is caught is theirs
//! to record.

mod caught;
mod dates;
mod memory;
mod queries;
mod sessions;
mod shape;

use hashbrown::HashSet;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::config::TrapSettings;
pub use caught::{Caught, TrapKind, TrapView};
use dates::{Date, Trust};
use memory::{Generations, HashedMap};
use queries::Queries;
use shape::Shape;

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
/// Longest pattern and longest example, in bytes.
const MAX_PATTERN: usize = 120;
const MAX_EXAMPLE: usize = 200;
/// Words in a path that say that its numbers are dates.
const CALENDARS: [&str; 8] =
    ["cal", "event", "agenda", "archive", "date", "month", "year", "schedule"];

/// What is known of one pattern of URLs.
#[derive(Debug, Default)]
struct Pattern {
    dates: Dates,
    /// Whether some of its URLs hold numbers that are no dates.
    other_numbers: bool,
    /// The body that most of its pages hold, and by how many they are more.
    body: u64,
    lead: u32,
}

/// Most patterns have one date.
#[derive(Debug, Default)]
enum Dates {
    #[default]
    None,
    One(u32),
    Many(HashSet<u32>),
}

impl Dates {
    fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(_) => 1,
            Self::Many(dates) => dates.len(),
        }
    }

    /// Whether it is new.
    fn insert(&mut self, date: u32) -> bool {
        match self {
            Self::None => *self = Self::One(date),
            Self::One(known) if *known == date => return false,
            Self::One(known) => *self = Self::Many(HashSet::from_iter([*known, date])),
            Self::Many(dates) => return dates.insert(date),
        }
        true
    }
}

/// A trap that something was caught by.
#[derive(Debug)]
struct Trap {
    view: TrapView,
    /// When it was last met, as a count of all that was caught.
    last: u64,
}

/// Watches for traps.
#[derive(Debug)]
pub struct Traps {
    settings: TrapSettings,
    this_year: u16,
    patterns: Generations<Pattern>,
    dates: usize,
    paths: Generations<Queries>,
    pages: Generations<u32>,
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
            patterns: Generations::new(PATTERNS),
            dates: 0,
            paths: Generations::new(PATHS),
            pages: Generations::new(PAGES),
            known: HashedMap::default(),
            caught: 0,
            same_met: false,
            scratch: String::new(),
        }
    }

    /// Whether a new URL at `host` (with port) is part of a trap; to be asked once for each URL.
    pub fn judge(&mut self, url: &str, host: &str) -> Option<Caught> {
        let shape = Shape::of(url);
        let kind = self.overgrown(url, shape).or_else(|| self.counted(shape, host))?;
        Some(self.catch(kind, url, shape, host))
    }

    /// Notes that a page of at least 64 bytes was fetched well; tells of the trap as soon as more
    /// pages than allowed of its pattern hold the same, from when on [`Self::judge`] catches its
    /// URLs. Pages that differ are set off against them, so that a few empty ones among many
    /// are no trap.
    pub fn content(&mut self, url: &str, host: &str, body_hash: u64) -> Option<Caught> {
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
            pattern.body = body_hash;
        }
        if pattern.body != body_hash {
            pattern.lead -= 1;
            return None;
        }
        pattern.lead += 1;
        self.same_met |= pattern.lead > limit;
        (pattern.lead > limit).then(|| Caught {
            kind: TrapKind::SameContent,
            pattern: shorten(&self.scratch, MAX_PATTERN),
            count: 0,
        })
    }

    /// Whether a URL that was judged well when it was found is not to be fetched any more, because
    /// the pages of its pattern have since turned out to hold the same.
    pub fn recall(&mut self, url: &str, host: &str) -> Option<Caught> {
        let same = self.settings.same_content;
        let shape = Shape::of(url);
        if !self.same_met || same == 0 || !shape.pattern(host, &mut self.scratch) {
            return None;
        }
        let lead = self.patterns.entry(xxh3_64(self.scratch.as_bytes())).lead;
        (lead > same).then(|| self.catch(TrapKind::SameContent, url, shape, host))
    }

    /// The traps met, at most 50, by what they caught.
    #[must_use]
    pub fn views(&self) -> Vec<TrapView> {
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
    fn counted(&mut self, shape: Shape<'_>, host: &str) -> Option<TrapKind> {
        if self.settings.sessions > 0 && sessions::strip(shape, &mut self.scratch) {
            let seed = xxh3_64(host.as_bytes());
            let ids = self.pages.entry(xxh3_64_with_seed(self.scratch.as_bytes(), seed));
            *ids = ids.saturating_add(1);
            if *ids > self.settings.sessions {
                return Some(TrapKind::Session);
            }
        }
        if !shape.pattern(host, &mut self.scratch) {
            return None;
        }
        let key = xxh3_64(self.scratch.as_bytes());
        let same = self.settings.same_content;
        let pattern = self.patterns.entry(key);
        if same > 0 && pattern.lead > same {
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
        if ahead && (date.trust > Trust::Perhaps || pattern.dates.len() > 0 || is_named(shape)) {
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

    fn catch(&mut self, kind: TrapKind, url: &str, shape: Shape<'_>, host: &str) -> Caught {
        let text = &mut self.scratch;
        match kind {
            // Each URL has another shape; what they share is where they begin.
            TrapKind::Repeats | TrapKind::Depth | TrapKind::Length => beginning(shape, host, text),
            _ => {
                shape.pattern(host, text);
            }
        }
        let pattern = shorten(text, MAX_PATTERN);
        let key = xxh3_64_with_seed(pattern.as_bytes(), kind as u64);
        self.caught += 1;
        if self.known.len() >= KNOWN && !self.known.contains_key(&key) {
            // The one that has been quiet for longest.
            let quiet = self.known.iter().min_by_key(|(_, trap)| trap.last).map(|(key, _)| *key);
            quiet.map(|key| self.known.remove(&key));
        }
        let trap = self.known.entry(key).or_insert_with(|| {
            let example = shorten(url, MAX_EXAMPLE);
            Trap { view: TrapView { kind, pattern: pattern.clone(), count: 0, example }, last: 0 }
        });
        trap.view.count += 1;
        trap.last = self.caught;
        Caught { kind, pattern, count: trap.view.count }
    }
}

/// Whether a word, or a group of words, stands more than `most` times among the segments of a
/// path. Numbers count as groups in a row alone: `/0/0/0/0.png` is a tile of a map.
fn repeats(segments: &[(u64, bool)], most: usize) -> bool {
    if segments.len() <= most {
        return false;
    }
    let often = segments.iter().enumerate().any(|(at, segment)| {
        !segment.1 && segments[at..].iter().filter(|other| *other == segment).count() > most
    });
    often
        || (2..=segments.len() / (most + 1)).any(|period| {
            let mut run = 0;
            segments.iter().zip(&segments[period..]).any(|(one, next)| {
                run = if one == next { run + 1 } else { 0 };
                run >= period * most
            })
        })
}

fn is_named(shape: Shape<'_>) -> bool {
    let path = shape.path.to_ascii_lowercase();
    CALENDARS.iter().any(|word| path.contains(word))
}

/// Writes host and first segments, with numbers left out.
fn beginning(shape: Shape<'_>, host: &str, out: &mut String) {
    let path = shape.path;
    let end = path.match_indices('/').nth(3).map_or(path.len(), |(at, _)| at + 1);
    Shape { path: &path[..end], query: None }.pattern(host, out);
    out.push('…');
}

/// `text`, cut to so many bytes, control characters replaced.
fn shorten(text: &str, most: usize) -> String {
    let plain = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.len() <= most {
        return plain(text);
    }
    let mut short: String = plain(&text[..text.floor_char_boundary(most - '…'.len_utf8())]);
    short.push('…');
    short
}
