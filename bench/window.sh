#!/bin/sh
# Measures the window on a virtual display: time to the first frame, work while idle, work while playing.
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
    "$program" --times 2>"$work/times" &
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
spent idle
press space
spent "playing terms at 1×"
stop
tail -n 1 "$work/times"
