#!/bin/sh
# Builds the server. Boost 1.81 and SQLite come from the system; where they are not installed, Debian's packages are
# unpacked here, which needs no root.
set -eu
cd "$(dirname "$0")"
mkdir -p .build/debian

need() {
    echo "#include <$1>" | g++ -E -I .build/debian/usr/include -x c++ - >/dev/null 2>&1 && return
    command -v apt-get >/dev/null || { echo "$2 or its like is needed: install it with your system's packages" >&2; exit 1; }
    (cd .build/debian && apt-get download "$2" && dpkg -x "$2"_*.deb . && rm "$2"_*.deb)
}

need boost/version.hpp libboost1.81-dev
need sqlite3.h libsqlite3-dev
exec make --no-print-directory
