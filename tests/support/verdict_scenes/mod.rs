//! The scenes that the verdict is tested on: how each is set up, what is to be said, and why. The page
//! docs/verdict.md is made of this table; `tests/long.sh verdict` plays all of it, and records it.
#![allow(dead_code, reason = "no test binary uses everything")]

mod scene;

use std::time::Duration;

use crawldeck::crawl::protocol::verdict::{Advice, Limit};
use crawldeck::settings::dials::Dial;

pub use scene::{Saved, Site, Step, VerdictScene};

const BASE: VerdictScene = VerdictScene {
    name: "",
    setup: "",
    expected: &[],
    why: "",
    site: Site::Lab(&["--latency", "100ms"]),
    saved: Saved::Sqlite,
    permits: 10,
    workers: 32,
    settings: |_| {},
    faults: &[],
    steps: &[],
    alone: false,
};

const NOTHING: Advice = Advice::None;
const MORE_PERMITS: (Limit, Advice) = (Limit::Permits, Advice::Raise(Dial::Permits));
const MORE_WORKERS: (Limit, Advice) = (Limit::Workers, Advice::Raise(Dial::Workers));
const SERVER: (Limit, Advice) = (Limit::Server, NOTHING);
const FEWER_PERMITS: (Limit, Advice) = (Limit::Server, Advice::Lower(Dial::Permits));
const FEWER_WORKERS: (Limit, Advice) = (Limit::Server, Advice::Lower(Dial::Workers));
const NOT_KNOWN: (Limit, Advice) = (Limit::Unknown, Advice::Lower(Dial::Permits));
const NOT_KNOWN_WORKERS: (Limit, Advice) = (Limit::Unknown, Advice::Lower(Dial::Workers));
const SAVER: (Limit, Advice) = (Limit::Saver, NOTHING);
const HOST_PACE: (Limit, Advice) = (Limit::HostPace, NOTHING);

