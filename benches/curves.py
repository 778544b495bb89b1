"""Draws the curves of docs/figures.md from the numbers in benches/curves.json.

    curves.py take RESULTS [RESUME]   takes over what was measured: the results of `benches/crawl.sh permits memory`
                                      (crawl.jsonl in its BENCH_DIR), and what `cargo bench --bench resume` printed
                                      for several sizes
    curves.py draw                    writes assets/curve-*.svg, and reads each of them again by its own labels

Both axes of each are logarithmic. Python's own library is enough.
"""

import json
import math
import os
import re
import statistics
import sys
import xml.etree.ElementTree as ET

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
NUMBERS = os.path.join(ROOT, "benches", "curves.json")
SVG = "{http://www.w3.org/2000/svg}"

WIDTH, PLOT_HEIGHT = 720, 396
LEFT, RIGHT, TOP, BOTTOM = 78, 680, 46, 340
# Okabe and Ito: told apart by everybody; each series has a mark of its own as well.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"]

CURVES = {
    "permits": {
        "title": "Pages a second against permits",
        "x": "permits (requests in flight at most)", "y": "pages/s",
    },
    "memory": {
        "title": "Peak memory against URLs",
        "x": "URLs, all of them fetched and stored", "y": "MiB",
    },
    "resume": {
        "title": "From the start of a resume to the first page's request",
        "x": "URLs done, and as many that wait", "y": "ms",
    },
}


def load():
    if not os.path.exists(NUMBERS):
        return {}
    with open(NUMBERS, encoding="utf-8") as file:
        return json.load(file)


# Taking numbers over --------------------------------------------------------------------------------


def medians(rows, value):
    by_x = {}
    for x, row in rows:
        by_x.setdefault(x, []).append(value(row))
    return [[x, round(statistics.median(values), 2)] for x, values in sorted(by_x.items())]


