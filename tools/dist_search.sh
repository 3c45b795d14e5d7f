#!/usr/bin/env bash
# Run tools/search.py in several processes: on as many GPUs, or on the CPU.
#
#     bash tools/dist_search.sh CONFIG PROCESSES [OPTIONS OF search.py]
#
# On several machines set NNODES, NODE_RANK, MASTER_ADDR and PORT.
set -euo pipefail
. "$(dirname "$0")/_dist.sh"
(($# >= 2)) || usage
launch "$2" search.py "$1" "${@:3}"
