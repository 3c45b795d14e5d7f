#!/usr/bin/env bash
# Run tools/train.py as a Slurm job.
#
#     bash tools/slurm_train.sh PARTITION JOB_NAME CONFIG [OPTIONS OF train.py]
#
# Environment: GPUS (default 8; 0 runs on the CPU), GPUS_PER_NODE (8),
# PROCESSES (one per GPU), CPUS_PER_TASK (5), PORT (29500), SRUN_ARGS.
set -euo pipefail
if (($# < 3)); then
    sed -n 4p "$0" >&2
    exit 2
fi
gpus=${GPUS:-8}
per_node=${GPUS_PER_NODE:-$((gpus < 8 ? gpus : 8))}
processes=${PROCESSES:-$((gpus > 0 ? gpus : 1))}
places=(--ntasks "$processes")
if ((gpus > 0)); then
    places+=("--gres=gpu:$per_node" --ntasks-per-node "$per_node")
fi
# What the pytorch launcher reads: it also works without a GPU.
export MASTER_PORT=${PORT:-29500}
# shellcheck disable=SC2016,SC2086
exec srun -p "$1" --job-name "$2" "${places[@]}" --kill-on-bad-exit=1 \
    --cpus-per-task "${CPUS_PER_TASK:-5}" ${SRUN_ARGS:-} bash -c '
        MASTER_ADDR=$(scontrol show hostname "$SLURM_NODELIST" | head -n 1)
        export MASTER_ADDR RANK=$SLURM_PROCID LOCAL_RANK=$SLURM_LOCALID
        export WORLD_SIZE=$SLURM_NTASKS
        exec "$0" -u "$@"' \
    "${PYTHON:-python}" "$(dirname "$0")/train.py" "$3" --launcher pytorch \
    "${@:4}"
