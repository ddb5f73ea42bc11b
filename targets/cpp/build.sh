#!/bin/sh
# Builds the server. Boost 1.81, SQLite, libpq and hiredis come from the system. If they are not
# installed, Debian's packages are unpacked here, which needs no root.
set -eu
cd "$(dirname "$0")"
mkdir -p .build/debian

unpack() {
    (cd .build/debian && apt-get download "$@" && for package in *.deb; do dpkg -x "$package" . && rm "$package"; done)
}

need() {
    echo "#include <$1>" | g++ -E -I .build/debian/usr/include -x c++ - >/dev/null 2>&1 && return
    command -v apt-get >/dev/null || { echo "$2 or its like is needed: install it with your system's packages" >&2; exit 1; }
    unpack "$2"
}

# Libraries that a package needs and that not every system has.
libraries_of() {
    apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "$1" |
        grep '^lib' | grep -vx -e libc6 -e libgcc-s1
}

need boost/version.hpp libboost1.81-dev
need sqlite3.h libsqlite3-dev
need hiredis/hiredis.h libhiredis-dev
need postgresql/libpq-fe.h libpq-dev
if [ -e .build/debian/usr/include/postgresql/libpq-fe.h ] && ! ls .build/debian/usr/lib/*/libpq.so.5 >/dev/null 2>&1; then
    unpack $(libraries_of libpq5)
fi
exec make --no-print-directory -j "$(nproc)"
