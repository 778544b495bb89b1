#!/usr/bin/env bash
# Database servers for the tests: PostgreSQL and MariaDB on free high ports, each with a data
# directory of its own, for developers and for .ci/run alike.
#
#     eval "$(tests/servers.sh start)"    installs what is missing (Debian), starts both, tells where
#     tests/servers.sh start NAME         only postgres or mariadb
#     tests/servers.sh stop               ends them and deletes their data
#     tests/servers.sh restart NAME       postgres or mariadb: a clean restart
#     tests/servers.sh kill NAME          SIGKILL; `restart` brings it back
#     tests/servers.sh freeze NAME        SIGSTOP: it takes connections and never answers, until `thaw`
#
# Where they live: $CRAWLDECK_SERVERS, by default a folder among the temporary files. They end when
# they are told to: nothing of theirs is started at boot.
set -euo pipefail

home=${CRAWLDECK_SERVERS:-${TMPDIR:-/tmp}/crawldeck-servers-$(id -u)}

say() { echo "$*" >&2; }

as_user() { # a user to run a server as: neither accepts root
    if [ "$(id -u)" = 0 ]; then runuser -u "$1" -- "${@:2}"; else "${@:2}"; fi
}

free_port() {
    local port
    # Below those that the system gives to outgoing connections.
    while port=$((20000 + RANDOM % 12000)) && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
    echo "$port"
}

