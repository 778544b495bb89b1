//! A case of the hostile suite: what the site does, the settings of the crawl, the rows that
//! must come of it; and how one is run.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use crawldeck::crawl;
use crawldeck::crawl::protocol::snapshot::RunState;
use crawldeck::lab::request_log::RequestLog;
use crawldeck::lab::response_faults::ResponseFaults;
use crawldeck::lab::robots::OriginRobots;
use crawldeck::lab::test_origin::{OriginContent, TestOrigin, TestOriginConfig};
use crawldeck::settings::Settings;
use crawldeck::store::{self, OpenMode};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _};
use url::Url;

use crate::closed_port::ClosedPort;
use crate::support::{assert_whole, rows};

/// Far more than any case takes: one that comes here did not end.
const TOO_LONG: Duration = Duration::from_mins(1);

/// A row of the database, with the origin's address taken off its URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub url: String,
    pub state: String,
    pub status: Option<i64>,
    pub error: Option<String>,
    pub final_url: Option<String>,
    pub title: Option<String>,
}

impl FromRow<'_, SqliteRow> for Row {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            url: row.try_get("url")?,
            state: row.try_get("state")?,
            status: row.try_get("status")?,
            error: row.try_get("error")?,
            final_url: row.try_get("final_url")?,
            title: row.try_get("title")?,
        })
    }
}

