#!/bin/sh
# Builds the server. Boost 1.81 comes from the system; where it is not installed, Debian's package is unpacked here,
# which needs no root.
set -eu
cd "$(dirname "$0")"
mkdir -p .build

if ! echo '#include <boost/json.hpp>' | g++ -std=c++20 -fsyntax-only -x c++ - 2>/dev/null && [ ! -d .build/boost/usr ]; then
    command -v apt-get >/dev/null || { echo "Boost 1.81 is needed: install its headers with your system's packages" >&2; exit 1; }
    mkdir -p .build/boost
    (cd .build/boost && apt-get download libboost1.81-dev && dpkg -x libboost1.81-dev_*.deb . && rm libboost1.81-dev_*.deb)
fi

exec make --no-print-directory
