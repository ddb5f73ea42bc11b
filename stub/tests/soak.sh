#!/usr/bin/env bash
# Streams for a long time, and fails if the memory of stub or loadgen grows: stub/tests/soak.sh [SECONDS] [USERS]
# Resets some of the streams, because their memory must be freed too.
# Build first: cargo build --release -p stub -p loadgen
set -euo pipefail
duration="${1:-600}" users="${2:-200}"
bin="$(cd "$(dirname "$0")/../.." && pwd)/target/release"
out="$(mktemp -d)"

"$bin/stub" --fault reset-after=10,every=50 >"$out/address" &
stub=$!
trap 'kill "$stub" 2>/dev/null; rm -r "$out"' EXIT
until [ -s "$out/address" ]; do sleep 0.1; done
url="$(cat "$out/address")"
"$bin/loadgen" run --quiet --scenario soak --users "$users" --duration "${duration}s" --url "$url/v1/chat/completions" >"$out/load" &
load=$!

rss() { awk '/^VmRSS:/ { print $2 }' "/proc/$1/status" 2>/dev/null; }
started="$(date +%s)" first="" last=""
# Buffers and histogram pages are allocated once, mostly in the first half.
while sleep $((duration / 20)) && kill -0 "$load" 2>/dev/null; do
  seconds=$(($(date +%s) - started))
  if ! both="$(rss "$stub") $(rss "$load")"; then break; fi
  last="$both"
  echo "$seconds s: stub ${last% *} kB, loadgen ${last#* } kB"
  if [ -z "$first" ] && [ "$seconds" -ge $((duration / 2)) ]; then first="$last"; fi
done
wait "$load" || echo "loadgen ended with $?"
cat "$out/load"
echo "stub and loadgen from $first kB to $last kB: $(curl --silent "$url/stats")"
for at in 1 2; do
  half="$(cut -d ' ' -f $at <<<"$first")" end="$(cut -d ' ' -f $at <<<"$last")"
  [ "$end" -le $((half + half / 20)) ] || { echo "the memory grew by more than 5 % in the second half" >&2; exit 1; }
done
