# shellcheck shell=bash
# What the scripts of all rivals have together; sourced, not run.
#
# Each rival has `install`, `start LEVEL DIR CORE`, `stop DIR` and `version`. LEVEL is `os` (a
# record is acknowledged from the page cache) or `disk` (a barrier of the device comes before the
# acknowledgement). DIR must not exist: it gets the data, the settings and the log of this one run.
# `start` returns when the server answers, and prints `key=value` lines: `client`, `address`, `pid`
# and `settings` (what makes the level, in the server's own words).
#
# RIVALS_CACHE   where what was installed is kept (target/rivals of the repository)
# RIVALS_PORT    the first of the 20 ports of 127.0.0.1 that a server may take (21000)
# RIVALS_TOPIC, RIVALS_PARTITIONS
#                what is to be there before the first client, where no client can make it
# RIVALS_LIFE_S  seconds after which a server that nobody stopped is ended (7200)

set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
NAME=$(basename "$HERE")
REPOSITORY=$(cd "$HERE/../../.." && pwd)
CACHE=${RIVALS_CACHE:-$REPOSITORY/target/rivals}/$NAME
PORT=${RIVALS_PORT:-21000}
# Kept by `stop` and `version` that source this file.
export HERE NAME REPOSITORY CACHE PORT

READY_S=90

fail() {
    printf '%s: %s\n' "$NAME" "$*" >&2
    exit 1
}

# The arguments of `start`; makes the directory.
begin() {
    (($# == 3)) || fail 'start LEVEL DIR CORE'
    LEVEL=$1 DIR=$2 CORE=$3
    [[ $LEVEL == os || $LEVEL == disk ]] || fail "there is no level $LEVEL: os or disk"
    [[ ! -e $DIR ]] || fail "$DIR exists already"
    mkdir -p "$DIR"
    DIR=$(cd "$DIR" && pwd)
    : >"$DIR/pids"
}

# Runs a server in a session of its own, all of its threads on the one core, for a bounded time.
# The first argument is the name of its log.
serve() {
    local log=$DIR/$1
    shift
    setsid taskset -c "$CORE" timeout -k 10 "${RIVALS_LIFE_S:-7200}" "$@" \
        </dev/null >"$log" 2>&1 &
    echo $! >>"$DIR/pids"
    disown
}

# Waits until `ready_now` says so, while the servers live.
await() {
    local what=$1 end=$((SECONDS + READY_S)) pid
    shift
    until "$@" 2>/dev/null; do
        while read -r pid; do
            kill -0 "$pid" 2>/dev/null || end=0
        done <"$DIR/pids"
        if ((SECONDS >= end)); then
            tail -n 30 "$DIR"/*.log >&2 || true
            halt "$DIR"
            fail "$what is not ready after $READY_S s, or has ended"
        fi
        sleep 0.05
    done
}

listens() {
    : <>"/dev/tcp/127.0.0.1/$1"
}

# What `start` says at its end: the client of `tidemill-bench run` that it is for, its port, and
# what makes the level.
ready() {
    printf 'client=%s\naddress=127.0.0.1:%s\npid=%s\nsettings=%s\n' \
        "$1" "$2" "$(largest)" "$3"
}

# The server proper among all that was started: what has the most memory.
largest() {
    local session
    while read -r session; do
        ps -o rss=,pid= -s "$session"
    done <"$DIR/pids" | sort -rn | awk 'NR == 1 { print $2 }'
}

# Ends what was started in a directory, and waits until it has. Nothing is asked to end in order:
# its data goes with it. By process group, as some servers are scripts that start the server.
halt() {
    local pid
    [[ -e $1/pids ]] || return 0
    while read -r pid; do
        kill -KILL -- "-$pid" 2>/dev/null || true
    done <"$1/pids"
    while read -r pid; do
        while kill -0 -- "-$pid" 2>/dev/null; do
            sleep 0.05
        done
    done <"$1/pids"
    rm "$1/pids"
}

# The jars of pom.xml, each as jars.sha256 says.
install_jars() {
    if ! (cd "$CACHE/jars" && sha256sum --quiet --strict -c "$HERE/jars.sha256") 2>/dev/null; then
        rm -rf "$CACHE/jars"
        mkdir -p "$CACHE/jars"
        mvn -B -q -f "$HERE/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
            "-DoutputDirectory=$CACHE/jars" >&2
        (cd "$CACHE/jars" && sha256sum --quiet --strict -c "$HERE/jars.sha256") >&2
    fi
}

# The version of a pom's property.
pinned() {
    sed -n "s|.*<$1.version>\(.*\)</$1.version>.*|\1|p" "$HERE/pom.xml"
}
