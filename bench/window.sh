#!/bin/sh
# Measures the window on a virtual display: time to the first frame, work while idle, work while playing, memory.
# usage: bench/window.sh [PROGRAM]        needs Xvfb and xdotool
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
program=${1:-$here/build/release/convscope}
work=$(mktemp -d)
Xvfb -displayfd 3 -screen 0 1600x1000x24 3>"$work/display" 2>/dev/null &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
while ! [ -s "$work/display" ]; do sleep 0.1; done
DISPLAY=:$(cat "$work/display") HOME=$work XDG_RUNTIME_DIR=$work
export DISPLAY HOME XDG_RUNTIME_DIR
unset WAYLAND_DISPLAY WAYLAND_SOCKET XDG_CONFIG_HOME

# Clock ticks (10 ms) that the process has computed.
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
start() {
    "$program" --times "$@" 2>"$work/times" &
    window=$!
    while ! grep -qs first "$work/times"; do sleep 0.1; done
}
press() { xdotool search --onlyvisible --name Convscope windowfocus key --delay 40 "$1" >/dev/null 2>&1 || true; }
stop() {
    while kill -0 $window 2>/dev/null; do
        press ctrl+q
        sleep 0.5
    done
}
# Resident memory, and the most of it so far.
memory() { awk -v what="$1" '/^VmHWM/ { most = $2 } /^VmRSS/ { printf "%s: %d MB, at most %d MB so far\n", what, $2 / 1024, most / 1024 }' /proc/$window/status; }
# Until nothing is read or computed for a second.
rest() {
    now=-1
    while before=$now && now=$(ticks $window) && [ "$now" != "$before" ]; do sleep 1; done
}
spent() {
    before=$(ticks $window)
    sleep 10
    echo "$1: $((($(ticks $window) - before) * 10)) ms computing in 10 s"
}

for run in 1 2 3 4 5; do
    start
    grep first "$work/times"
    stop
done
start
sleep 2
memory "memory at start"
spent idle
press space
spent "playing terms at 1×"
stop
tail -n 1 "$work/times"

# A picture of 12 megapixels: 144 MB, its eight maps 384 MB.
"$program" shot --canvas-only --size 4000x3000 -o "$work/photo.png" >/dev/null
start "$work/photo.png"
sleep 2
rest
memory "a photograph of 12 megapixels and eight maps, 528 MB of numbers"
press ctrl+t
sleep 1
rest
memory "computed again with other kernels"
press ctrl+n
sleep 1
rest
memory "another document, the photograph in the history"
stop
