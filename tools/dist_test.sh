#!/usr/bin/env bash
# Run tools/test.py in several processes: on as many GPUs, or on the CPU.
#
#     bash tools/dist_test.sh CONFIG CHECKPOINT PROCESSES [OPTIONS OF test.py]
#
# On several machines set NNODES, NODE_RANK, MASTER_ADDR and PORT.
set -euo pipefail
if (($# < 3)); then
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
    --nproc_per_node "$3" "$(dirname "$0")/test.py" "$1" "$2" \
    --launcher pytorch "${@:4}"
