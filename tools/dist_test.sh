#!/usr/bin/env bash
# Run tools/test.py in several processes: on as many GPUs, or on the CPU.
#
#     bash tools/dist_test.sh CONFIG CHECKPOINT PROCESSES [OPTIONS OF test.py]
#
# On several machines set NNODES, NODE_RANK, MASTER_ADDR and PORT.
set -euo pipefail
. "$(dirname "$0")/_dist.sh"
(($# >= 3)) || usage
launch "$3" test.py "$1" "$2" "${@:4}"
