# Sourced by slurm_*.sh, not run.
. "$(dirname "${BASH_SOURCE[0]}")/_dist.sh"

# submit PARTITION JOB_NAME TOOL ARGUMENTS...: ends as soon as one process fails.
submit() {
    local gpus=${GPUS:-8}
    local per_node=${GPUS_PER_NODE:-$((gpus < 8 ? gpus : 8))}
    local places=(--ntasks "${PROCESSES:-$((gpus > 0 ? gpus : 1))}")
    if ((gpus > 0)); then
        places+=("--gres=gpu:$per_node" --ntasks-per-node "$per_node")
    fi
    # What the pytorch launcher reads: it also works without a GPU.
    export MASTER_PORT=${PORT:-29500}
    # shellcheck disable=SC2016,SC2086
    exec srun -p "$1" --job-name "$2" "${places[@]}" --kill-on-bad-exit=1 \
        --cpus-per-task "${CPUS_PER_TASK:-5}" ${SRUN_ARGS:-} bash -c '
            MASTER_ADDR=$(scontrol show hostname "$SLURM_NODELIST" |
                head -n 1)
            export MASTER_ADDR RANK=$SLURM_PROCID LOCAL_RANK=$SLURM_LOCALID
            export WORLD_SIZE=$SLURM_NTASKS
            exec "$0" -u "$@"' \
        "${PYTHON:-python}" "$(dirname "$0")/$3" "${@:4}" --launcher pytorch
}
