#!/usr/bin/env bash
# Run tools/build_benchmark.py in several processes: on as many GPUs, or on the
# CPU. Each process trains networks of its own.
#
#     bash tools/dist_build_benchmark.sh CONFIG PROCESSES --num N [OPTIONS]
#
# On several machines set NNODES, NODE_RANK, MASTER_ADDR and PORT.
set -euo pipefail
if (($# < 2)); then
    sed -n 5p "$0" >&2
    exit 2
fi
if [[ -n ${NNODES:-} ]]; then
    nodes=(--nnodes "$NNODES" --node_rank "${NODE_RANK:?}"
        --master_addr "${MASTER_ADDR:?}" --master_port "${PORT:-29500}")
else
    nodes=(--standalone)
fi
# Without -- it would take --num for the beginning of an option of its own.
exec "${PYTHON:-python}" -m torch.distributed.run "${nodes[@]}" \
    --nproc_per_node "$2" -- "$(dirname "$0")/build_benchmark.py" "$1" \
    --launcher pytorch "${@:3}"
