"""Measures one crawl and checks its rows, and prints the tables of many; benches/crawl.sh calls it.

    crawl.py run --results FILE --part P --kind K --permits N --url URL --db FILE
                 [--site S --server N] [--expect PAGES] [--at URL --program FILE] -- COMMAND
    crawl.py wait URL
    crawl.py table FILE [VERSION]

A line of the results is one crawl: wall and CPU seconds (user + system, of the crawler alone), peak memory,
requests that the server counted, and what the database says: pages that ended well, seconds from the first
page's request to the last commit, seconds from the start of the process to that request. With `--at` that is
the database of a server, which `--program` exports. Python's own library is enough.
"""

import argparse
import fcntl
import json
import os
import pty
import re
import select
import signal
import sqlite3
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
import urllib.request
from datetime import datetime, timezone

TIME = "/usr/bin/time"
# Rows and columns of the terminal that the dashboard is drawn into.
TERMINAL = (60, 200)
# No crawl here takes as long.
TOO_LONG_S = 1200


def fail(why):
    sys.exit(f"crawl.py: {why}")


def get_json(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def wait(url):
    """Until a server answers."""
    for _ in range(200):
        try:
            return get_json(url)
        except OSError:
            time.sleep(0.05)
    fail(f"nothing answers at {url}")


# One crawl ------------------------------------------------------------------------------------------


def ended(command):
    """Exit code and standard output of a command, which ends with this program."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          start_new_session=True) as process:
        try:
            out, _ = process.communicate()
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            raise
    return process.returncode, out


def by_measure(args, command):
    """Runs the command by the yardstick's measure.py, against nginx."""
    measure = os.path.join(os.environ["YARDSTICK"], "measure.py")
    pid = os.path.join(args.server, "nginx.pid")
    code, out = ended(
        [sys.executable, measure, "--name", args.kind, "--status", args.url + "nginx_status", "--nginx-pid", pid,
         "--runs", "1", "--timeout", str(TOO_LONG_S), "--", *command])
    if code != 0:
        fail(f"measure.py ended with {code}")
    row = json.loads(out.splitlines()[-1])
    # wget2 ends with 8 when the server answered an error, as it does for pages that are not there.
    if row["rc"] not in ((0, 8) if args.kind == "wget2" else (0,)) or row["timed_out"]:
        fail(f"{args.kind} ended with {row['rc']}: {row.get('tail')}")
    return {"wall_s": row["wall_s"], "cpu_s": row["user_s"] + row["sys_s"], "peak_mib": row["rss_mib"],
            "requests": row["requests"], "said": row.get("tail", "")}


def timed(run, command):
    """Runs the command by `run` under GNU time: a peak that a child reports would include ours."""
    with tempfile.NamedTemporaryFile() as out:
        begin = time.monotonic()
        code = run([TIME, "-o", out.name, "-f", "%U %S %M", *command])
        wall = time.monotonic() - begin
        numbers = out.read().decode().splitlines()[-1].split()
    if code != 0:
        fail(f"{command[0]} ended with {code}")
    user, system, peak = (float(number) for number in numbers)
    return {"wall_s": wall, "cpu_s": user + system, "peak_mib": peak / 1024}


def is_complete(db):
    try:
        with sqlite3.connect(f"file:{db}?mode=ro", uri=True, timeout=1) as connection:
            return connection.execute("SELECT state = 'complete' FROM crawls").fetchone() == (1,)
    except sqlite3.Error:
        return False


def in_terminal(db):
    """Runs a command with the dashboard on a terminal whose output is read at once, and leaves it when
    the crawl is complete."""
    def run(command):
        child, terminal = pty.fork()
        if child == 0:
            os.environ["TERM"] = "xterm-256color"
            os.execvp(command[0], command)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *TERMINAL, 0, 0))
        drawn, looked, left = 0, time.monotonic(), False
        while True:
            ready, _, _ = select.select([terminal], [], [], 0.05)
            try:
                drawn += len(os.read(terminal, 1 << 20)) if ready else 0
            except OSError:  # The program has closed the terminal.
                break
            if not left and time.monotonic() - looked > 0.1:
                looked = time.monotonic()
                if is_complete(db):
                    left = True
                    os.write(terminal, b"q")
        status = os.waitpid(child, 0)[1]
        if drawn < 10_000:
            fail(f"only {drawn} bytes were drawn")
        return os.waitstatus_to_exitcode(status)
    return run


