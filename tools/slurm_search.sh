#!/usr/bin/env bash
# Run tools/search.py as a Slurm job.
#
#     bash tools/slurm_search.sh PARTITION JOB_NAME CONFIG [OPTIONS OF search.py]
#
# Environment: GPUS (default 8; 0 runs on the CPU), GPUS_PER_NODE (8),
# PROCESSES (one per GPU), CPUS_PER_TASK (5), PORT (29500), SRUN_ARGS.
#
# A search that takes longer than a job may: in a job file for sbatch, with
#
#    #SBATCH --signal=USR1@300 --requeue --open-mode=append
#    #SBATCH --time=... --gres=gpu:8 --ntasks=8 --cpus-per-task=5
#    bash tools/slurm_search.sh PARTITION JOB_NAME CONFIG CHECKPOINT --resume
#
# (without B: the signal is for the processes, not for the job file). 300 s
# before its time is over, the search ends with the candidates in work and has
# the job queued again, which goes on. Jobs of srun alone cannot be queued
# again: they end, and the same command goes on.
set -euo pipefail
. "$(dirname "$0")/_slurm.sh"
(($# >= 3)) || usage
submit "$1" "$2" search.py "${@:3}"
