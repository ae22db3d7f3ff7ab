#!/bin/sh
# A campaign as a Slurm array: sbatch slurm.sh COMMAND…, from this folder.
#
# Submitted again with --array=K,L, it runs these shards again alone. When all are over:
# oracle merge-reports reports/*.json
#SBATCH --job-name=oracle-drive
#SBATCH --array=1-64
#SBATCH --cpus-per-task=1
#SBATCH --time=01:00:00
set -eu
exec "${SLURM_SUBMIT_DIR:-$(dirname "$0")}/shard.sh" "$SLURM_ARRAY_TASK_ID" "${SHARDS:-64}" "$@"
