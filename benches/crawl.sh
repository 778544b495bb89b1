#!/usr/bin/env bash
# Compares whole crawls by crawldeck with a bare HTTP client doing the same, and prints Markdown tables:
#
#     YARDSTICK=FOLDER benches/crawl.sh [PART...]
#
#     fast     20,000 pages of 12 kB with 25 links, 50 in flight: the client, crawldeck, crawldeck --store-links no
#     big      200,000 pages of 1.2 kB with 8 links, likewise
#     slow     5,000 pages of 12 kB that wait 50 ms: 50, 100 and 1,000 in flight
#     pty      the fast site with the dashboard drawn into a terminal of 200×60, against headless
#     hosts    10,000 pages of the lab site on 1, 10 and 10,000 hosts
#     databases    the fast site into SQLite, PostgreSQL and MariaDB, the servers on the same cores
#     peers    the fast site crawled by wget2, spider and Scrapy, where they are installed
#     permits  the sites fast and slow with 1 to 1,000 permits, for the curve
#     memory   10,000 to 1,000,000 URLs that a few pages of the lab link to, once each, for the curve
#     table    nothing is run; the tables of an earlier run in BENCH_DIR are printed again
#
# Without a PART: fast big slow pty hosts databases. All runs of a part alternate, so that each ratio is one of the same
# minutes. Of each crawl it is checked that every reachable page is in the database once; one that fails this
# ends the script. Needs nginx (with the module echo for `slow`), GNU time and Python 3; `databases` installs and
# starts its servers by tests/servers.sh.
#
# YARDSTICK is a folder with gen_site.py (writes a site), nginx.sh (serves it), measure.py (measures a command)
# and limits/ (the bare client, a Cargo package). Further settings, all of them environment variables:
#
#     RUNS=5                       crawls of each kind, of which the median counts
#     PORT=19080                   nginx listens there and on the three ports above, one site each
#     BENCH_DIR=FOLDER             where sites and results go; kept. Otherwise a temporary folder, removed
#     CRAWLDECK=FILE LIMITS=FILE   the programs; built when they are not given
#     SCALE=1                      a divisor of the sites' pages, to try the script
#     SPIDER_PEER_BIN=FILE PEER_PYTHON=FILE    for `peers`: YARDSTICK's spider program, a Python that has Scrapy
set -euo pipefail
cd "$(dirname "$0")/.."
yardstick=$(cd "${YARDSTICK:?set YARDSTICK to the folder of gen_site.py, nginx.sh, measure.py and limits/}" && pwd)
export YARDSTICK=$yardstick
runs=${RUNS:-5} port=${PORT:-19080} scale=${SCALE:-1}
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(fast big slow pty hosts databases)

server='' lab='' running='' temporary=''
clean_up() {
    [ -z "$running" ] || { kill "$running" && wait "$running"; } 2>/dev/null || true
    [ -z "$server" ] || "$yardstick/nginx.sh" stop "$server"
    [ -z "$lab" ] || kill "$lab" 2>/dev/null || true
    [ -z "${servers:-}" ] || CRAWLDECK_SERVERS=$servers tests/servers.sh stop
    [ -z "$temporary" ] || rm -rf "$temporary"
}
trap clean_up EXIT
if [ -z "${BENCH_DIR:-}" ]; then
    temporary=$(mktemp -d)
    BENCH_DIR=$temporary
fi
mkdir -p "$BENCH_DIR"
work=$(cd "$BENCH_DIR" && pwd)
results=$work/crawl.jsonl

say() { echo "==> $*" >&2; }

wants() { # part
    [[ " ${parts[*]} " == *" $1 "* ]]
}

# The programs ------------------------------------------------------------------------------------------------

target=${CARGO_TARGET_DIR:-target}
crawldeck=${CRAWLDECK:-$target/dist/crawldeck}
limits=${LIMITS:-$work/limits-target/release/limits}
if ! wants table; then
    # Results of several runs of this script are not put together: ratios are those of one run.
    : >"$results"
    [ -n "${CRAWLDECK:-}" ] || cargo build --profile dist --locked >&2
    if [ -z "${LIMITS:-}" ]; then
        # Cargo writes beside the manifest, and the folder need not be ours.
        rm -rf "$work/limits"
        cp -r "$yardstick/limits" "$work/limits"
        cargo build --release --manifest-path "$work/limits/Cargo.toml" --target-dir "$work/limits-target" >&2
    fi
