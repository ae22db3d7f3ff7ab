#!/bin/sh
# A campaign in N local processes: local.sh N COMMAND…
#
# Called again, it runs the shards that are missing, and adds up all.
set -eu
of=$1
shift
folder=$(dirname "$0")
number=1
while [ "$number" -le "$of" ]; do
  "$folder/shard.sh" "$number" "$of" "$@" > /dev/null &
  number=$((number + 1))
done
wait
exec "${ORACLE:-oracle}" merge-reports "${REPORTS:-reports}"/*.json
