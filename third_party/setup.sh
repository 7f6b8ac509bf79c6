#!/bin/sh
# Packages, pinned sources, configure, build: what ./run and ./test share. Each step is skipped when it is already done.
#   sh third_party/setup.sh [--no-install] TARGET...      builds build/release; TARGET is convscope or all
# Everything it says goes to standard error, so that the program's own output stays clean.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd -P)
cd "$root"
build=build/release
deps=${CONVSCOPE_DEPS_DIR:-build/deps}
install=yes
if [ "${1:-}" = --no-install ]; then
    install=no
    shift
fi
target=$1

libraries="libxrandr-dev libxinerama-dev libxcursor-dev libxi-dev libwayland-dev libwayland-bin libxkbcommon-dev pkgconf
    nlohmann-json3-dev libcli11-dev libfmt-dev libstb-dev libgtest-dev libegl1 libgl1 libgl1-mesa-dri"

say() { echo "$*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }

# Prints the packages that are missing. Tools count wherever they come from, libraries by their package.
missing_packages() {
    if [ -n "${CXX:-}" ] || has c++ || has g++ || has clang++; then :; else echo g++; fi
    has cmake || echo cmake
    has ninja || echo ninja-build
    has dpkg-query || return 0
    # "ii" = installed; --show says so for each package it knows, and nothing for one it has never seen.
    installed=$(dpkg-query --show --showformat '${db:Status-Abbrev}${Package}\n' $libraries 2>/dev/null | sed -n 's/^ii //p')
    for package in $libraries; do
        case "
$installed
" in *"
$package
"*) ;; *) echo "$package" ;; esac
    done
}

install_packages() {
    packages=$(missing_packages | tr '\n' ' ')
    packages=${packages% }
    [ -n "$packages" ] || return 0
    command="apt-get install -y --no-install-recommends $packages"
    if [ "$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi
    if [ $install = no ] || ! has apt-get || { [ -n "$sudo" ] && ! has sudo; }; then
        say "Missing packages: $packages"
        if ! has apt-get; then say "This system has no apt-get: install their counterparts, then start again."
        elif [ -n "$sudo" ] && ! has sudo; then say "Install them as root with: $command"
        else say "Install them with: ${sudo:+sudo }$command"; fi
        exit 1
    fi
    say "Installing the missing packages (about a minute): $packages"
    log=build/install.log
    mkdir -p build
    options="-o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0"
    # The lists may be empty or old: a failing update is only a warning, the install decides.
    $sudo apt-get $options update >"$log" 2>&1 || true
    if ! $sudo env DEBIAN_FRONTEND=noninteractive apt-get $options install -y --no-install-recommends $packages >>"$log" 2>&1; then
        tail -n 15 "$log" >&2
        say "The packages could not be installed (all of it: $log). Try it yourself: ${sudo:+sudo }$command"
        exit 1
    fi
}

configure() {
    # A folder that was moved or copied: CMake's cache names the old place.
    home=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' $build/CMakeCache.txt 2>/dev/null || true)
    if [ -n "$home" ] && [ "$home" != "$root" ]; then
        say "This folder was moved: building anew"
        rm -rf $build
    fi
    [ -f $build/build.ninja ] && return 0
    say "Configuring"
    mkdir -p $build
    if ! cmake --preset release >$build/configure.log 2>&1; then
        cat $build/configure.log >&2
        say "Configuring failed."
        exit 1
    fi
}

compile() {
    say "Building Convscope (the first time takes a minute or two)"
    if ! cmake --build $build --target "$target" >&2; then
        say "Building failed."
        exit 1
    fi
}

# built STAMP: nothing that a build reads is newer than the stamp of the last good one. Folders count too, because they change
# when a file comes or goes.
built() {
    [ -x $build/convscope ] && [ "$(cat "$1" 2>/dev/null)" = "$root" ] || return 1
    cmp -s third_party/lock.txt "$deps/.stamp" || return 1
    sources="CMakeLists.txt CMakePresets.json core app shaders assets third_party"
    [ "$target" = convscope ] || sources="$sources tests"
    [ -z "$(find $sources -newer "$1" -print 2>/dev/null | head -n 1)" ]
}

if built $build/.built-$target || built $build/.built-all; then exit 0; fi
install_packages
sh third_party/fetch.sh "$deps" >&2
configure
# The stamp's time is the moment before the build, so that an edit during the build counts as new.
echo "$root" >$build/.starting
compile
mv $build/.starting $build/.built-$target