postgres_bin() {
    local bin
    for bin in /usr/lib/postgresql/*/bin "$(dirname "$(command -v postgres || echo /nowhere/postgres)")"; do
        [ -x "$bin/initdb" ] && { echo "$bin"; return; }
    done
    return 1
}

mariadb_bin() { command -v mariadbd || command -v mysqld || ls /usr/sbin/mariadbd 2>/dev/null; }

install_missing() {
    local missing=() name
    for name; do
        "${name}_bin" >/dev/null || case $name in
            postgres) missing+=(postgresql) ;;
            mariadb) missing+=(mariadb-server) ;;
        esac
    done
    [ ${#missing[@]} = 0 ] && return
    say "installing ${missing[*]}"
    # The packages would start services of their own; tests want none of them.
    local policy=/usr/sbin/policy-rc.d kept=
    if [ -e $policy ]; then kept=yes; else
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
    fi
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -q && apt-get install -qy --no-install-recommends "${missing[@]}"; } >&2
    [ -n "$kept" ] || rm -f $policy
}

wait_for() { # what, then a command that succeeds when it is there
    local tries=0
    until "${@:2}" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 300 ] || { say "$1 did not start"; cat "$home/$1.log" >&2; exit 1; }
        sleep 0.1
    done
}

start_postgres() {
    local bin data=$home/postgres
    bin=$(postgres_bin)
    if [ ! -d "$data" ]; then
        install -d -m 700 -o "$postgres_user" "$data"
        install -m 644 -o "$postgres_user" /dev/null "$home/postgres.log"
        as_user "$postgres_user" "$bin/initdb" -D "$data" -U crawldeck --auth trust -E UTF8 --locale C.UTF-8 >"$home/postgres.log" 2>&1
        {
            echo "listen_addresses = '127.0.0.1'"
            echo "unix_socket_directories = ''"
            echo "port = $(free_port)"
            echo "max_connections = 200"
            # A crash of the server is survived as always; a crash of the machine is no test.
            echo "fsync = off"
        } >>"$data/postgresql.conf"
    fi
    as_user "$postgres_user" "$bin/pg_ctl" -D "$data" -l "$home/postgres.log" -w -t 60 start >&2 ||
        { tail -20 "$home/postgres.log" >&2; exit 1; }
}

start_mariadb() {
    local data=$home/mariadb
    if [ ! -d "$data" ]; then
        # A server that starts clears the folder for temporary files: one for each.
        install -d -m 700 -o "$mariadb_user" "$data" "$home/temporary"
        free_port >"$home/mariadb.port"
        mariadb-install-db --no-defaults --user="$mariadb_user" --datadir="$data" \
            --tmpdir="$home/temporary" --auth-root-authentication-method=normal --skip-test-db >"$home/mariadb.log" 2>&1 ||
            { tail -20 "$home/mariadb.log" >&2; exit 1; }
    fi
    # The shell between us and it only puts it into the background.
    as_user "$mariadb_user" setsid "$(mariadb_bin)" --no-defaults --datadir="$data" --bind-address=127.0.0.1 \
        --port="$(cat "$home/mariadb.port")" --socket="$data/socket" --pid-file="$data/pid" \
        --tmpdir="$home/temporary" \
        --max-connections=200 --innodb-flush-log-at-trx-commit=2 --innodb-buffer-pool-size=512M \
        --skip-name-resolve </dev/null >>"$home/mariadb.log" 2>&1 &
    disown
    wait_for mariadb mariadb-admin --no-defaults --socket="$data/socket" -u root ping
    mariadb --no-defaults --socket="$data/socket" -u root -e "
        CREATE USER IF NOT EXISTS crawldeck@'127.0.0.1' IDENTIFIED BY 'crawldeck';
        GRANT ALL ON *.* TO crawldeck@'127.0.0.1' WITH GRANT OPTION"
}

tell_postgres() {
    local port
    port=$(sed -n 's/^port = //p' "$home/postgres/postgresql.conf" | tail -1)
    echo "export CRAWLDECK_TEST_POSTGRES='postgres://crawldeck:crawldeck@127.0.0.1:$port/postgres'"
}

tell_mariadb() {
    echo "export CRAWLDECK_TEST_MYSQL='mysql://crawldeck:crawldeck@127.0.0.1:$(cat "$home/mariadb.port")/mysql'"
}

known() {
    case $1 in
        postgres | mariadb) ;;
        *) say "no server $1: postgres or mariadb"; exit 2 ;;
    esac
}

pid_of() {
    case $1 in
        postgres) head -1 "$home/postgres/postmaster.pid" 2>/dev/null ;;
        mariadb) cat "$home/mariadb/pid" 2>/dev/null ;;
    esac
}

runs() { kill -0 "$(pid_of "$1")" 2>/dev/null; }

all_of() { # name: its processes; PostgreSQL has one per connection
    local pid
    pid=$(pid_of "$1") || return 0
    echo "$pid"
    ps -o pid= --ppid "$pid" | tr -d ' '
}

end() { # signal, name
    local pid pids
    pid=$(pid_of "$2") || return 0
    if [ -z "$pid" ] || ! kill -0 "$pid" 2>/dev/null; then return 0; fi
    pids=("$pid")
    # Those that outlive the first would hold off the next.
    if [ "$1" = KILL ]; then mapfile -t pids < <(all_of "$2"); fi
    kill "-$1" "${pids[@]}" 2>/dev/null || true
    for pid in "${pids[@]}"; do
        while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    done
}

# PostgreSQL: SIGINT ends sessions and shuts down in order.
stop_one() { if [ "$1" = postgres ]; then end INT postgres; else end TERM mariadb; fi; }

if [ "$(id -u)" = 0 ]; then postgres_user=postgres mariadb_user=mysql; else
    postgres_user=$(id -un) mariadb_user=$(id -un)
fi

case ${1:-} in
    start)
        names=(postgres mariadb)
        [ -z "${2:-}" ] || names=("$2")
        for name in "${names[@]}"; do known "$name"; done
        install_missing "${names[@]}"
        mkdir -p "$home"
        chmod 755 "$home"
        for name in "${names[@]}"; do runs "$name" || "start_$name"; done
        echo "export CRAWLDECK_SERVERS='$home'"
        for name in "${names[@]}"; do "tell_$name"; done
        ;;
    stop)
        end INT postgres
        end TERM mariadb
        rm -rf "$home"
        ;;
    restart)
        known "${2:-}"
        stop_one "$2"
        "start_$2"
        ;;
    kill)
        known "${2:-}"
        end KILL "$2"
        ;;
    freeze | thaw)
        known "${2:-}"
        mapfile -t pids < <(all_of "$2")
        if [ "$1" = freeze ]; then kill -STOP "${pids[@]}"; else
            # What switched the user for it stops itself when its child does.
            mapfile -t -O ${#pids[@]} pids < <(ps -o ppid= --pid "${pids[0]}" | tr -d ' ' | grep -vx 1)
            kill -CONT "${pids[@]}"
        fi
        ;;
    *)
        sed -n '2,14s/^# \{0,1\}//p' "$0"
        exit 2
        ;;
esac
