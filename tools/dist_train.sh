#!/usr/bin/env bash
# Run tools/train.py in several processes: on as many GPUs, or on the CPU.
#
#     bash tools/dist_train.sh CONFIG PROCESSES [OPTIONS OF train.py]
#
# On several machines set NNODES, NODE_RANK, MASTER_ADDR and PORT.
set -euo pipefail
. "$(dirname "$0")/_dist.sh"
(($# >= 2)) || usage
launch "$2" train.py "$1" "${@:3}"
