"""Prints what the autopilot gave in the crawls of `tests/long.sh autopilot`: one argument, their folder."""

import json
import re
import sys
from datetime import datetime

folder = sys.argv[1]
LINE = re.compile(r"^\w+ (\d+) s: ([\d.]+) pages/s, (\d+) done.*?(?:, autopilot (.*))?$", re.M)


def progress(name):
    """Seconds, pages and what the autopilot said, line by line."""
    with open(f"{folder}/{name}.txt") as file:
        lines = LINE.findall(file.read())
    return [(int(at), int(pages), said) for at, _, pages, said in lines]


def rate(name, since, until=10**9):
    """Pages per second between two lines of progress."""
    lines = [line for line in progress(name) if since <= line[0] <= until]
    if len(lines) < 2:
        return 0.0
    (first, before, _), (last, after, _) = lines[0], lines[-1]
    return (after - before) / max(last - first, 1)


def rows(name, table):
    with open(f"{folder}/{name}.{table}") as file:
        return [json.loads(line) for line in file]


def permits(name):
    """When permits changed, in seconds since the start, and to what; what was turned in between."""
    changes = rows(name, "changes")
    seconds = lambda text: datetime.fromisoformat(str(text).replace("Z", "+00:00").replace(" ", "T")).timestamp()
    start = seconds(changes[0]["at"])
    found = [(seconds(row["at"]) - start, row["what"]) for row in changes]
    moved = [(at, re.match(r"permits \d+ → (\d+)", what)) for at, what in found]
    return [(at, int(match[1])) for at, match in moved if match], found


def row(what, value, wanted):
    print(f"| {what} | {value} | {wanted} |")


print("| what | measured | wanted |\n|---|---|---|")
moves, _ = permits("settles")
settled = next((at for at, to in moves if 28 <= to <= 40 and at > 5), float("inf"))
later = [to for at, to in moves if at > settled]
row("lab: settles between 28 and 40 permits after", f"{settled:.1f} s", "20 s")
row("lab: permits after that, probes with them", f"{min(later, default=0)} to {max(later, default=0)}", "")
best = max(rate("fixed32", 5), rate("fixed40", 5))
given = rate("settles", 20)
row("lab: pages/s after 20 s", f"{given:.0f}, {given / 320:.3f} of 320", "0.95 of the capacity")
row("lab: share of the best of 32 and 40 permits", f"{given / max(best, 1):.3f} of {best:.0f}", "")

moves, found = permits("halves")
halved = next((at for at, what in found if "capacity 32 → 16" in what), 0.0)
back = next((at for at, what in found if "capacity 16 → 32" in what), 0.0)
low = next((at - halved for at, to in moves if at > halved and to < 24), float("inf"))
high = next((at - back for at, to in moves if at > back and to >= 28), float("inf"))
row("capacity halves: below 24 permits after", f"{low:.1f} s", "15 s")
row("capacity returns: 28 permits or more after", f"{high:.1f} s", "40 s")

timeline = [entry for entry in rows("limited", "timeline")][2:]
requests = sum(entry["requests"] for entry in timeline)
refused = sum(entry["refused"] for entry in timeline)
row("50 requests/s: share of 429 after 20 s", f"{refused / max(requests, 1):.4f} of {requests}", "0.01")
row("50 requests/s: pages/s after 20 s", f"{rate('limited', 20):.1f}", "")

fixed = {permits: rate(f"nginx{permits}", 5) for permits in (4, 8, 16, 32, 64, 128, 256)}
best = max(fixed, key=fixed.get)
given = rate("nginx", 10)
row("nginx: pages/s by permits", ", ".join(f"{n}: {x:.0f}" for n, x in fixed.items()), "")
row("nginx: share of the best after 10 s", f"{given / max(fixed[best], 1):.3f} of {fixed[best]:.0f} ({best} permits)", "0.95")
said = [line[2] for line in progress("nginx") if line[2]]
row("nginx: it says", said[-1] if said else "nothing", "its own limit")
