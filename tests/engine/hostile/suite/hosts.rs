//! What a host is like as a whole: `robots.txt`, sitemaps, busy, failing, down.

use std::time::Duration;

use crawldeck::lab::response_faults::{
    Busy, Failing, FailureMode, Outage, ResponseFaults, RetryAfter,
};
use crawldeck::lab::robots::OriginRobots;
use crawldeck::lab::test_origin::OriginContent;

use super::case::{Case, Want};
use super::cases;
use Want::{AnyStatus, Asked, AtLeast, AtMost, Gap, Row, Rows, Unknown};

/// `/` links to one page that may be forbidden and to one that is not.
fn robots(what: &'static str, robots: OriginRobots) -> Case {
    Case::at("/", what).robots(robots).content(OriginContent::files(&[
        ("/", "<a href=/open>open</a><a href=/private/page>private</a>"),
        ("/open", "<title>Open</title>"),
        ("/private/page", "<title>Private</title>"),
    ]))
}

/// All three are fetched.
fn allowed(what: &'static str, txt: OriginRobots) -> Case {
    robots(what, txt)
        .want(Row("/", "ok", Some(200), ""))
        .want(Row("/open", "ok", Some(200), ""))
        .want(Row("/private/page", "ok", Some(200), ""))
        .want(Rows(3))
}

/// The private one is not.
fn private(what: &'static str, txt: OriginRobots) -> Case {
    robots(what, txt)
        .want(Row("/open", "ok", Some(200), ""))
        .want(AnyStatus("/private/page", "skipped", "robots.txt"))
        .want(Asked(0..=0, "/private/"))
        .want(Rows(3))
}

/// Nothing is fetched.
fn unreachable(what: &'static str, txt: OriginRobots) -> Case {
    robots(what, txt)
        .set(|s| (s.fetch.timeout, s.attempts) = (Duration::from_millis(300), 3))
        .want(AnyStatus("/", "skipped", "robots.txt unreachable"))
        .want(Asked(0..=0, "/open"))
        .want(Rows(1))
}

/// Nothing is fetched, and that is the host's failure.
fn unanswered(what: &'static str, txt: OriginRobots, why: &'static str) -> Case {
    robots(what, txt)
        .set(|s| (s.fetch.timeout, s.attempts) = (Duration::from_millis(300), 3))
        .want(AnyStatus("/", "failed", why))
        .want(Asked(3..=3, "/robots.txt"))
        .want(Asked(0..=0, "/open"))
        .want(Rows(1))
}

/// A crawl of nothing but a leaf and what this sitemap leads to.
fn sitemap(name: &'static str, what: &'static str) -> Case {
    Case::at("/hostile/leaf/0", what)
        .set_at(move |s, address| {
            let url = format!("{address}/hostile/sitemap/{name}");
            (s.sitemaps, s.max_sitemaps, s.max_pages) = (true, 20, Some(50));
            s.sitemap_urls = vec![url.parse().unwrap()];
        })
        .row("ok", Some(200), "")
        .want(Asked(1..=20, "/hostile/sitemap/"))
}

/// Ten pages of a host that fails, requested patiently.
fn pages(what: &'static str, faults: ResponseFaults) -> Case {
    Case::at("/", what).content(OriginContent::Pages(10)).faults(faults).set(|s| {
        (s.attempts, s.backoff) = (10, Duration::from_millis(20));
        s.host_give_up_after = Duration::from_secs(30);
    })
}

fn busy(every: u64, retry_after: RetryAfter) -> ResponseFaults {
    ResponseFaults {
        busy: Some(Busy { every, status: 429, retry_after }),
        ..ResponseFaults::default()
    }
}

fn failing(percent: u32, how: FailureMode) -> ResponseFaults {
    ResponseFaults { failing: Some(Failing { percent, how }), ..ResponseFaults::default() }
}

fn down(after: u64, ms: u64) -> ResponseFaults {
    let lasts = Duration::from_millis(ms);
    ResponseFaults { outage: Some(Outage { after, lasts }), ..ResponseFaults::default() }
}

/// All eleven are fetched in the end.
fn all(case: Case) -> Case {
    case.want(AtLeast(11, "ok", "")).want(Rows(11))
}

