#!/bin/sh
# One shard of a campaign: shard.sh K N COMMAND…
#
# Writes $REPORTS/K.json once it is over, whatever it found. A shard whose report is there is not run
# again, so that after a failure of machines the same command runs only what is missing.
set -eu
number=$1 of=$2
shift 2
reports=${REPORTS:-reports}
mkdir -p "$reports"
report=$reports/$number.json
if [ -e "$report" ]; then exit 0; fi
status=0
"${ORACLE:-oracle}" drive --seed "${SEED:-1}" --cases "${CASES:-100000}" --jobs "${JOBS:-1}" \
  --shard "$number/$of" --keep-going --report "$report" --out "$reports/failing-$number.jsonl" \
  -- "$@" || status=$?
# What it found is in its report. A shard without one is what an engine must run again.
[ -e "$report" ] || exit "$status"
