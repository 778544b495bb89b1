#!/usr/bin/env bash
# What takes minutes, and is no part of `cargo test` or .ci/run:
#
#     tests/long.sh figures               measures the project's figures, in a release build
#     tests/long.sh bench [ARGUMENT...]   cargo bench: all benchmarks, or as the arguments say
#     tests/long.sh databases             saving and resuming on SQLite, PostgreSQL and MariaDB, measured
#     tests/long.sh pages [DATABASE]      how long the dashboard waits for stored pages, with ten million links:
#                                         in_a_file, on_a_postgres_server or on_a_mysql_server
#     tests/long.sh plans                 query plans with a million rows, on PostgreSQL and MariaDB
#     tests/long.sh kills [ROUNDS]        kill -9 at random moments, on each database: ROUNDS (5) times
#     tests/long.sh hostile               prints the table of the hostile suite
#     tests/long.sh honest                compares two equal settings twenty times, and prints the verdicts
#     tests/long.sh http2                 crawls nginx by HTTP/1.1 and HTTP/2, and prints a table (needs nginx)
#     tests/long.sh autopilot             crawls the lab and nginx with the autopilot, and prints how soon it
#                                         settles and what it gives (ten minutes; needs nginx)
#     tests/long.sh verdict [SCENE...]    plays the scenes that the verdict is tested on, and prints the table;
#                                         RECORD=1 records them again for cargo test (needs nginx)
#     tests/long.sh scenes [SCENE...]     plays the scenes of the lab, and prints the second at which each step ticked;
#                                         RECORD=1 records them again for cargo test (five minutes)
#     tests/long.sh tune [RUNS]           tune on a lab of capacity 32, RUNS (5) times, and on nginx: prints the tables
#     tests/long.sh pictures              draws the recordings in assets/ again (report.png needs Chromium)
#     tests/long.sh all                   figures, bench, databases, plans, kills
#
# Database servers are started by tests/servers.sh, and are stopped at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "==> $*"; }

# Runs the tests of a binary that a filter selects. Cargo is content when the filter matches none.
run_tests() { # binary, filter, --ignored or --include-ignored, then arguments of cargo
    local binary=$1 filter=$2 which=$3 count
    shift 3
    count=$(cargo test "$@" --test "$binary" "$filter" -- --include-ignored --list | grep -c ': test$') || true
    if [ "$count" = 0 ]; then
        echo "no test of '$binary' has '$filter' in its name" >&2
        return 1
    fi
    say "$count tests: $binary, $filter"
    cargo test "$@" --test "$binary" "$filter" -- --nocapture --test-threads 1 "$which"
}

servers=
end_servers() {
    [ -z "$servers" ] || CRAWLDECK_SERVERS=$servers tests/servers.sh stop
    servers=
}
trap end_servers EXIT

start_servers() {
    local exports
    [ -z "$servers" ] || return 0
    servers=$(mktemp -d)
    exports=$(CRAWLDECK_SERVERS=$servers tests/servers.sh start)
    eval "$exports"
}

figures() { run_tests engine numbers:: --ignored --release; }

