#!/usr/bin/env bash
# Run tools/train.py in several processes: on as many GPUs, or on the CPU.
#
#     bash tools/dist_train.sh CONFIG PROCESSES [OPTIONS OF train.py]
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
    --nproc_per_node "$2" "$(dirname "$0")/train.py" "$1" \
    --launcher pytorch "${@:3}"
