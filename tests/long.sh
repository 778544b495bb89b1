#!/usr/bin/env bash
# What takes minutes, and is no part of `cargo test` or .ci/run:
#
#     tests/long.sh figures               measures the project's figures, in a release build
#     tests/long.sh bench [ARGUMENT...]   cargo bench: all benchmarks, or as the arguments say
#     tests/long.sh databases             saving and resuming on SQLite, PostgreSQL and MariaDB, measured
#     tests/long.sh plans                 query plans with a million rows, on PostgreSQL and MariaDB
#     tests/long.sh kills [ROUNDS]        kill -9 at random moments, on each database: ROUNDS (5) times
#     tests/long.sh hostile               prints the table of the hostile suite
#     tests/long.sh pictures              draws the recordings in assets/ again (report.png needs Chromium)
#     tests/long.sh all                   figures, bench, databases, plans, kills
#
# Database servers are started by tests/servers.sh, and are stopped at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "==> $*"; }

# Runs the tests of a binary that a filter selects. Cargo is content when the filter matches none.
run_tests() { # binary, filter, then arguments of cargo; TEST_ARGUMENTS are those of the tests
    local binary=$1 filter=$2 count
    shift 2
    count=$(cargo test "$@" --test "$binary" "$filter" -- --include-ignored --list | grep -c ': test$') || true
    if [ "$count" = 0 ]; then
        echo "no test of '$binary' has '$filter' in its name" >&2
        return 1
    fi
    say "$count tests: $binary, $filter"
    cargo test "$@" --test "$binary" "$filter" -- --nocapture --test-threads 1 "${TEST_ARGUMENTS[@]}"
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

figures() { TEST_ARGUMENTS=(--ignored) run_tests engine numbers:: --release; }

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
    TEST_ARGUMENTS=(--ignored) run_tests store plans::
}

kills() {
    local round rounds=$1
    start_servers
    for ((round = 1; round <= rounds; round++)); do
        say "kills, round $round of $rounds"
        TEST_ARGUMENTS=(--include-ignored) run_tests durability kill::
    done
}

hostile() { TEST_ARGUMENTS=(--ignored) run_tests engine hostile::the_table; }

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
    figures | databases | plans | hostile | pictures | all)
        [ $# = 1 ] || { echo "$1 takes no arguments" >&2; exit 2; }
        "$1"
        ;;
    kills)
        [[ $# -le 2 && ${2:-5} =~ ^[1-9][0-9]*$ ]] || { echo "kills takes a number of rounds" >&2; exit 2; }
        kills "${2:-5}"
        ;;
    bench)
        shift
        cargo bench "$@"
        ;;
    *)
        sed -n '2,13s/^# \{0,1\}//p' "$0"
        exit 2
        ;;
esac
