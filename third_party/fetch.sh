#!/bin/sh
# Fetches the pinned third-party sources (lock.txt) through the machine's own apt archives and unpacks them.
#   sh third_party/fetch.sh [DIR]        DIR is build/deps by default
# Needs no root, no deb-src lines and no package lists, and names no host: the sha256 in lock.txt is the whole trust chain.
# CONVSCOPE_DEPS_CACHE=<folder that holds the files of lock.txt> builds without a network.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
lock=$here/lock.txt
out=${1:-$here/../build/deps}

mkdir -p "$out"
out=$(cd "$out" && pwd)
stamp=$out/.stamp
cmp -s "$lock" "$stamp" && exit 0
echo "Fetching the pinned sources (5 MB) into $out"
dl=${CONVSCOPE_DEPS_CACHE:-$out/dl}
mkdir -p "$dl"
dl=$(cd "$dl" && pwd)

ok() { [ -s "$1" ] && echo "$2  $1" | sha256sum -c --status - 2>/dev/null; }

# The archive roots apt is configured with, the distribution's own first; mirror+file: lists are resolved.
bases=
find_bases() {
    [ -z "$bases" ] || return 0
    command -v apt-get >/dev/null || { bases=none; return 0; }
    rel=$(. /etc/os-release 2>/dev/null; echo "${UBUNTU_CODENAME:-${VERSION_CODENAME:-none}}")
    uris=$(apt-get --print-uris update 2>/dev/null | sed -n "s#^'\([^']*/dists/[^']*\)'.*#\1#p")
    bases=$({ echo "$uris" | sed -n "s#/dists/$rel/.*##p"; echo "$uris" | sed -n 's#/dists/.*##p'; } |
        awk '!seen[$0]++' |
        while read -r b; do
            case $b in
                mirror+file:*) sed -n 's/^\([a-z]*:[^ \t]*\).*/\1/p' "${b#mirror+file:}" ;;
                *) echo "$b" ;;
            esac
        done | sed 's#/*$##' | awk 'NF && !seen[$0]++')
    [ -n "$bases" ] || bases=none
}

# get SHA PATH FILE: the file straight from an archive's pool
get() {
    find_bases
    [ "$bases" != none ] || return 1
    for b in $bases; do
        for c in main universe; do
            /usr/lib/apt/apt-helper -qq -o Acquire::Retries=2 -o Acquire::http::Timeout=20 \
                download-file "$b/pool/$c/$2" "$3" "SHA256:$1" >/dev/null 2>&1 || true
            ok "$3" "$1" && return 0
            rm -f "$3"
        done
    done
    return 1
}

# get_src SHA PATH FILE: the same by apt-get source from a private list, where the pool cannot be asked directly
get_src() {
    [ "$bases" != none ] || return 1
    p=$out/apt
    mkdir -p "$p/lists/partial" "$p/cache/archives/partial"
    for b in $bases; do
        echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $b trixie main"
    done >"$p/sources.list"
    private_apt() {
        apt-get -qq -o Dir::Etc::sourcelist="$p/sources.list" -o Dir::Etc::sourceparts=/dev/null \
            -o Dir::State::Lists="$p/lists" -o Dir::Cache="$p/cache" "$@" >/dev/null 2>&1
    }
    private_apt update || true
    source=$(basename "$(dirname "$2")")
    (cd "$dl" && private_apt source --download-only "$source") || true
    rm -rf "$p"
    ok "$3" "$1"
}

# unpack FILE: a source tarball into $out, a .deb's files into $out/<package>
unpack() {
    case $1 in
        *.deb)
            d=$out/$(basename "$1" | sed 's/_.*//')
            mkdir -p "$d"
            (cd "$d" && cmake -E tar xf "$1" && cmake -E tar xf data.tar.* &&
                rm -f data.tar.* control.tar.* debian-binary)
            ;;
        *) (cd "$out" && cmake -E tar xf "$1") ;;
    esac
}

fail=0
while read -r sha path; do
    case $sha in '' | \#*) continue ;; esac
    f=$dl/$(basename "$path")
    if ok "$f" "$sha" || get "$sha" "$path" "$f" || get_src "$sha" "$path" "$f"; then
        unpack "$f"
        echo "  $(basename "$f")"
    else
        echo "Missing $(basename "$f") (sha256 $sha): put it into $dl and run again." >&2
        fail=1
    fi
done <"$lock"
[ "$fail" = 0 ] || exit 1
cp "$lock" "$stamp"
