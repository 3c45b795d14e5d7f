#!/usr/bin/env bash
# Run tools/search.py as a Slurm job.
#
#     bash tools/slurm_search.sh PARTITION JOB_NAME CONFIG [OPTIONS OF search.py]
#
# Environment: GPUS (default 8; 0 runs on the CPU), GPUS_PER_NODE (8),
# PROCESSES (one per GPU), CPUS_PER_TASK (5), PORT (29500), SRUN_ARGS.
set -euo pipefail
. "$(dirname "$0")/_slurm.sh"
(($# >= 3)) || usage
submit "$1" "$2" search.py "${@:3}"