def take(results, resume=None):
    numbers = load()
    with open(results, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    rate = lambda row: row["pages"] / row["span_s"]
    sites = {"permits-slow": "each response waits 50 ms", "permits-fast": "no wait"}
    kinds = {"links": "crawldeck", "client": "bare client"}
    permits = {}
    for part, site in sites.items():
        for kind, name in kinds.items():
            found = [(row["permits"], row) for row in rows if row["part"] == part and row["kind"] == kind]
            if found:
                permits[f"{name}, {site}"] = medians(found, rate)
    if permits:
        numbers["permits"] = permits
    memory = [(int(row["kind"]), row) for row in rows if row["part"] == "memory"]
    if memory:
        numbers["memory"] = {"crawldeck, SQLite": medians([(row["pages"], row) for _, row in memory],
                                                          lambda row: row["peak_mib"])}
    if resume:
        numbers["resume"] = take_resume(resume)
    with open(NUMBERS, "w", encoding="utf-8") as file:
        # One point a line.
        text = json.dumps(numbers, indent=1, ensure_ascii=False)
        file.write(re.sub(r"\[\s+([\d.]+),\s+([\d.]+)\s+\]", r"[\1, \2]", text) + "\n")


def take_resume(resume):
    """Of the lines `  100000 rows, 10000 hosts, …` and `    first request 12 ms, first page 34 ms`; of the two
    that follow each, the second: the first reads files that were just written."""
    series, size = {}, None
    with open(resume, encoding="utf-8") as file:
        for line in file:
            if match := re.match(r"\s+(\d+) rows, (\d+) hosts", line):
                rows, hosts = map(int, match.groups())
                size = (f"{hosts:,} host" + "s" * (hosts > 1), rows)
            elif (match := re.search(r"first page\s+(\d+) ms", line)) and size:
                series.setdefault(size[0], {})[size[1]] = int(match[1])
    return {name: [[x, y] for x, y in sorted(points.items())] for name, points in series.items()}


# Drawing --------------------------------------------------------------------------------------------


class Axis:
    """A logarithmic axis from one number of pixels to another."""

    def __init__(self, values, low, high):
        self.low, self.high = low, high
        self.ticks = [n * 10 ** e for e in range(-1, 8) for n in (1, 2, 5)]
        first = max(tick for tick in self.ticks if tick <= min(values))
        last = min(tick for tick in self.ticks if tick >= max(values))
        self.ticks = [tick for tick in self.ticks if first <= tick <= last]

    def at(self, value):
        first, last = math.log(self.ticks[0]), math.log(self.ticks[-1])
        return self.low + (self.high - self.low) * (math.log(value) - first) / (last - first)


def label(value):
    return f"{value:,.10g}" if value < 1_000_000 else f"{value / 1_000_000:g} million"


def outline(shape, x, y):
    """A circle, a square, a diamond or a triangle around (x, y)."""
    r = 4.5
    return [
        f"M{x - r:.2f} {y:.2f}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0z",
        f"M{x - r:.2f} {y - r:.2f}h{2 * r}v{2 * r}h{-2 * r}z",
        f"M{x:.2f} {y - 1.3 * r:.2f}l{1.3 * r} {1.3 * r}l{-1.3 * r} {1.3 * r}l{-1.3 * r} {-1.3 * r}z",
        f"M{x:.2f} {y - 1.2 * r:.2f}l{1.2 * r} {2.1 * r}h{-2.4 * r}z",
    ][shape]


def svg(name, series):
    about = CURVES[name]
    points = [point for values in series.values() for point in values]
    across, up = Axis([x for x, _ in points], LEFT, RIGHT), Axis([y for _, y in points], BOTTOM, TOP)
    height = PLOT_HEIGHT + 20 * len(series)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" font-family="sans-serif" font-size="13" fill="#222">',
        f"<title>{about['title']}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{LEFT}" y="24" font-size="15" font-weight="bold">{about["title"]}</text>',
        f'<text x="{(LEFT + RIGHT) / 2}" y="{BOTTOM + 44}" text-anchor="middle">{about["x"]}</text>',
        f'<text x="{LEFT - 8}" y="{TOP - 12}" text-anchor="end">{about["y"]}</text>',
    ]
    for tick in across.ticks:
        x = across.at(tick)
        out.append(f'<path d="M{x:.2f} {TOP}V{BOTTOM}" stroke="#ddd"/>')
        out.append(f'<text class="x" x="{x:.2f}" y="{BOTTOM + 20}" text-anchor="middle" data-value="{tick:g}">'
                   f"{label(tick)}</text>")
    for tick in up.ticks:
        y = up.at(tick)
        out.append(f'<path d="M{LEFT} {y:.2f}H{RIGHT}" stroke="#ddd"/>')
        out.append(f'<text class="y" x="{LEFT - 8}" y="{y + 4.5:.2f}" text-anchor="end" data-value="{tick:g}">'
                   f"{label(tick)}</text>")
    for index, (title, values) in enumerate(series.items()):
        colour = COLOURS[index]
        line = " ".join(f"{across.at(x):.2f},{up.at(y):.2f}" for x, y in values)
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for value in values:
            x, y = across.at(value[0]), up.at(value[1])
            out.append(f'<path class="point" data-x="{x:.2f}" data-y="{y:.2f}" d="{outline(index, x, y)}" '
                       f'fill="{colour}"><title>{value[0]:,}: {value[1]:,}</title></path>')
    # The legend, below the plot.
    for index, title in enumerate(series):
        x, y = LEFT + 10, PLOT_HEIGHT + 6 + 20 * index
        out.append(f'<path d="{outline(index, x + 2, y - 4.5)}" fill="{COLOURS[index]}"/>')
        out.append(f'<text x="{x + 14}" y="{y}">{title}</text>')
    return "\n".join(out) + "\n</svg>\n"


def read_again(text, series):
    """Reads every point by the labels of the axes, and compares it with the number that it stands for."""
    root = ET.fromstring(text)

    def scale(axis, at):
        ticks = [t for t in root.iter(SVG + "text") if t.get("class") == axis]
        places = [(float(t.get(axis)) - (4.5 if axis == "y" else 0), float(t.get("data-value"))) for t in ticks]
        for tick in ticks:
            assert label(float(tick.get("data-value"))) == tick.text, tick.text
        (a, low), (b, high) = places[0], places[-1]
        return math.exp(math.log(low) + (at - a) / (b - a) * (math.log(high) - math.log(low)))

    drawn = [p for p in root.iter(SVG + "path") if p.get("class") == "point"]
    wanted = [point for values in series.values() for point in values]
    assert len(drawn) == len(wanted), (len(drawn), len(wanted))
    for point, (x, y) in zip(drawn, wanted):
        for axis, value in (("x", x), ("y", y)):
            found = scale(axis, float(point.get(f"data-{axis}")))
            assert abs(found / value - 1) < 0.005, f"{axis}: {value} is drawn at {found}"


def draw():
    for name, series in load().items():
        if name not in CURVES:
            continue
        text = svg(name, series)
        read_again(text, series)
        with open(os.path.join(ROOT, "assets", f"curve-{name}.svg"), "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    if len(sys.argv) in (3, 4) and sys.argv[1] == "take":
        take(*sys.argv[2:])
    elif sys.argv[1:] == ["draw"]:
        draw()
    else:
        sys.exit(__doc__)
