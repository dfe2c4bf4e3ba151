#!/bin/sh
# Slurm: sbatch slurm.sh. Eight tasks, each one shard; submit again, or `scontrol requeue`, to continue.
# The number of shards is a literal: SLURM_ARRAY_TASK_COUNT is the size of this submission, which is
# smaller when only some tasks are submitted again (sbatch --array=3,7 slurm.sh).
#SBATCH --job-name=halfclose
#SBATCH --array=1-8
#SBATCH --cpus-per-task=1
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=shard-%a.log
# A minute before the time limit the program gets SIGTERM: it ends behind a whole row, with a summary.
#SBATCH --signal=B:TERM@60
i=$SLURM_ARRAY_TASK_ID
exec halfclose sweep q123208 --seeds 100000000 -s link.loss=1% --fail-on truncated \
    --rows unexpected --jobs "${SLURM_CPUS_PER_TASK:-1}" --shard "$i/8" \
    --out "rows-$i.jsonl.zst" --summary "shard-$i.json" --findings-ok