cases! {
    // robots.txt.
    robots_missing => allowed("no robots.txt: all allowed", OriginRobots::Missing);
    robots_401 => allowed("robots.txt 401: all allowed", OriginRobots::Status(401));
    robots_binary => allowed("robots.txt of 10 MiB of noise: all allowed", OriginRobots::Binary);
    robots_forbids => private("robots.txt forbids /private/", OriginRobots::forbidding("/private/"));
    robots_huge => private("robots.txt of 10 MiB: the first 500 KiB count", OriginRobots::Huge);
    robots_endless => private("robots.txt without end: the first 500 KiB count", OriginRobots::Endless);
    robots_five_redirects => private("robots.txt behind 5 redirects", OriginRobots::Redirects(5));
    robots_six_redirects => allowed("behind 6 redirects: as if missing", OriginRobots::Redirects(6));
    robots_loop => allowed("robots.txt redirects to itself: as if missing", OriginRobots::Loop);
    robots_cut_short => unanswered("robots.txt breaks off in a rule: nothing allowed", OriginRobots::CutShort,
        "body cut short after 20 of 500 bytes (asked for robots.txt)");
    robots_drips => unanswered("robots.txt comes byte by byte: nothing allowed", OriginRobots::Drips,
        "not complete within 300ms");
    robots_gzip => private("robots.txt is compressed", OriginRobots::Gzip);
    robots_bomb => private("robots.txt is a gzip bomb: the first 500 KiB count", OriginRobots::Bomb);
    robots_429 => allowed("robots.txt 429: asked again, then a 4xx like others", OriginRobots::Status(429))
        .set(|s| s.attempts = 2)
        .want(Asked(2..=2, "/robots.txt"));
    robots_for_our_own_name => private("robots.txt names the user agent that is sent", OriginRobots::Text(
        "User-agent: OurBot
Disallow: /private/
User-agent: *
Allow: /
".into(),
    )).set(|s| s.fetch.user_agent = "Mozilla/5.0 (compatible; OurBot/2.0; +http://a.test)".into());
    robots_against_crawldeck => private("robots.txt names crawldeck, under another name", OriginRobots::Text(
        "User-agent: crawldeck
Disallow: /private/
".into(),
    )).set(|s| s.fetch.user_agent = "OurBot/2.0".into());
    robots_500 => unreachable("robots.txt 500: nothing allowed", OriginRobots::Status(500));
    robots_silent => unanswered("robots.txt never answers: nothing allowed", OriginRobots::Silent,
        "no response within 300ms (asked for robots.txt)");
    robots_closed => unanswered("robots.txt closes the connection: nothing allowed", OriginRobots::Closed,
        "(asked for robots.txt)");
    redirect_to_forbidden => Case::at("/hostile/redirect/forbidden", "a redirect to what robots.txt forbids")
        .robots(OriginRobots::forbidding("/private/"))
        .want(AtLeast(1, "skipped", "robots.txt"))
        .want(Asked(0..=0, "/private/"));
    crawl_delay => all(pages("Crawl-delay: 0.1", ResponseFaults::default()))
        .robots(OriginRobots::crawl_delay(0.1))
        .want(Gap(100.0));

    // Sitemaps.
    sitemap_loop => sitemap("loop.xml", "a sitemap index that lists itself").want(AtMost(1, "ok"));
    sitemap_hydra => sitemap("hydra.xml", "an index of two more, for ever: 20 are read").want(Asked(2..=20, "/hostile/sitemap/hydra")).want(AtMost(1, "ok"));
    sitemap_bomb => sitemap("bomb.xml.gz", "1 GiB of sitemap as gzip").want(AtMost(1, "ok"));
    sitemap_too_long => sitemap("many.xml", "60,000 URLs in one sitemap")
        .want(AtLeast(40, "ok", ""))
        .want(AtMost(50, "ok"));
    sitemap_away => sitemap("away.xml", "a sitemap of other hosts' URLs")
        .want(Row("/hostile/leaf/1", "ok", Some(200), ""))
        .want(AtMost(2, "ok"));
    sitemap_broken => sitemap("broken.xml", "a sitemap that breaks off: what was read counts")
        .want(Row("/hostile/leaf/3", "ok", Some(200), ""))
        .want(Unknown("nosuch"));
    sitemap_text => sitemap("list.txt", "a sitemap in text form")
        .want(Row("/hostile/leaf/3", "ok", Some(200), ""));

    // Response faults.
    gone => Case::at("/", "nobody listens").gone()
        .want(AnyStatus("/", "failed", "connection refused"));
    busy_unsaid => all(pages("every 3rd request is answered 429", busy(3, RetryAfter::Missing)));
    busy_seconds => all(pages("likewise, with Retry-After: 1", busy(6, RetryAfter::Seconds(1))));
    busy_date => {
        let date = RetryAfter::Date(Duration::from_millis(1));
        all(pages("likewise, with Retry-After as a date", busy(6, date)))
    };
    busy_for_an_hour => pages("429 with Retry-After: 3600, always: capped", busy(1, RetryAfter::Seconds(3600)))
        .set(|s| (s.attempts, s.max_host_backoff) = (2, Duration::from_millis(100)))
        .row("failed", Some(429), "").want(Rows(1));
    fails_a_third => all(pages("33 % of the requests fail with 500", failing(33, FailureMode::Status(500))));
    closes_a_third => all(pages("33 % of the connections are closed", failing(33, FailureMode::Closed)));
    silent_a_third => all(pages("33 % of the requests are never answered", failing(33, FailureMode::Silent)))
        .set(|s| s.fetch.timeout = Duration::from_millis(200));
    down_for_a_while => all(pages("down for 300 ms after 4 answers", down(4, 300)));
    fails_always => pages("every request fails with 500", failing(100, FailureMode::Status(500)))
        .set(|s| (s.attempts, s.host_give_up_after) = (3, Duration::from_millis(300)))
        .row("failed", Some(500), "")
        .want(Rows(1));
}