def of_crawldeck(db, began):
    """What a database of crawldeck says of the one crawl in it, whose process began at the time in a file."""
    with open(began, encoding="ascii") as file:
        began = float(file.read())
    with sqlite3.connect(f"file:{db}?mode=ro", uri=True) as connection:
        one = lambda sql: connection.execute(sql).fetchone()
        ok, distinct = one("SELECT count(*), count(DISTINCT url_hash) FROM scraped_pages WHERE status = 200")
        first, = one("SELECT min((julianday(created_at) - 2440587.5) * 86400 - elapsed_ms / 1000.0) "
                     "FROM scraped_pages WHERE status IS NOT NULL")
        state, last, totals = one("SELECT state, (julianday(updated_at) - 2440587.5) * 86400, totals FROM crawls")
        found, = one("SELECT sum(links_found) FROM scraped_pages")
        links, = one("SELECT count(*) FROM links")
        open_urls, = one("SELECT count(*) FROM frontier")
        hosts, = one("SELECT count(DISTINCT host) FROM scraped_pages")
    if state != "complete" or open_urls:
        fail(f"the crawl is {state}, and {open_urls} URLs are open")
    if ok != distinct:
        fail(f"{ok} pages, of which {distinct} are distinct")
    return {"pages": ok, "found": found, "links": links, "hosts": hosts, "span_s": last - first,
            "start_s": first - began, "all_pages": json.loads(totals)["pages"]}


def of_server(program, at):
    """The same of the newest crawl in the database of a server."""
    def rows(name):
        code, out = ended([program, "export", at, "--format", "jsonl", "--table", name])
        if code != 0:
            fail(f"the export of {name} ended with {code}")
        return [json.loads(line) for line in out.splitlines()]

    seconds = lambda row, key: datetime.fromisoformat(row[key]).timestamp()
    pages, crawl = rows("pages"), rows("crawls")[0]
    ok = [page["url_hash"] for page in pages if page["status"] == 200]
    if crawl["state"] != "complete" or rows("frontier"):
        fail(f"the crawl is {crawl['state']}, or URLs are open")
    if len(ok) != len(set(ok)):
        fail(f"{len(ok)} pages, of which {len(set(ok))} are distinct")
    first = min(seconds(page, "created_at") - page["elapsed_ms"] / 1000 for page in pages if page["status"])
    return {"pages": len(ok), "found": sum(page["links_found"] for page in pages), "links": len(rows("links")),
            "span_s": seconds(crawl, "updated_at") - first}


def of_client(db, said):
    """What the database of the bare client says, and the client itself."""
    with sqlite3.connect(f"file:{db}?mode=ro", uri=True) as connection:
        pages, = connection.execute("SELECT count(*) FROM pages WHERE status = 200").fetchone()
    return {"pages": pages, "span_s": json.loads(said)["seconds"]}


def check(args, row):
    """That every reachable page is there, once: a unique column says the second."""
    if args.site:
        with open(os.path.join(args.site, "manifest.json"), encoding="utf-8") as file:
            expected = json.load(file)["unique_reachable_pages"]
        if "pages" in row and row["pages"] != expected:
            fail(f"{args.kind}: {row['pages']} of {expected} pages")
        # What keeps no database is held to the count of requests: the pages, and some that are not there.
        if "requests" in row and not expected <= row["requests"] <= 1.1 * expected + 10:
            fail(f"{args.kind}: {row['requests']} requests for {expected} pages")
    elif args.expect:
        if row["pages"] != args.expect:
            fail(f"{row['pages']} of {args.expect} pages")
    else:
        truth = get_json(args.url + "truth.json")
        if row["all_pages"] != truth["pages"] or row["pages"] != truth["by_status"]["200"]:
            fail(f"{row['pages']} of {truth['by_status']['200']} pages")
        if row["hosts"] != int(args.kind):
            fail(f"{row['hosts']} of {args.kind} hosts")
    if "links" in row and (row["links"] == 0) != (args.kind == "no-links"):
        fail(f"{args.kind}: {row['links']} links are stored")
    if "found" in row and not row["found"]:
        fail("no links were found")


