//! Words and signs of single screens, beside those of the product.

use super::entry::{GlossaryEntry, GlossaryPlace as P};

const fn on(
    places: &'static [P],
    words: &'static [&'static str],
    meaning: &'static str,
) -> GlossaryEntry {
    GlossaryEntry { words, meaning, places }
}

/// All of them, in the order of the places.
pub(super) const SCREENS: &[GlossaryEntry] = &[
    // The Deck: stages.
    on(&[P::Deck], &["◆"], "what limits the crawl now"),
    on(
        &[P::Deck],
        &["●", "●●·●▶"],
        "a page under way, or as many as the header says: a dense track waits, a sparse one runs free",
    ),
    on(&[P::Deck], &["▶"], "at the end of a track: pages pass"),
    on(
        &[P::Deck],
        &["┃", "─", "‖"],
        "at the end of a track: they wait, nothing is under way, paused",
    ),
    on(
        &[P::Deck],
        &["growing", "shrinking", "steady"],
        "how fast the frontier gains or loses URLs",
    ),
    on(&[P::Deck], &["retrying", "to be retried"], "URLs that wait for their next attempt"),
    on(
        &[P::Deck, P::Scenes],
        &["choosing"],
        "the producer looks for the next host and its next URL",
    ),
    on(
        &[P::Deck, P::Scenes],
        &["queue full", "blocked"],
        "the producer, or a worker, waits because what comes after it is full",
    ),
    on(
        &[P::Deck],
        &["held hosts", "robots.txt", "breakers", "cooldowns"],
        "the producer waits: most URLs are of hosts that you hold, whose robots.txt is requested, or that cool down",
    ),
    on(
        &[P::Deck],
        &["hosts' gaps", "hosts' limits"],
        "the producer waits: most URLs are of hosts that are requested as often as they may be",
    ),
    on(&[P::Deck, P::Workers], &["idle", "·"], "it has nothing to do"),
    on(
        &[P::Deck],
        &["free", "taken", "waiting"],
        "places or permits that nobody uses, that are used, workers that wait for one",
    ),
    on(
        &[P::Deck, P::Scenes],
        &["taken back", "▤"],
        "permits that the crawl withdrew by itself, for the saver or for a resource that runs short",
    ),
    on(&[P::Deck], &["writing"], "the share of time in which the saver writes"),
    on(&[P::Deck], &["database"], "rows written so far, and how many each second"),
    on(&[P::Deck], &["last minute"], "how full the queue was"),
    // The Deck: charts and tables.
    on(
        &[P::Deck, P::Tuning],
        &["pages/s"],
        "pages finished per second: now, over 10 s, over the run",
    ),
    on(&[P::Deck], &["now", "10 s", "run"], "the last second, the last ten, the whole run"),
    on(
        &[P::Deck],
        &["latency ms", "latency"],
        "time from sending a request to the end of its answer, in milliseconds",
    ),
    on(
        &[P::Deck, P::Hosts, P::Tuning],
        &["p50", "p95", "p99", "p95 ms"],
        "half of the answers were faster than p50, 95 of 100 than p95, 99 of 100 than p99",
    ),
    on(
        &[P::Deck],
        &["latency over time"],
        "each column a moment, each row a latency: the darker, the more answers took so long",
    ),
    on(
        &[P::Deck],
        &["▲16"],
        "permits were turned to 16 (w workers, q queue, r rate, t parse threads)",
    ),
    on(
        &[P::Deck],
        &["▲h", "▲x", "▲s", "▲!"],
        "a host, an exclusion, a seed, a fault or a scene was changed",
    ),
    on(&[P::Deck], &["answers", "answers over time"], "final pages by the class of their status"),
    on(&[P::Deck, P::Pages], &["✓", "2xx", "ok"], "the page was fetched"),
    on(&[P::Deck], &["»", "3xx", "moved"], "redirects, each counted with the page that it led to"),
    on(
        &[P::Deck, P::Pages],
        &["!", "4xx"],
        "the server refuses: not there, not allowed, too many requests",
    ),
    on(&[P::Deck, P::Pages], &["✗", "5xx"], "the server failed"),
    on(
        &[P::Deck, P::Pages],
        &["∅", "none"],
        "no answer: timeout, refused connection, unknown name",
    ),
    on(&[P::Deck], &["↻", "retry"], "attempts after the first"),
    on(
        &[P::Deck],
        &["retries and failures"],
        "what went wrong last: what, where, and when it is tried again",
    ),
    on(&[P::Deck], &["●○○"], "attempts made, and attempts left"),
    on(&[P::Deck], &["final", "gave up"], "it is not tried again"),
    on(
        &[P::Deck],
        &["newest pages"],
        "pages as they finish: status, time, URL, title, size, links, depth (d2)",
    ),
    on(
        &[P::Deck],
        &["frontier by depth"],
        "URLs by the number of links from a seed: █ done, ░ to go",
    ),
    on(&[P::Deck], &["depth"], "links between a seed and the page"),
    on(
        &[P::Deck],
        &["saver and machine"],
        "what the saver and this machine did: batches, writes, memory, CPU",
    ),
    on(&[P::Deck], &["batch"], "pages written in one transaction"),
    on(&[P::Deck], &["log"], "the last lines of the Log tab"),
    on(
        &[P::Deck],
        &["better", "worse", "no difference"],
        "what a change gave, beyond doubt or not",
    ),
    on(
        &[P::Deck],
        &["too early to tell", "cannot be told"],
        "it is still measured; or something else changed meanwhile",
    ),
    // Workers.
    on(&[P::Workers], &["state"], "what the worker does now"),
    on(&[P::Workers], &["for"], "for how long it has done so"),
    on(
        &[P::Workers],
        &["url"],
        "what it works on; scheme and host are left out where all have the same",
    ),
    on(
        &[P::Workers, P::Deck],
        &["fetch", "fetching", "▮"],
        "a request is under way: connect, first byte or body",
    ),
    on(&[P::Workers], &["connect"], "it waits for the connection"),
    on(&[P::Workers], &["first byte"], "it waits for the server's answer to begin"),
    on(&[P::Workers], &["body"], "the answer arrives"),
    on(&[P::Workers, P::Deck], &["parse", "▪"], "links are looked for in the page"),
    on(
        &[P::Workers, P::Deck],
        &["permit wait", "▯"],
        "it waits for a permit, or for its turn under the rate limit",
    ),
    on(
        &[P::Workers, P::Deck],
        &["rate"],
        "the limit of requests per second; a worker in this state waits for it",
    ),
    on(&[P::Workers], &["database", "▥"], "it reads a row of the database"),
    on(&[P::Workers], &["blocked", "▤"], "its page is done, and the saver's buffer is full"),
    on(&[P::Workers], &["paused"], "the crawl is paused"),
    on(&[P::Workers], &["leaving"], "workers were turned down: it ends after this page"),
    // Hosts.
    on(&[P::Hosts, P::Deck], &["queued"], "its URLs in the frontier"),
    on(
        &[P::Hosts, P::Deck],
        &["flight", "in flight"],
        "its requests under way, and how many there may be",
    ),
    on(&[P::Hosts], &["gap", "gap by"], "the time between two requests to it, and who demands it"),
    on(&[P::Hosts], &["errors"], "the share of its last requests that failed"),
    on(
        &[P::Hosts, P::Deck],
        &["waits for", "waits"],
        "why it is not requested now, and for how long",
    ),
    on(&[P::Hosts], &["state"], "how it is, in a word"),
    on(&[P::Hosts], &["robots.txt"], "what its robots.txt says"),
    on(&[P::Hosts], &["ok", "●"], "it is crawled, at its pace"),
    on(&[P::Hosts], &["idle", "◌"], "nothing to fetch from it"),
    on(&[P::Hosts], &["waits", "◔"], "it demanded a pause, or its robots.txt is requested"),
    on(
        &[P::Hosts],
        &["held", "held by you", "‖"],
        "you hold it: nothing is fetched until you release it",
    ),
    on(&[P::Hosts], &["open", "✗"], "its breaker is open: it is down"),
    on(&[P::Hosts], &["closed"], "its breaker lets every request pass"),
    on(&[P::Hosts], &["skipped", "–"], "its remaining URLs are skipped"),
    on(
        &[P::Hosts],
        &["given up"],
        "it was down for too long, or refuses the crawler: its URLs are not fetched",
    ),
    on(&[P::Hosts], &["asking robots.txt", "asking robots"], "its robots.txt is requested"),
    on(
        &[P::Hosts],
        &["robots.txt unreachable", "robots unreachable"],
        "its robots.txt cannot be read, so nothing may be fetched",
    ),
    on(&[P::Hosts], &["Retry-After"], "it said after how long to come back"),
    on(&[P::Hosts], &["backing off"], "it refused (429, 503) without saying for how long"),
    on(&[P::Hosts], &["your delay", "your limit"], "what --delay, --per-host or you demand for it"),
    on(
        &[P::Hosts],
        &["autopilot's limit"],
        "the number of its requests in flight that the autopilot found best",
    ),
    on(&[P::Hosts], &["sitemaps"], "files that list a site's URLs"),
    // Pages.
    on(&[P::Pages], &["at"], "when it was finished, since the start"),
    on(&[P::Pages], &["status"], "the server's answer"),
    on(&[P::Pages], &["ms"], "time of its last request"),
    on(&[P::Pages], &["size"], "bytes of its body"),
    on(&[P::Pages], &["depth"], "links between a seed and the page"),
    on(&[P::Pages], &["title"], "its title; for a failure the reason"),
    on(&[P::Pages], &["url"], "its URL; scheme and host are left out where all have the same"),
    on(&[P::Pages], &["failed"], "it could not be fetched, after all attempts"),
    on(&[P::Pages], &["skipped"], "it was left out: robots.txt, a limit, an exclusion or a trap"),
    // Tuning.
    on(&[P::Tuning], &["measured"], "what each setting gave, once it was held for some seconds"),
    on(&[P::Tuning], &["work"], "workers"),
    on(&[P::Tuning], &["rate"], "the limit of requests per second"),
    on(&[P::Tuning], &["held"], "how long the setting was in force"),
    on(
        &[P::Tuning],
        &["±"],
        "half of the interval in which the true pages per second are, 95 times of 100",
    ),
    on(&[P::Tuning], &["×low"], "latency (p50) as a multiple of the lowest measured"),
    on(
        &[P::Tuning],
        &["err%", "429%"],
        "the share of requests that failed, and of answers 429 (too many requests)",
    ),
    on(&[P::Tuning], &["retries"], "attempts after the first"),
    on(&[P::Tuning], &["loop"], "how late the event loop came to its tasks, in milliseconds"),
    on(&[P::Tuning], &["CPU%"], "time of all processors together that the program used"),
    on(&[P::Tuning], &["▶", "✓"], "the setting in force; the best one"),
    on(
        &[P::Tuning],
        &["✗", "·", "‹"],
        "too many requests fail; measured under other conditions; in an earlier run",
    ),
    on(
        &[P::Tuning],
        &["pages/s and p95 against permits"],
        "the curve of the measured settings: it bends at the knee",
    ),
    on(
        &[P::Tuning],
        &["in flight"],
        "requests at once: requests per second times latency, and what the gate counts (Little's law)",
    ),
    on(
        &[P::Tuning],
        &["compare", "pinned", "against"],
        "two settings side by side: turn the dials after pinning one",
    ),
    on(
        &[P::Tuning],
        &["better", "worse", "no difference"],
        "what a change gave, beyond doubt or not",
    ),
    on(
        &[P::Tuning],
        &["too early to tell", "cannot be told"],
        "it is still measured; or something else changed meanwhile",
    ),
    // Log.
    on(&[P::Log], &["log"], "what the program says about itself, the newest line at the bottom"),
    on(&[P::Log], &["ERROR", "WARN", "INFO"], "it failed; it works, but look; what happens"),
    on(&[P::Log], &["DEBUG", "TRACE"], "details, and details of details"),
    on(&[P::Log], &["and worse"], "lines of this level and of the worse ones are shown"),
    // Faults, scenes, race.
    on(&[P::Faults], &["the site"], "faults of the lab site: what its server does"),
    on(
        &[P::Faults],
        &["the pipeline"],
        "faults of this program: its saver, parser, buffer and queue",
    ),
    on(&[P::Faults], &["off"], "this fault is not injected"),
    on(&[P::Scenes], &["○", "▶", "✓", "–"], "a step to come, of now, measured, missed"),
    on(&[P::Scenes], &["on"], "the scene that is played"),
    on(
        &[P::Race],
        &["sequential", "unlimited", "limited", "full"],
        "one after the other; all at once; so many permits; crawldeck itself",
    ),
    on(&[P::Race], &["bound"], "no strategy of its kind can be faster, by arithmetic"),
    on(&[P::Race], &["ratio"], "time taken, as a multiple of the bound"),
    on(&[P::Race], &["wall s", "bound s"], "seconds it took, and seconds it must take"),
    on(&[P::Race], &["memory", "memory MiB"], "most memory that it used"),
    on(&[P::Race], &["stall", "stall ms"], "longest time in which its event loop did nothing else"),
    on(&[P::Race], &["at once", "peak"], "requests in flight, and the most of them"),
    on(
        &[P::Race],
        &["failed", "saved"],
        "URLs without an answer that counts, and rows in a database",
    ),
    on(&[P::Race], &["measured", "strategy"], "the table that stays when you leave"),
    on(&[P::Race], &["█", "✗", "▮", "·"], "a URL: done, failed, in flight, to come"),
    // Every tab.
    on(
        &[P::Everywhere],
        &["CPU"],
        "time of one processor that the program used in the last second",
    ),
    on(
        &[P::Everywhere],
        &["loop late"],
        "how late the event loop came to its tasks at worst, in the last 10 s",
    ),
    on(
        &[P::Everywhere],
        &["RUNNING", "PAUSED", "STOPPING"],
        "the crawl goes on; waits for you or for a resource; finishes what is in flight",
    ),
    on(
        &[P::Everywhere],
        &["COMPLETE", "STOPPED", "FAILED", "STARTING"],
        "nothing is left; it can be resumed; it cannot go on; it begins",
    ),
    on(&[P::Everywhere], &["FROZEN"], "the picture stands still, the crawl goes on"),
    on(&[P::Everywhere], &["to go"], "URLs known and not finished"),
    on(
        &[P::Everywhere],
        &["failed", "skipped"],
        "pages that could not be fetched, or were left out",
    ),
    on(&[P::Everywhere], &["links", "retries"], "links found on pages, attempts after the first"),
    on(
        &[P::Everywhere],
        &["IGNORING ROBOTS", "CERTIFICATES NOT VERIFIED", "PRIVATE ADDRESSES ALLOWED"],
        "options that third parties should know of",
    ),
];