fi

# Sites and servers -------------------------------------------------------------------------------------------

site() { # name, port, pages, links, bytes
    local folder=$work/$1-$2-$3
    if [ ! -e "$folder/manifest.json" ]; then
        say "writing the site $1: $3 pages"
        python3 "$yardstick/gen_site.py" --pages "$3" --links "$4" --bytes "$5" --base "http://127.0.0.1:$2" \
            --out "$folder" >&2
    fi
    echo "$folder"
}

serve() { # site folder, port, seconds that each response waits
    server=$work/nginx-$2
    "$yardstick/nginx.sh" start "$server" "$1" "$2" "${3:-0}"
    # The page cache holds the site, and the server is awake.
    find "$1/site" -type f -exec cat {} + >"$work/warm" && rm "$work/warm"
    python3 -c 'import sys, urllib.request as u; u.urlopen(sys.argv[1]).read()' "http://127.0.0.1:$2/"
}

unserve() {
    "$yardstick/nginx.sh" stop "$server"
    server=''
}

start_lab() { # arguments
    "$crawldeck" lab --port $((port + 3)) --latency 0 "$@" >"$work/lab.txt" &
    lab=$!
    python3 benches/crawl.py wait "http://127.0.0.1:$((port + 3))/load.json" >&2
}

stop_lab() {
    kill "$lab"
    wait "$lab" || true
    lab=''
}

# One crawl each ----------------------------------------------------------------------------------------------

# Runs a crawl, checks its rows and appends what was measured to the results.
crawl() { # part, kind, permits, site folder, port, command...
    local part=$1 kind=$2 permits=$3 folder=$4 at=$5
    shift 5
    measured --part "$part" --kind "$kind" --permits "$permits" --site "$folder" --server "$server" \
        --url "http://127.0.0.1:$at/" -- "$@"
}

# In the background, so that a signal to this script ends it at once.
measured() { # arguments of crawl.py run
    rm -f "$work/out.db"*
    python3 benches/crawl.py run --results "$results" --db "$work/out.db" "$@" &
    running=$!
    wait "$running"
    running=''
}

client() { # part, permits, site folder, port
    crawl "$1" client "$2" "$3" "$4" "$limits" store reqwest "$2" 2 "http://127.0.0.1:$4/" "$work/out.db"
}

ours() { # part, kind, permits, site folder, port, further arguments
    local part=$1 kind=$2 permits=$3 folder=$4 at=$5
    shift 5
    crawl "$part" "$kind" "$permits" "$folder" "$at" "$crawldeck" crawl "http://127.0.0.1:$at/" --config none \
        --permits "$permits" --workers "$permits" --db "sqlite://$work/out.db" "$@"
}

into_server() { # kind, URL of its database, site folder
    measured --part databases --kind "$1" --permits 50 --site "$3" --server "$server" --url "http://127.0.0.1:$port/" \
        --at "$2" --program "$crawldeck" -- "$crawldeck" crawl "http://127.0.0.1:$port/" --config none --headless \
        --permits 50 --workers 50 --db "$2"
}

compare() { # part, permits, site folder, port
    for ((round = 1; round <= runs; round++)); do
        say "$1, $2 permits: round $round of $runs"
        client "$1" "$2" "$3" "$4"
        ours "$1" links "$2" "$3" "$4" --headless
        ours "$1" no-links "$2" "$3" "$4" --headless --store-links no
    done
}

