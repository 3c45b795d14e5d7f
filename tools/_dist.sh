# Sourced by dist_*.sh, not run.

# Show how the script is called, the indented line of its head.
usage() {
    sed -n 's/^#     //p;/^set/q' "$0" >&2
    exit 2
}

# launch PROCESSES TOOL ARGUMENTS...: fails as soon as one process does.
launch() {
    local nodes=(--standalone)
    if [[ -n ${NNODES:-} ]]; then
        nodes=(--nnodes "$NNODES" --node_rank "${NODE_RANK:?}"
            --master_addr "${MASTER_ADDR:?}" --master_port "${PORT:-29500}")
    fi
    # Without -- it would take --num for the beginning of an option of its own.
    exec "${PYTHON:-python}" -m torch.distributed.run "${nodes[@]}" \
        --nproc_per_node "$1" -- "$(dirname "$0")/$2" "${@:3}" \
        --launcher pytorch
}
