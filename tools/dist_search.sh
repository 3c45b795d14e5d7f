#!/usr/bin/env bash
# Run tools/search.py in several processes: on as many GPUs, or on the CPU.
#
#     bash tools/dist_search.sh CONFIG PROCESSES [OPTIONS OF search.py]
#
# On several machines set NNODES, NODE_RANK, MASTER_ADDR and PORT.
set -euo pipefail
if (($# < 2)); then
    sed -n 4p "$0" >&2
    exit 2
fi
if [[ -n ${NNODES:-} ]]; then
    nodes=(--nnodes "$NNODES" --node_rank "${NODE_RANK:?}"
        --master_addr "${MASTER_ADDR:?}" --master_port "${PORT:-29500}")
else
    nodes=(--standalone)
fi
exec "${PYTHON:-python}" -m torch.distributed.run "${nodes[@]}" \
    --nproc_per_node "$2" "$(dirname "$0")/search.py" "$1" \
    --launcher pytorch "${@:3}"