if wants fast || wants pty || wants permits || wants peers || wants databases; then
    folder=$(site fast "$port" $((20000 / scale)) 25 12000)
    serve "$folder" "$port"
    if wants fast; then compare fast 50 "$folder" "$port"; fi
    if wants pty; then
        for ((round = 1; round <= runs; round++)); do
            say "pty: round $round of $runs"
            ours pty headless 50 "$folder" "$port" --headless
            ours pty dashboard 50 "$folder" "$port"
        done
    fi
    if wants databases; then
        servers=$work/servers
        eval "$(CRAWLDECK_SERVERS=$servers tests/servers.sh start)"
        for ((round = 1; round <= runs; round++)); do
            say "databases: round $round of $runs"
            ours databases sqlite 50 "$folder" "$port" --headless
            # Each crawl begins with an empty database: crawldeck makes that of MariaDB itself.
            psql -q "$CRAWLDECK_TEST_POSTGRES" -c "DROP DATABASE IF EXISTS crawl_$((round - 1))" \
                -c "CREATE DATABASE crawl_$round TEMPLATE template0"
            into_server postgres "${CRAWLDECK_TEST_POSTGRES%/*}/crawl_$round" "$folder"
            into_server mariadb "${CRAWLDECK_TEST_MYSQL%/*}/crawl_$round" "$folder"
        done
        tests/servers.sh stop
        servers=''
    fi
    if wants permits; then
        for permits in 1 2 5 10 20 50 100 200 500 1000; do
            for ((round = 1; round <= runs; round++)); do
                say "fast, $permits permits: round $round of $runs"
                client permits-fast "$permits" "$folder" "$port"
                ours permits-fast links "$permits" "$folder" "$port" --headless
            done
        done
    fi
    if wants peers; then
        for ((round = 1; round <= runs; round++)); do
            say "peers: round $round of $runs"
            ours peers crawldeck 50 "$folder" "$port" --headless
            url=http://127.0.0.1:$port/
            if command -v wget2 >/dev/null; then
                crawl peers wget2 50 "$folder" "$port" wget2 -q --no-config -r -l inf --tries=1 --max-threads=50 \
                    --robots=off --ignore-tags=img,link,script -P "$work/tree" "$url"
                rm -rf "$work/tree"
            fi
            if [ -n "${SPIDER_PEER_BIN:-}" ]; then
                crawl peers spider 50 "$folder" "$port" "$SPIDER_PEER_BIN" "$url" 50 "$work/out.jsonl"
            fi
            if [ -n "${PEER_PYTHON:-}" ]; then
                crawl peers scrapy 50 "$folder" "$port" "$PEER_PYTHON" "$yardstick/peers/scrapy_peer.py" "$url" 50 \
                    "$work/out.jsonl"
            fi
            rm -f "$work/out.jsonl"
        done
    fi
    unserve
fi

if wants slow || wants permits; then
    folder=$(site slow $((port + 1)) $((5000 / scale)) 25 12000)
    serve "$folder" $((port + 1)) 0.05
    if wants slow; then
        for permits in 50 100 1000; do compare slow "$permits" "$folder" $((port + 1)); done
    fi
    if wants permits; then
        # One crawl with few permits is mostly waiting, and always takes the same time.
        for permits in 5 10 20 50 100 200 500 1000; do
            for ((round = 1; round <= (permits < 50 ? 1 : runs); round++)); do
                say "slow, $permits permits: round $round of $runs"
                client permits-slow "$permits" "$folder" $((port + 1))
                ours permits-slow links "$permits" "$folder" $((port + 1)) --headless
            done
        done
    fi
    unserve
fi

if wants big; then
    folder=$(site big $((port + 2)) $((200000 / scale)) 8 1000)
    serve "$folder" $((port + 2))
    compare big 50 "$folder" $((port + 2))
    unserve
fi

if wants hosts; then
    pages=$((10000 / scale))
    for ((round = 1; round <= runs; round++)); do
        for hosts in 1 $((10 / scale > 1 ? 10 / scale : 2)) "$pages"; do
            say "$hosts hosts: round $round of $runs"
            start_lab --hosts "$hosts" --pages "$pages"
            measured --part hosts --kind "$hosts" --permits 50 --url "http://127.0.0.1:$((port + 3))/" -- \
                "$crawldeck" crawl "http://127.0.0.1:$((port + 3))/" --config none --headless --scope any --allow-private \
                --no-sitemaps --permits 50 --workers 50 --backoff 1ms --db "sqlite://$work/out.db"
            stop_lab
        done
    done
fi

if wants memory; then
    start_lab
    for urls in 10000 20000 50000 100000 200000 500000 1000000; do
        say "memory: $urls URLs"
        each=$((urls / scale < 5000 ? urls / scale : 5000))
        seq 0 "$each" $((urls / scale - 1)) | sed "s|^|http://127.0.0.1:$((port + 3))/links/$each/|" >"$work/list.txt"
        measured --part memory --kind "$urls" --permits 50 --url "http://127.0.0.1:$((port + 3))/" \
            --expect $(($(wc -l <"$work/list.txt") * (each + 1))) -- \
            "$crawldeck" crawl --list "$work/list.txt" --config none --headless --no-sitemaps \
            --permits 50 --workers 50 --db "sqlite://$work/out.db"
    done
    stop_lab
fi

rm -f "$work/out.db"*
python3 benches/crawl.py table "$results" "$("$crawldeck" --version)"