def run(args):
    # The moment at which the crawler itself is started, behind all that measures it.
    began = args.db + ".began"
    args.command = ["sh", "-c", 'date +%s.%N >"$0"; exec "$@"', began, *args.command]
    if args.kind == "dashboard":
        row = timed(in_terminal(args.db), args.command)
    elif args.server:
        row = by_measure(args, args.command)
    else:
        get_json(args.url + "load.json?reset=1")
        row = timed(lambda command: ended(command)[0], args.command)
        row["requests"] = get_json(args.url + "load.json")["requests"]
    if os.path.exists(args.db):
        row |= of_client(args.db, row["said"]) if args.kind == "client" else of_crawldeck(args.db, began)
        row["database_mib"] = os.path.getsize(args.db) / (1 << 20)
    elif args.at:
        row |= of_server(args.program, args.at)
    row.pop("said", None)
    check(args, row)
    row |= {"part": args.part, "kind": args.kind, "permits": args.permits}
    with open(args.results, "a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


# The tables -----------------------------------------------------------------------------------------


class Rows:
    """The crawls of one part, kind and number of permits, in the order of the rounds."""

    def __init__(self, rows):
        self.rows = rows

    def each(self, key):
        return [row[key] for row in self.rows if key in row]

    def median(self, key):
        return statistics.median(self.each(key))

    def figures(self, key="wall_s"):
        return f"{self.median(key):.2f} s; {self.median('cpu_s'):.2f} s CPU; {self.median('peak_mib'):.0f} MiB"

    def ratio(self, other, key, inverse=False):
        """That of the medians, and the least and the greatest of the rounds."""
        pairs = [(b / a if inverse else a / b) for a, b in zip(self.each(key), other.each(key))]
        a, b = self.median(key), other.median(key)
        return f"**{b / a if inverse else a / b:.2f}** ({min(pairs):.2f}–{max(pairs):.2f})"


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|---" * len(head) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def machine():
    with open("/proc/meminfo", encoding="utf-8") as file:
        kib = int(re.search(r"MemTotal:\s+(\d+)", file.read())[1])
    cores, system = len(os.sched_getaffinity(0)), os.uname()
    return f"{cores} cores shared by crawler and server, {kib >> 20} GiB, {system.sysname} {system.release.split('-')[0]}"


WORK = {
    "fast": "{pages:,} pages × 12 kB × 25 links, {permits} in flight",
    "big": "{pages:,} pages × 1.2 kB × 8 links, {permits} in flight",
}
KINDS = {"links": "crawldeck, links stored", "no-links": "crawldeck `--store-links no`"}


def tables(results, version):
    with open(results, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    groups = {}
    for row in lines:
        groups.setdefault((row["part"], row["permits"], row["kind"]), []).append(row)
    of = lambda part, permits, kind: Rows(groups[part, permits, kind])
    rounds = max(map(len, groups.values()), default=0)
    day = datetime.now(timezone.utc).date()
    print(f"{version}, {day}; {machine()}; medians of {rounds}, in brackets the least and the greatest ratio of "
          f"a round. *client* is reqwest with lol_html, deduplication and one SQLite row a page, no links stored. "
          f"Every reachable page was checked to be stored once in each crawl.\n")
    parts = {part for part, _, _ in groups}
    work = []
    for part, text in WORK.items():
        for kind, name in KINDS.items():
            if (part, 50, kind) in groups:
                a, b = of(part, 50, "client"), of(part, 50, kind)
                what = text.format(pages=int(a.median("pages")), permits=50)
                work.append([f"{what}; {name}", a.figures(), b.figures(), b.ratio(a, "wall_s", inverse=True),
                             b.ratio(a, "cpu_s"), f"{1e6 * b.median('cpu_s') / b.median('pages'):.0f} µs"])
    if work:
        table(["work", "client", "crawldeck", "speed", "CPU", "CPU a page"], work)
    if "slow" in parts:
        print("Each response waits 50 ms. From the first page's request to the last commit; start-up and robots.txt "
              "apart.\n")
        slow = []
        for permits in sorted({permits for part, permits, _ in groups if part == "slow"}):
            for kind, name in KINDS.items():
                a, b = of("slow", permits, "client"), of("slow", permits, kind)
                slow.append([f"{int(a.median('pages')):,} pages, {permits:,} permits; {name}", a.figures("span_s"),
                             b.figures("span_s"), b.ratio(a, "span_s", inverse=True),
                             f"{1000 * b.median('start_s'):.0f} ms"])
        table(["work", "client", "crawldeck", "speed", "start"], slow)
    if "pty" in parts:
        a, b = of("pty", 50, "headless"), of("pty", 50, "dashboard")
        table(["headless", "dashboard in 200×60", "speed", "CPU"],
              [[a.figures("span_s"), b.figures("span_s"), b.ratio(a, "span_s", inverse=True), b.ratio(a, "cpu_s")]])
    if "hosts" in parts:
        hosts = sorted((int(kind), permits) for part, permits, kind in groups if part == "hosts")
        per = lambda rows: [{"per": row["span_s"] / row["requests"], "cpu": row["cpu_s"] / row["requests"]} for row in rows]
        base = Rows(per(groups["hosts", hosts[0][1], str(hosts[0][0])]))
        found = []
        for count, permits in hosts:
            rows, own = of("hosts", permits, str(count)), Rows(per(groups["hosts", permits, str(count)]))
            found.append([f"{count:,}", f"{rows.median('requests'):,.0f}", rows.figures("span_s"),
                          own.ratio(base, "per", inverse=True), own.ratio(base, "cpu")])
        table(["hosts", "requests", "crawldeck", "speed per request", "CPU per request"], found)
    if "databases" in parts:
        base = of("databases", 50, "sqlite")
        table(["database", "crawldeck, links stored", "speed", "CPU of the crawler"],
              [[name, rows.figures("span_s"), rows.ratio(base, "span_s", inverse=True), rows.ratio(base, "cpu_s")]
               for name in ("sqlite", "postgres", "mariadb") for rows in [of("databases", 50, name)]])
    if "peers" in parts:
        base, found = of("peers", 50, "crawldeck"), []
        for part, permits, kind in groups:
            if part == "peers":
                rows = of("peers", permits, kind)
                found.append([kind, rows.figures(), base.ratio(rows, "wall_s", inverse=True)])
        table(["crawler", "fast site, 50 in flight", "crawldeck is faster by"], found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="what", required=True)
    one = commands.add_parser("run")
    for name in ("results", "part", "kind", "url", "db"):
        one.add_argument(f"--{name}", required=True)
    one.add_argument("--permits", type=int, required=True)
    one.add_argument("--expect", type=int)
    one.add_argument("--site")
    one.add_argument("--server")
    one.add_argument("--at")
    one.add_argument("--program")
    one.add_argument("command", nargs=argparse.REMAINDER)
    commands.add_parser("wait").add_argument("url")
    shown = commands.add_parser("table")
    shown.add_argument("results")
    shown.add_argument("version", nargs="?", default="crawldeck")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if args.what == "run":
        args.command = args.command[1:] if args.command[:1] == ["--"] else args.command
        run(args)
    elif args.what == "wait":
        wait(args.url)
    else:
        tables(args.results, args.version)


if __name__ == "__main__":
    main()
