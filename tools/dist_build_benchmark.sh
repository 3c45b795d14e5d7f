#!/usr/bin/env bash
# Run tools/build_benchmark.py in several processes: on as many GPUs, or on the
# CPU. Each process trains networks of its own.
#
#     bash tools/dist_build_benchmark.sh CONFIG PROCESSES --num N [OPTIONS]
#
# On several machines set NNODES, NODE_RANK, MASTER_ADDR and PORT.
set -euo pipefail
. "$(dirname "$0")/_dist.sh"
(($# >= 2)) || usage
launch "$2" build_benchmark.py "$1" "${@:3}"
