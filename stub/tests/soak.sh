#!/usr/bin/env bash
# Streams for a long time and fails if the stub's memory grows: stub/tests/soak.sh [DURATION] [USERS]
# Some of the requests are hurt, for what is cut must be given back too. Build first: cargo build --release -p stub -p loadgen
set -euo pipefail
duration="${1:-600}" users="${2:-200}"
bin="$(cd "$(dirname "$0")/../.." && pwd)/target/release"
out="$(mktemp -d)"

"$bin/stub" --fault reset-after=10,every=50 >"$out/address" &
stub=$!
trap 'kill "$stub" 2>/dev/null; rm -r "$out"' EXIT
until [ -s "$out/address" ]; do sleep 0.1; done
url="$(cat "$out/address")"
"$bin/loadgen" run --quiet --users "$users" --duration "${duration}s" --url "$url/v1/chat/completions" >"$out/load" &
load=$!

rss() { awk '/^VmRSS:/ { print $2 }' "/proc/$stub/status"; }
started="$(date +%s)" first=""
# What is allocated once (buffers, the pages of a histogram as rare values come) has mostly been by half the time.
while kill -0 "$load" 2>/dev/null; do
  sleep $((duration / 12))
  seconds=$(($(date +%s) - started))
  echo "$seconds s: $(rss) kB"
  if [ -z "$first" ] && [ "$seconds" -ge $((duration / 2)) ]; then first="$(rss)"; fi
done
wait "$load" || echo "loadgen ended with $?"
last="$(rss)"
echo "from $first kB to $last kB: $(curl --silent "$url/stats")"
[ "$last" -le $((first + first / 20)) ] || { echo "the memory grew by more than 5 % in the second half" >&2; exit 1; }
