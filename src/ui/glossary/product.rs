//! Words of the product: one for one thing, in code, screen, help and documentation.

use super::entry::{GlossaryEntry, GlossaryPlace as P, ProductWord};

const fn word(
    words: &'static [&'static str],
    meaning: &'static str,
    module: &'static str,
    places: &'static [P],
) -> ProductWord {
    ProductWord { entry: GlossaryEntry { words, meaning, places }, module }
}

/// All of them, in the order in which a URL meets them.
pub(super) const PRODUCT: &[ProductWord] = &[
    word(
        &["frontier"],
        "every URL that the crawl knows and has not finished",
        "crawl::frontier",
        &[P::Deck],
    ),
    word(
        &["producer"],
        "the task that takes URLs from the frontier, host by host, into the queue",
        "crawl::pipeline::producer",
        &[P::Deck, P::Scenes],
    ),
    word(
        &["queue"],
        "the bounded queue of URLs between the producer and the workers",
        "crawl::pipeline::queue",
        &[P::Deck, P::Scenes],
    ),
    word(
        &["worker", "workers"],
        "a task that takes URLs from the queue, fetches and parses them",
        "crawl::fetch",
        &[P::Deck, P::Workers],
    ),
    word(
        &["permit", "permits"],
        "the right to have one request in flight",
        "semaphore",
        &[P::Deck, P::Workers, P::Tuning, P::Scenes],
    ),
    word(&["gate"], "the resizable semaphore that gives out the permits", "semaphore", &[P::Deck]),
    word(
        &["saver"],
        "the task that writes finished pages to the database, a batch in one transaction",
        "crawl::pipeline::saver",
        &[P::Deck, P::Scenes],
    ),
    word(
        &["attempt", "tries"],
        "a request for a URL that counts against --attempts; each after the first is a retry",
        "crawl::fetch",
        &[P::Workers, P::Pages],
    ),
    word(
        &["resent", "put back"],
        "a request that does not count as an attempt: the server never processed it, or its host refused it (429, 503) or was down",
        "crawl::hosts",
        &[P::Everywhere, P::Scenes],
    ),
    word(
        &["page", "pages", "done"],
        "the final row of a URL: ok, failed or skipped",
        "model",
        &[P::Everywhere],
    ),
    word(
        &["host", "hosts"],
        "a host name or address with its port",
        "crawl::hosts",
        &[P::Deck, P::Hosts],
    ),
    word(
        &["pace"],
        "what a host allows: the number of requests in flight and the gap between them",
        "crawl::hosts",
        &[P::Hosts],
    ),
    word(
        &["snapshot"],
        "an immutable picture of the whole pipeline, published ten times a second",
        "crawl::protocol::snapshot",
        &[],
    ),
    word(
        &["command"],
        "a request to change something in the running crawl",
        "crawl::protocol::command",
        &[],
    ),
    word(
        &["change", "changes, and what they gave", "journal"],
        "an entry of the journal: when, by whom, what, old and new value, and what it gave",
        "crawl::protocol::change",
        &[P::Deck, P::Tuning],
    ),
    word(
        &["verdict", "limited by"],
        "the line that says what limits the crawl now, and which key would help",
        "crawl::protocol::verdict",
        &[P::Deck],
    ),
    word(
        &["dial"],
        "a number that a key changes while the crawl runs: permits, workers, queue, rate, parse threads",
        "settings::dials",
        &[P::Deck, P::Tuning],
    ),
    word(
        &["setting"],
        "permits, workers and rate limit in force together: what a row of the measured table is of",
        "crawl::tuning",
        &[P::Tuning],
    ),
    word(
        &["knee"],
        "the number of requests in flight beyond which requests only wait at the server",
        "crawl::tuning::curve",
        &[P::Tuning],
    ),
    word(
        &["conditions"],
        "faults, scene and host limits under which settings are measured; a change of one begins new conditions",
        "crawl::tuning",
        &[P::Tuning],
    ),
    word(
        &["effect"],
        "what a change gave: pages per second and latency before and after it, with an interval",
        "crawl::tuning::effect",
        &[P::Deck, P::Tuning],
    ),
    word(
        &["autopilot"],
        "the controller that turns permits, workers and rate by what it measures",
        "crawl::tuning::autopilot",
        &[P::Deck, P::Tuning, P::Scenes],
    ),
    word(
        &["probe"],
        "a short try of a level above or below, to compare it",
        "crawl::tuning::autopilot",
        &[P::Tuning],
    ),
    word(
        &["Pareto"],
        "a setting that no other beats in pages per second and latency both; the others are dim",
        "crawl::tuning::measured_table",
        &[P::Tuning],
    ),
    word(
        &["sweep"],
        "what tune does: it measures levels of permits from few to more, then around the knee",
        "tune",
        &[],
    ),
    word(
        &["scene", "scenes"],
        "a prepared crawl of the lab site that shows one thing",
        "crawl::protocol::scene",
        &[P::Deck, P::Scenes],
    ),
    word(
        &["tour"],
        "twelve steps on the lab site that show what the dashboard shows; each waits until it has happened",
        "ui::deck",
        &[P::Scenes],
    ),
    word(
        &["slow motion", "follows"],
        "the lab's server and the saver slowed down by a factor, so that single pages can be followed",
        "settings::slow_motion",
        &[P::Scenes],
    ),
    word(
        &["fault", "faults", "on purpose"],
        "a delay, limit or error that is injected on purpose, into the lab site or into the pipeline",
        "settings::faults",
        &[P::Deck, P::Faults],
    ),
    word(
        &["overload", "slows by itself"],
        "a local resource is short (memory, disk, database, open files, ports, threads), and the crawl makes do with less",
        "crawl::control::overload",
        &[P::Deck],
    ),
    word(
        &["breaker", "breaker open"],
        "after too many failures a host is left alone for a while",
        "crawl::hosts::breaker",
        &[P::Hosts, P::Scenes],
    ),
    word(
        &["half-open", "probing"],
        "one request tests whether a host is up again; if it succeeds, the breaker closes",
        "crawl::hosts::breaker",
        &[P::Hosts],
    ),
    word(
        &["cooldown"],
        "a period in which a host is not requested, after 429, 503 or too many failures",
        "crawl::hosts",
        &[P::Hosts, P::Scenes],
    ),
    word(
        &["crawl-delay", "robots.txt delay", "robots delay"],
        "the gap between two requests that a host's robots.txt demands",
        "crawl::hosts::pace",
        &[P::Hosts],
    ),
    word(
        &["lowered limit"],
        "the maximum of requests in flight that a host gets since it answered 503 to more",
        "crawl::hosts",
        &[P::Hosts],
    ),
    word(
        &["trap", "traps"],
        "a pattern of URLs without end, such as a calendar: what it makes is skipped",
        "web::traps",
        &[P::Hosts],
    ),
    word(
        &["exclusion", "exclusions"],
        "URLs that you left out while the crawl ran, by a regular expression or by host",
        "crawl::frontier::exclusions",
        &[P::Hosts],
    ),
    word(
        &["crawl lease"],
        "the record in the database of which process runs a crawl; only its owner can write",
        "store",
        &[],
    ),
    word(
        &["host lease"],
        "which node of a fleet requests a host; fleets are not built yet",
        "–",
        &[],
    ),
    word(
        &["recrawl"],
        "a crawl that compares a site with an earlier crawl of it: pages are new, changed, same or gone",
        "crawl::fetch::recrawl",
        &[P::Deck],
    ),
];