/// All scenes.
pub const VERDICT_SCENES: &[VerdictScene] = &[
    VerdictScene {
        name: "permits",
        setup: "10 permits, 32 workers; the site answers each request in 100 ms",
        expected: &[MORE_PERMITS],
        why: "requests take no longer than the first ones did, and workers wait for permits",
        ..BASE
    },
    VerdictScene {
        name: "one-permit",
        setup: "1 permit, 16 workers; each request takes 100 ms",
        expected: &[MORE_PERMITS],
        why: "there is no level below one permit to compare with",
        permits: 1,
        workers: 16,
        ..BASE
    },
    VerdictScene {
        name: "permits-by-keys",
        setup: "5 permits, turned up to 20 while it runs; each request takes 100 ms",
        expected: &[MORE_PERMITS],
        why: "four times as many requests brought four times as many pages",
        permits: 5,
        steps: &[(10, Step::Permits(20))],
        ..BASE
    },
    VerdictScene {
        name: "spread",
        setup: "10 permits, 32 workers; requests take 50 to 250 ms, at random",
        expected: &[MORE_PERMITS],
        why: "some requests take longer than others, but none waits for others",
        site: Site::Lab(&["--latency", "50ms", "--spread", "200ms"]),
        ..BASE
    },
    VerdictScene {
        name: "slow-tail",
        setup: "10 permits, 32 workers; a tenth of the requests takes ten times as long",
        expected: &[MORE_PERMITS],
        why: "slow requests hold their permits longer, but do not make others wait at the server",
        site: Site::Lab(&["--latency", "100ms", "--slow-tail", "10%"]),
        ..BASE
    },
    VerdictScene {
        name: "workers",
        setup: "20 permits, 2 workers; each request takes 200 ms",
        expected: &[MORE_WORKERS],
        why: "the queue is full and permits are idle",
        site: Site::Lab(&["--latency", "200ms"]),
        permits: 20,
        workers: 2,
        ..BASE
    },
    VerdictScene {
        name: "rate",
        setup: "20 requests a second, 10 permits",
        expected: &[(Limit::Rate, Advice::Raise(Dial::Rate))],
        why: "workers wait for the rate, not for the site",
        settings: |settings| settings.rate = Some(20.0),
        ..BASE
    },
    VerdictScene {
        name: "gap",
        setup: "200 ms between two requests to the only host",
        expected: &[HOST_PACE],
        why: "no more may be requested of it, whatever the dials",
        settings: |settings| settings.delay = Duration::from_millis(200),
        ..BASE
    },
    VerdictScene {
        name: "host-limit",
        setup: "2 requests at once to the only host, 20 permits",
        expected: &[HOST_PACE],
        why: "the host's limit holds URLs back in the frontier",
        settings: |settings| settings.per_host = Some(2),
        permits: 20,
        ..BASE
    },
    VerdictScene {
        name: "retry-after",
        setup: "a fifth of the requests is answered 429 with Retry-After",
        expected: &[HOST_PACE],
        why: "the host is left alone for as long as it says",
        site: Site::Lab(&["--latency", "50ms", "--retry-after", "20%"]),
        ..BASE
    },
    VerdictScene {
        name: "flaky",
        setup: "60 % of the requests are answered 500 or 502",
        expected: &[HOST_PACE],
        why: "the breaker of the host is open most of the time",
        site: Site::Lab(&["--latency", "50ms", "--5xx", "60%"]),
        ..BASE
    },
    VerdictScene {
        name: "down",
        setup: "the only host stops to listen after some seconds",
        expected: &[HOST_PACE],
        why: "it is probed, and nothing else can be requested",
        site: Site::Dies,
        ..BASE
    },
    VerdictScene {
        name: "parsing",
        setup: "parsing takes 50 ms a page; 2 parse threads",
        expected: &[(Limit::Parsing, Advice::Raise(Dial::ParseThreads))],
        why: "bodies wait for a parse thread",
        site: Site::Lab(&["--latency", "20ms"]),
        settings: |settings| settings.parse_threads = 2,
        faults: &["parser 50ms"],
        ..BASE
    },
    VerdictScene {
        name: "slow-database",
        setup: "each transaction takes 500 ms longer; the saver's buffer is 256 KiB",
        expected: &[SAVER],
        why: "the saver writes all the time and falls behind; the crawl takes permits back by itself",
        site: Site::Lab(&["--latency", "20ms"]),
        permits: 16,
        workers: 24,
        faults: &["saver 500ms", "buffer 256KiB"],
        ..BASE
    },
    VerdictScene {
        name: "small-buffer",
        setup: "each transaction takes 100 ms longer; the saver's buffer is 64 KiB",
        expected: &[SAVER],
        why: "workers wait for room in the buffer",
        site: Site::Lab(&["--latency", "20ms"]),
        permits: 16,
        workers: 24,
        faults: &["saver 100ms", "buffer 64KiB"],
        ..BASE
    },
    VerdictScene {
        name: "slow-commits",
        setup: "PostgreSQL; each commit is held up for a second; the saver's buffer is 256 KiB",
        expected: &[SAVER],
        why: "the saver writes all the time and falls behind",
        site: Site::Lab(&["--latency", "20ms"]),
        saved: Saved::SlowCommits,
        permits: 16,
        workers: 24,
        faults: &["buffer 256KiB"],
        ..BASE
    },
    VerdictScene {
        name: "silent-database",
        setup: "PostgreSQL that answers nothing from some moment on",
        expected: &[SAVER],
        why: "workers and saver wait for the database, whatever their states are called",
        site: Site::Lab(&["--latency", "20ms"]),
        saved: Saved::Silent,
        ..BASE
    },
    VerdictScene {
        name: "frontier",
        setup: "each page has one link to a new page",
        expected: &[(Limit::Frontier, NOTHING)],
        why: "there is never more than one URL to fetch",
        site: Site::Chain,
        ..BASE
    },
    VerdictScene {
        name: "retries",
        setup: "every page is answered 500, and tried again a minute later",
        expected: &[HOST_PACE],
        why: "URLs wait for their next attempt, and there are no others",
        site: Site::Failing,
        settings: |settings| {
            settings.backoff = Duration::from_mins(1);
            settings.attempts = 9;
            settings.breaker.ratio = 2.0;
        },
        ..BASE
    },
    VerdictScene {
        name: "slow-site",
        setup: "16 permits, 16 workers; each request takes a second",
        expected: &[SERVER],
        why: "everything that may be in flight is, and no worker waits for anything else",
        site: Site::Lab(&["--latency", "1s"]),
        permits: 16,
        workers: 16,
        ..BASE
    },
    VerdictScene {
        name: "capacity-from-above",
        setup: "the site serves 10 requests at once; started with 40 permits",
        expected: &[FEWER_PERMITS, NOT_KNOWN],
        why: "a request takes four times as long as the first ones did: it waits in line there",
        site: Site::Lab(&["--latency", "100ms", "--capacity", "10"]),
        permits: 40,
        workers: 64,
        ..BASE
    },
    VerdictScene {
        name: "capacity-by-keys",
        setup: "the site serves 10 requests at once; 10 permits, turned up to 40",
        expected: &[FEWER_PERMITS],
        why: "40 requests in flight brought no more pages than 10 did",
        site: Site::Lab(&["--latency", "100ms", "--capacity", "10"]),
        workers: 64,
        steps: &[(10, Step::Permits(40))],
        ..BASE
    },
    VerdictScene {
        name: "capacity-and-back",
        setup: "the same, turned up to 40 and back to 10",
        expected: &[SERVER],
        why: "10 permits are what the site serves at once: more brought nothing, fewer would cost pages",
        site: Site::Lab(&["--latency", "100ms", "--capacity", "10"]),
        workers: 64,
        steps: &[(10, Step::Permits(40)), (20, Step::Permits(10))],
        ..BASE
    },
    VerdictScene {
        name: "capacity-by-workers",
        setup: "the site serves 10 requests at once; 40 workers, 100 permits",
        expected: &[FEWER_WORKERS, NOT_KNOWN_WORKERS],
        why: "a request waits in line at the site, so more workers would only make the line longer",
        site: Site::Lab(&["--latency", "100ms", "--capacity", "10"]),
        permits: 100,
        workers: 40,
        ..BASE
    },
    VerdictScene {
        name: "bandwidth-from-above",
        setup: "the site sends 256 KiB a second in all; started with 20 permits",
        expected: &[FEWER_PERMITS],
        why: "the time goes into bodies; whether fewer at once are as fast is for `-` to show",
        site: Site::Lab(&["--latency", "20ms", "--bandwidth", "256KiB"]),
        permits: 20,
        ..BASE
    },
    VerdictScene {
        name: "bandwidth-by-keys",
        setup: "the site sends 256 KiB a second in all; 5 permits, turned up to 20",
        expected: &[FEWER_PERMITS],
        why: "20 requests at once brought no more pages than 5 did",
        site: Site::Lab(&["--latency", "20ms", "--bandwidth", "256KiB"]),
        permits: 5,
        steps: &[(10, Step::Permits(20))],
        ..BASE
    },
    VerdictScene {
        name: "slow-bodies",
        setup: "nginx sends each body slowly (`limit_rate`), however many; 20 permits",
        expected: &[FEWER_PERMITS],
        why: "the time goes into bodies: as long as no level below was tried it looks like the scene above",
        site: Site::SlowBodies,
        permits: 20,
        ..BASE
    },
    VerdictScene {
        name: "slow-bodies-by-keys",
        setup: "the same; 5 permits, turned up to 20",
        expected: &[MORE_PERMITS],
        why: "20 requests at once brought four times as many pages as 5 did",
        site: Site::SlowBodies,
        permits: 5,
        steps: &[(10, Step::Permits(20))],
        ..BASE
    },
    VerdictScene {
        name: "hang",
        setup: "30 % of the requests are never answered, the breaker is off; 16 permits, 32 workers",
        expected: &[SERVER],
        why: "permits are held by requests that wait for their timeout",
        site: Site::Lab(&["--latency", "50ms", "--hang", "30%", "--seed", "5"]),
        permits: 16,
        settings: |settings| settings.breaker.ratio = 2.0,
        ..BASE
    },
    VerdictScene {
        name: "refuses-above-five",
        setup: "nginx answers 503 to more than five requests at once (`limit_conn`); 30 permits",
        expected: &[SERVER],
        why: "the host's own limit is what was found to work",
        site: Site::FewConnections,
        permits: 30,
        workers: 48,
        ..BASE
    },
    VerdictScene {
        name: "cpu",
        setup: "nginx answers at once; 100 permits",
        expected: &[(Limit::Cpu, NOTHING), (Limit::Cpu, Advice::Lower(Dial::Permits))],
        why: "all cores are busy",
        site: Site::Quick,
        permits: 100,
        workers: 128,
        alone: true,
        ..BASE
    },
    VerdictScene {
        name: "cpu-by-keys",
        setup: "nginx answers at once; 50 permits, turned up to 200",
        expected: &[(Limit::Cpu, NOTHING), (Limit::Cpu, Advice::Lower(Dial::Permits))],
        why: "all cores are busy",
        site: Site::Quick,
        permits: 50,
        workers: 256,
        steps: &[(10, Step::Permits(200))],
        alone: true,
        ..BASE
    },
    VerdictScene {
        name: "paused",
        setup: "paused by the user",
        expected: &[(Limit::Paused, Advice::Resume)],
        why: "nothing new starts until the crawl is resumed",
        steps: &[(5, Step::Pause)],
        ..BASE
    },
    VerdictScene {
        name: "disk",
        setup: "less room on the disk than `--min-disk` demands",
        expected: &[(Limit::Paused, NOTHING)],
        why: "the crawl paused itself, and resumes by itself",
        settings: |settings| settings.min_disk = u64::MAX >> 2,
        ..BASE
    },
    VerdictScene {
        name: "memory",
        setup: "more memory is used than `--max-memory` allows",
        expected: &[(Limit::Paused, NOTHING)],
        why: "the crawl paused itself, and resumes by itself",
        settings: |settings| settings.max_memory = Some(1 << 20),
        ..BASE
    },
];
