#!/usr/bin/env bash
# Streams with random faults, and fails if the memory of stub or loadgen grows or requests are lost:
# stub/tests/soak.sh [SECONDS] [USERS] [SEED]. The faults are the same for the same seed.
# Build first: cargo build --release -p stub -p loadgen. BIN is another folder of the programs.
set -euo pipefail
duration="${1:-600}" users="${2:-200}" seed="${3:-1}"
bin="${BIN:-$(cd "$(dirname "$0")/../.." && pwd)/target/release}"
out="$(mktemp -d)"

"$bin/stub" --seed "$seed" \
  --fault slow-accept=20ms,share=1% --fault goaway-after=100 \
  --fault reset-after=1..40,share=2% --fault close-after=1..40,share=1% \
  --fault stall-after=1..40,stall-for=2s,share=1% --fault error-after=1..40,share=1% \
  --fault 500,share=1% --fault 503,retry-after=100ms,share=1% >"$out/address" &
stub=$!
trap 'kill "$stub" 2>/dev/null; rm -r "$out"' EXIT
until [ -s "$out/address" ]; do sleep 0.1; done
url="$(cat "$out/address")"
"$bin/loadgen" run --quiet --scenario soak --users "$users" --duration "${duration}s" \
  --json "$out/load.json" --url "$url/v1/chat/completions" >"$out/load" &
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
stats="$(curl --silent "$url/stats")"
echo "stub and loadgen from $first kB to $last kB: $stats"
python3 - "$out/load.json" <<'CHECK'
import json, sys
requests = json.load(open(sys.argv[1]))["requests"]
failed = sum(requests["failed"].values())
ended = requests["completed"] + failed + requests["cut"]
print(f"started {requests['started']}: completed {requests['completed']}, failed {requests['failed']}, cut {requests['cut']}")
sys.exit(f"{requests['started'] - ended} requests are not accounted for" if requests["started"] != ended else 0)
CHECK
for at in 1 2; do
  half="$(cut -d ' ' -f $at <<<"$first")" end="$(cut -d ' ' -f $at <<<"$last")"
  [ "$end" -le $((half + half / 20)) ] || { echo "the memory grew by more than 5 % in the second half" >&2; exit 1; }
done
