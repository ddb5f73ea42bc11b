#!/bin/sh
# Builds the server. jansson and OpenSSL come from the system. If they are not installed, Debian's
# packages are unpacked here, which needs no root.
set -eu
cd "$(dirname "$0")"
mkdir -p .build/debian
multiarch=$(cc -print-multiarch)

need() {
    header=$1
    shift
    echo "#include <$header>" | cc -E -I .build/debian/usr/include -I ".build/debian/usr/include/$multiarch" - >/dev/null 2>&1 && return
    command -v apt-get >/dev/null || { echo "$1 or its like is needed: install it with your system's packages" >&2; exit 1; }
    (cd .build/debian && download "$@" && for package in *.deb; do dpkg -x "$package" . && rm "$package"; done)
}

# A machine that is new has no lists of packages yet.
download() {
    apt-get download "$@" && return
    if [ "$(id -u)" = 0 ]; then apt-get update; else sudo -n apt-get update; fi
    apt-get download "$@"
}

need jansson.h libjansson-dev libjansson4
need openssl/sha.h libssl-dev libssl3
exec cc -std=gnu11 -O2 -g -fno-omit-frame-pointer -Wall -Wextra -Werror \
    -isystem .build/debian/usr/include -isystem ".build/debian/usr/include/$multiarch" -o .build/server *.c \
    -pthread -L ".build/debian/usr/lib/$multiarch" -ljansson -lcrypto \
    -Wl,-rpath,"\$ORIGIN/debian/usr/lib/$multiarch"