/// Something that must be so.
#[derive(Debug, Clone)]
pub enum Want {
    /// There is a row of this URL (a path, where it is of the origin) in this state, with this
    /// status, and with an error that contains the text; none where the text is empty.
    Row(&'static str, &'static str, Option<i64>, &'static str),
    /// Likewise, of whatever status: what has arrived before a failure is a matter of luck.
    AnyStatus(&'static str, &'static str, &'static str),
    /// There are so many rows altogether.
    Rows(usize),
    /// At least so many rows are in this state with an error that contains the text.
    AtLeast(usize, &'static str, &'static str),
    /// At most so many rows are in this state.
    AtMost(usize, &'static str),
    /// The origin was asked so often for paths that begin like this.
    Asked(RangeInclusive<usize>, &'static str),
    /// No row has a URL that contains the text.
    Unknown(&'static str),
    /// The origin saw at least so many ms between any two requests but those for `robots.txt`.
    Gap(f64),
}

/// Changes the settings, given the origin's address.
type Change = dyn FnOnce(&mut Settings, &str) + Send;

/// One case.
pub struct Case {
    /// What the site does, for the README.
    pub what: &'static str,
    path: &'static str,
    site: TestOriginConfig,
    gone: bool,
    settings: Box<Change>,
    wants: Vec<Want>,
}

impl Case {
    /// A crawl from `path` of an origin that has no `robots.txt`, and of an honest one besides,
    /// whose row must be as it should and does not count.
    pub fn at(path: &'static str, what: &'static str) -> Self {
        Self {
            what,
            path,
            site: TestOriginConfig::default(),
            gone: false,
            settings: Box::new(|_, _| ()),
            wants: Vec::new(),
        }
    }

    pub fn robots(mut self, robots: OriginRobots) -> Self {
        self.site.robots = robots;
        self
    }

    pub fn content(mut self, content: OriginContent) -> Self {
        self.site.content = content;
        self
    }

    pub fn faults(mut self, faults: ResponseFaults) -> Self {
        self.site.faults = faults;
        self
    }

    /// Nobody listens at the address of the origin.
    pub fn gone(mut self) -> Self {
        self.gone = true;
        self
    }

    /// Changes the settings.
    pub fn set(self, change: impl FnOnce(&mut Settings) + Send + 'static) -> Self {
        self.set_at(|settings, _| change(settings))
    }

    /// Likewise, given the origin's address, `http://127.0.0.1:PORT`.
    pub fn set_at(mut self, change: impl FnOnce(&mut Settings, &str) + Send + 'static) -> Self {
        let before = self.settings;
        self.settings = Box::new(move |settings, address| {
            before(settings, address);
            change(settings, address);
        });
        self
    }

    pub fn want(mut self, want: Want) -> Self {
        self.wants.push(want);
        self
    }

    /// The row of the seed.
    pub fn row(self, state: &'static str, status: Option<i64>, error: &'static str) -> Self {
        let path = self.path;
        self.want(Want::Row(path, state, status, error))
    }

    /// Runs the crawl and compares; returns what came of it, in words.
    pub async fn check(self) -> String {
        let closed = ClosedPort::new();
        let (origin, address) = if self.gone {
            (None, format!("http://{}", closed.address()))
        } else {
            let origin = TestOrigin::start(self.site).await.unwrap();
            let address = origin.url().trim_end_matches('/').to_owned();
            (Some(origin), address)
        };
        // No host may harm another.
        let honest = TestOrigin::start(TestOriginConfig::default()).await.unwrap();
        let mut settings = settings(&format!("{address}{}", self.path), honest.url());
        (self.settings)(&mut settings, &address);
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("hostile.db");
        let store = store::open(db.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
        let crawl = crawl::start(settings, store.clone()).await.unwrap();
        let summary = tokio::time::timeout(TOO_LONG, crawl.wait()).await.expect("the crawl ends");
        assert_eq!(summary.state, RunState::Complete);
        drop(store);
        let mut found = stored(db, address).await;
        let at = found.iter().position(|row| row.url == honest.url()).expect("the honest host");
        assert_eq!((found[at].state.as_str(), &found[at].error), ("ok", &None));
        found.remove(at);
        honest.stop().await;
        let times = origin.as_ref().map(TestOrigin::times).unwrap_or_default();
        let wrong: Vec<_> = self.wants.iter().filter(|want| !want.holds(&found, &times)).collect();
        let asked: Vec<_> = times.requests.iter().map(|came| cut(&came.path)).take(12).collect();
        let first: Vec<_> = found.iter().take(12).map(|row| cut(&format!("{row:?}"))).collect();
        assert!(wrong.is_empty(), "not so: {wrong:#?}\nasked: {asked:#?}\nbut: {first:#?}");
        for row in &found {
            assert_plain(row);
        }
        if let Some(origin) = origin {
            origin.stop().await;
        }
        in_words(&found, self.path)
    }
}

/// The beginning of a text, enough to see what went wrong.
fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(200)].to_owned()
}

/// Short limits: what is slow here is slow for ever.
fn settings(seed: &str, honest: &str) -> Settings {
    let mut settings = Settings {
        seeds: [seed, honest].map(|url| Url::parse(url).unwrap()).to_vec(),
        attempts: 1,
        backoff: Duration::ZERO,
        host_backoff: Duration::from_millis(50),
        max_host_backoff: Duration::from_secs(1),
        host_give_up_after: Duration::from_millis(500),
        // A bound for what no rule bounds; cases that need more set it.
        max_pages: Some(400),
        sitemaps: false,
        ..Settings::default()
    };
    settings.breaker.cooldown = Duration::from_millis(50);
    settings.fetch.timeout = Duration::from_secs(10);
    settings.fetch.max_body = 2 << 20;
    // Where a case is about the size, the ratio is not to come first.
    settings.fetch.max_decompression_ratio = u32::MAX;
    settings
}

async fn stored(db: PathBuf, address: String) -> Vec<Row> {
    let read = move || {
        assert_whole(&db);
        let sql =
            "SELECT url, state, status, error, final_url, title FROM scraped_pages ORDER BY id";
        let mut found: Vec<Row> = rows(&db, sql);
        let short = |text: &mut String| *text = text.replace(&address, "");
        for row in &mut found {
            short(&mut row.url);
            row.error.as_mut().map(short);
            row.final_url.as_mut().map(short);
        }
        found
    };
    tokio::task::spawn_blocking(read).await.unwrap()
}

impl Want {
    fn holds(&self, rows: &[Row], times: &RequestLog) -> bool {
        let says = |row: &Row, text: &str| match &row.error {
            Some(error) => !text.is_empty() && error.contains(text),
            None => text.is_empty(),
        };
        match *self {
            Self::Row(url, state, status, error) => rows.iter().any(|row| {
                (row.url.as_str(), row.state.as_str(), row.status) == (url, state, status)
                    && says(row, error)
            }),
            Self::AnyStatus(url, state, error) => rows.iter().any(|row| {
                (row.url.as_str(), row.state.as_str()) == (url, state) && says(row, error)
            }),
            Self::Rows(count) => rows.len() == count,
            Self::AtLeast(least, state, error) => {
                rows.iter().filter(|row| row.state == state && says(row, error)).count() >= least
            }
            Self::AtMost(most, state) => {
                rows.iter().filter(|row| row.state == state).count() <= most
            }
            Self::Asked(ref often, path) => {
                let asked = times.requests.iter().filter(|came| came.path.starts_with(path));
                times.dropped == 0 && often.contains(&asked.count())
            }
            Self::Unknown(text) => !rows.iter().any(|row| row.url.contains(text)),
            Self::Gap(least) => {
                let gaps = times.gaps(|came| came.path != "/robots.txt");
                gaps.len() > 2 && gaps.iter().all(|gap| *gap >= least)
            }
        }
    }
}

/// Nothing in a row may control a terminal or turn text around.
fn assert_plain(row: &Row) {
    let texts = [Some(&row.url), row.error.as_ref(), row.final_url.as_ref()];
    for text in texts.into_iter().flatten() {
        let bad = text.chars().find(|c| controls_terminal(*c));
        assert_eq!(bad, None, "in {row:?}");
    }
}

/// The seed's row, then the others by state.
fn in_words(rows: &[Row], seed: &str) -> String {
    let said = |row: &Row| {
        let status = row.status.map_or("–".to_owned(), |status| status.to_string());
        let error = row.error.as_deref().unwrap_or_default();
        format!("{} {status} {error}", row.state).trim_end().to_owned()
    };
    let (seeds, others): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.url == seed);
    let mut words: Vec<String> = seeds.into_iter().map(said).collect();
    let mut kinds = std::collections::BTreeMap::<(&str, Option<i64>), (usize, &Row)>::new();
    for row in others {
        kinds.entry((&row.state, row.status)).or_insert((0, row)).0 += 1;
    }
    words.extend(kinds.into_values().map(|(count, row)| format!("{count} × {}", said(row))));
    let port = regex::Regex::new(r"127\.0\.0\.1:\d+").unwrap();
    port.replace_all(&words.join("; "), "HOST").replace('|', "\\|")
}

fn controls_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