databases() {
    local name empty
    start_servers
    for name in saving resume; do
        # An empty database for each benchmark; that of MariaDB is made by the program.
        empty=${CRAWLDECK_TEST_POSTGRES%/*}/bench_$name
        psql -q "$CRAWLDECK_TEST_POSTGRES" -c "CREATE DATABASE bench_$name TEMPLATE template0"
        POSTGRES=$empty MYSQL=${CRAWLDECK_TEST_MYSQL%/*}/bench_$name cargo bench --bench "$name"
    done
}

plans() {
    start_servers
    run_tests store plans:: --ignored
}

pages() { # the database
    [ "$1" = in_a_file ] || start_servers
    run_tests store "ten_million_links::$1" --ignored --release
}

kills() {
    local round rounds=$1
    start_servers
    for ((round = 1; round <= rounds; round++)); do
        say "kills, round $round of $rounds"
        run_tests durability kill:: --include-ignored
    done
}

hostile() { run_tests engine hostile::the_table --ignored; }

honest() { run_tests engine measured::honest --ignored; }

# A site of 200,000 small pages on nginx without any limit: page N links to 8 others, each of which one page links to.
plain_site() { # folder, port
    python3 - "$1/www" <<'PAGES'
import os, sys
folder, pages, links = sys.argv[1], 200_000, 8
name = lambda n: f"/p/{n // 1000}/{n}.html"
for n in range(pages):
    path = folder + (name(n) if n else "/index.html")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    to = range(links * n + 1, min(links * n + links + 1, pages))
    with open(path, "w") as page:
        page.write(f"<title>page {n}</title>\n" + "".join(f'<a href="{name(i)}">{i}</a>\n' for i in to))
        page.write("<p>" + "words " * 120 + "</p>\n")
PAGES
    cat >"$1/nginx.conf" <<CONF
pid $1/pid; error_log $1/error.log; user root; worker_processes 1; events { worker_connections 2048; }
http {
    access_log off; types { text/html html; } keepalive_requests 10000000; sendfile on;
    client_body_temp_path $1/tmp/a; proxy_temp_path $1/tmp/b; fastcgi_temp_path $1/tmp/c;
    uwsgi_temp_path $1/tmp/d; scgi_temp_path $1/tmp/e;
    server { listen 127.0.0.1:$2 backlog=2048; root $1/www; }
}
CONF
    mkdir -p "$1/tmp"
}

autopilot() {
    local folder port=21998 permits program=${CRAWLDECK:-target/release/crawldeck}
    [ -n "${CRAWLDECK:-}" ] || cargo build --release
    folder=$(mktemp -d)
    # Crawls for so many seconds; leaves the lines of progress and the journal.
    fly() { # name, seconds, arguments
        local name=$1 seconds=$2
        shift 2
        timeout -s INT -k 20 "$seconds" "$program" "$@" --headless --json --db "$folder/$name.db" \
            >"$folder/$name.json" 2>"$folder/$name.txt" || true
        for table in changes timeline; do
            "$program" export "$folder/$name.db" --table "$table" --format jsonl >"$folder/$name.$table" \
                2>"$folder/export.txt" || cat "$folder/export.txt"
        done
        rm -f "$folder/$name.db"*
    }
    say "the lab: capacity 32, latency 100 ms, so 320 pages/s and a knee of 32 permits"
    for permits in 32 40; do
        fly "fixed$permits" 35 demo --capacity 32 --latency 100ms --pages 300000 --scope host --permits "$permits" \
            --workers $((2 * permits + 8))
    done
    fly settles 90 demo --capacity 32 --latency 100ms --pages 300000 --scope host --autopilot
    say "its capacity halves after 60 s and returns after 120 s"
    fly halves 185 demo moving-target --latency 100ms
    say "the lab answers 50 requests a second, and others with 429"
    fly limited 90 demo --latency 100ms --rate-limit 50 --pages 300000 --scope host --autopilot
    say "nginx, without a limit"
    plain_site "$folder" "$port"
    nginx -p "$folder" -c "$folder/nginx.conf" -e "$folder/error.log"
    for permits in 4 8 16 32 64 128 256; do
        fly "nginx$permits" 15 crawl "http://127.0.0.1:$port/" --permits "$permits" --workers $((2 * permits + 8))
    done
    fly nginx 40 crawl "http://127.0.0.1:$port/" --autopilot
    nginx -p "$folder" -c "$folder/nginx.conf" -e "$folder/error.log" -s stop
    python3 tests/autopilot_table.py "$folder"
    rm -r "$folder"
}

verdict() { # scenes
    cargo build
    SCENES="$*" run_tests engine verdict::live:: --ignored
}

scenes() { # scenes
    SCENES="$*" run_tests ui scenes::live --ignored
}

# A site of 5,000 pages behind nginx, which ends a connection after so many requests.
nginx_site() { # folder, port, keepalive_requests
    local n
    mkdir -p "$1/www" "$1/tmp"
    if [ ! -e "$1/key.pem" ]; then
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
            -keyout "$1/key.pem" -out "$1/cert.pem" 2>/dev/null
        for ((n = 1; n <= 5000; n++)); do
            mkdir -p "$1/www/d$((n / 100))"
            printf '<title>p%d</title>%600s' "$n" words >"$1/www/d$((n / 100))/p$n.html"
            printf '<a href="/d%d/p%d.html">%d</a>\n' $((n / 100)) "$n" "$n"
        done >"$1/www/index.html"
    fi
    cat >"$1/nginx.conf" <<CONF
pid $1/pid; error_log $1/error.log; user root; events { worker_connections 512; }
http {
    access_log off; types { text/html html; } keepalive_requests $3;
    client_body_temp_path $1/tmp/a; proxy_temp_path $1/tmp/b; fastcgi_temp_path $1/tmp/c;
    uwsgi_temp_path $1/tmp/d; scgi_temp_path $1/tmp/e;
    server {
        listen 127.0.0.1:$2 ssl http2; root $1/www;
        ssl_certificate $1/cert.pem; ssl_certificate_key $1/key.pem;
    }
}
CONF
}

http2() {
    local folder port=21999 requests permits version options program=${CRAWLDECK:-target/release/crawldeck}
    [ -n "${CRAWLDECK:-}" ] || cargo build --release
    folder=$(mktemp -d)
    echo "| keepalive_requests | permits | version | ok | seconds | retries | resent | breaker openings |"
    echo "|---|---|---|---|---|---|---|---|"
    for requests in 1000 40; do
        nginx_site "$folder" "$port" "$requests"
        nginx -p "$folder" -c "$folder/nginx.conf" -e "$folder/error.log"
        for permits in 20 50; do
            for version in 1.1 2; do
                options=()
                [ "$version" = 2 ] || options=(--http1)
                rm -f "$folder"/c.db*
                "$program" crawl "https://127.0.0.1:$port/" --db "$folder/c.db" --insecure --headless --json \
                    --permits "$permits" --workers "$permits" "${options[@]}" >"$folder/end.json" 2>"$folder/end.txt"
                "$program" export "$folder/c.db" --table hosts --format jsonl >"$folder/hosts.json"
                python3 - "$requests" "$permits" "$version" "$folder" <<'TABLE'
import json, sys
end = json.load(open(sys.argv[4] + "/end.json"))
openings = sum(json.loads(line)["incidents"] for line in open(sys.argv[4] + "/hosts.json"))
cells = [*sys.argv[1:4], end["ok"], f"{end['elapsed_s']:.2f}", end["retries"], end["resent"], openings]
print("|", " | ".join(map(str, cells)), "|")
TABLE
            done
        done
        nginx -p "$folder" -c "$folder/nginx.conf" -e "$folder/error.log" -s stop
        while [ -e "$folder/pid" ]; do sleep 0.1; done
    done
    rm -r "$folder"
}

# The lab's knee is 32; nginx's is that of this machine.
tune() { # runs
    local folder run program=${CRAWLDECK:-target/release/crawldeck} port=21997 lab
    [ -n "${CRAWLDECK:-}" ] || cargo build --release
    folder=$(mktemp -d)
    "$program" lab --port $port --capacity 32 --latency 100ms --pages 60000 >"$folder/lab.txt" &
    lab=$!
    until grep -q listening "$folder/lab.txt"; do sleep 0.1; done
    for ((run = 1; run <= $1; run++)); do
        say "lab, run $run of $1"
        "$program" tune "http://127.0.0.1:$port/"
    done
    kill "$lab"
    plain_site "$folder" 21998
    nginx -p "$folder" -c "$folder/nginx.conf" -e "$folder/error.log"
    say "nginx"
    "$program" tune http://127.0.0.1:21998/
    nginx -p "$folder" -c "$folder/nginx.conf" -e "$folder/error.log" -s stop
    while [ -e "$folder/pid" ]; do sleep 0.1; done
    rm -r "$folder"
}

pictures() {
    assets/record.sh
    assets/report.sh
}

all() {
    figures
    cargo bench
    databases
    plans
    kills 5
}

case ${1:-} in
    figures | databases | plans | hostile | honest | http2 | autopilot | pictures | all)
        [ $# = 1 ] || { echo "$1 takes no arguments" >&2; exit 2; }
        "$1"
        ;;
    verdict | scenes)
        "$@"
        ;;
    tune)
        [[ $# -le 2 && ${2:-5} =~ ^[1-9][0-9]*$ ]] || { echo "tune takes a number of runs" >&2; exit 2; }
        tune "${2:-5}"
        ;;
    kills)
        [[ $# -le 2 && ${2:-5} =~ ^[1-9][0-9]*$ ]] || { echo "kills takes a number of rounds" >&2; exit 2; }
        kills "${2:-5}"
        ;;
    pages)
        [ $# -le 2 ] || { echo "pages takes one database" >&2; exit 2; }
        pages "${2:-in_a_file}"
        ;;
    bench)
        shift
        cargo bench "$@"
        ;;
    *)
        sed -n '2,26s/^# \{0,1\}//p' "$0"
        exit 2
        ;;
esac
