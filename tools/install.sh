#!/usr/bin/env bash
# Install scalenas_mm and everything it can work with into a virtual
# environment, from Python 3.11, a C++ compiler and PyPI:
#
#     bash tools/install.sh [VENV]        (default: .venv at the repository root)
#
# Run it again at any time: it continues where an earlier run stopped and
# returns at once when there is nothing to do. Versions are pinned by
# requirements/lock.txt. The system's Python is never changed.
#
# Environment variables:
#   LOCK             another list of versions   (default: requirements/lock.txt;
#                    requirements/lock-oldest.txt has the oldest supported)
#   PYTHON           the Python 3.11 to use     (default: python3.11, python3)
#   CXX              the C++ compiler           (default: c++, g++)
#   MAX_JOBS         parallel compilations      (default: number of cores)
#   MMCV_OPS         cpu | cuda                 (default: cuda where torch sees
#                    a GPU and a matching nvcc is on the path, else cpu)
#   TORCH_INDEX_URL  package index to take torch and torchvision from, instead
#                    of the one pip is set up for (e.g. one with CPU builds)
#   XDG_CACHE_HOME   compiled mmcv wheels are kept in its scalenas_mm/wheels
#                    (default: ~/.cache)
if [[ ${BASH_SOURCE[0]} != "$0" ]]; then
    echo 'Run this file with bash, do not source it.' >&2
    return 2
fi
set -euo pipefail
exec </dev/null
unset PYTHONHOME PYTHONPATH
# entry points are not run before all that they belong to is installed
export TORCH_DEVICE_BACKEND_AUTOLOAD=0
export PIP_USER=0 PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1

ROOT=$(cd "$(dirname "$0")/.." && pwd -P)
LOCK_FILE=$(realpath -m -- "${LOCK:-$ROOT/requirements/lock.txt}")
TORCHVISION_CPU=$ROOT/requirements/torchvision_cpu
GIB_NEW=8       # free disk space for a new environment, build files included
GIB_UPDATE=2    # and to update or finish one
STEPS=7
STEP=0

die() {
    printf 'install.sh: %s\n' "$@" >&2
    exit 1
}

# --- Checks: all before anything is written ---------------------------------

check_lock() {
    grep -qs '^mmcv==' "$LOCK_FILE" || die \
        "LOCK must name a list of versions with mmcv in it, got $LOCK_FILE."
}

is_python311() {
    "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null
}

find_python() {
    local candidate seen='' candidates=(python3.11 python3)
    [[ -z ${PYTHON:-} ]] || candidates=("$PYTHON")
    for candidate in "${candidates[@]}"; do
        command -v "$candidate" >/dev/null || continue
        if is_python311 "$candidate"; then
            command -v "$candidate"
            return
        fi
        seen+=" $candidate is $("$candidate" -V 2>&1 | tail -n 1);"
    done
    die "Python 3.11 is needed, not found among: ${candidates[*]}." \
        "${seen:+Found:$seen }Install Python 3.11 or set PYTHON to it."
}

check_python_parts() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null || die \
        "$1 lacks the venv module (Debian, Ubuntu: install python3.11-venv)."
    local header
    header=$("$1" -c 'import sysconfig as s; print(s.get_path("include"))')
    [[ -f $header/Python.h ]] || die \
        "Python headers are needed, not found: $header/Python.h" \
        'Install them (Debian, Ubuntu: python3.11-dev).'
}

find_compiler() {
    local candidate candidates=(c++ g++)
    [[ -z ${CXX:-} ]] || candidates=("$CXX")
    for candidate in "${candidates[@]}"; do
        if echo 'int main() {}' |
            "$candidate" -std=c++17 -x c++ -fsyntax-only - 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    die "a C++17 compiler is needed, not found among: ${candidates[*]}." \
        'Install one (Debian, Ubuntu: g++) or set CXX to it.'
}

# new: nothing there | ours: made here, perhaps unfinished | venv: the user's
venv_state() {
    if [[ -f $STAMP ]]; then
        echo ours
    elif [[ -f $VENV/pyvenv.cfg ]]; then
        echo venv
    elif [[ ! -e $VENV || -d $VENV && -z $(ls -A "$VENV") ]]; then
        echo new
    else
        die "$VENV exists and is not a virtual environment; nothing was" \
            'changed. Name another place or remove it yourself.'
    fi
}

check_venv_python() {
    is_python311 "$VENV/bin/python" || die \
        "the virtual environment $VENV is broken or not of Python 3.11;" \
        'nothing was changed. Name another place or remove it yourself.'
}

check_disk() {  # check_disk GIB: is this much free where VENV will be?
    local parent=$VENV free
    while [[ ! -d $parent ]]; do parent=$(dirname "$parent"); done
    free=$(df -Pk "$parent" | awk 'NR == 2 {print $4}')
    ((free >= $1 * 1024 * 1024)) || die \
        "$1 GiB of free disk space are needed in $parent," \
        "$((free / 1024 / 1024)) GiB are free."
}

# --- Is there anything to do? -----------------------------------------------

install_key() {
    {
        cat "$LOCK_FILE" "$ROOT/tools/install.sh" "$ROOT"/setup.* \
            "$TORCHVISION_CPU"/*.*
        "$VENV/bin/python" -V
        echo "$ROOT"
    } | sha256sum | cut -d ' ' -f 1
}

is_installed() {
    [[ -f $STAMP && -x $VENV/bin/python ]] &&
        [[ $(cat "$STAMP") == "$(install_key)" ]] &&
        (cd / && "$VENV/bin/python" -c 'import scalenas_mm') 2>/dev/null
}

# --- Steps ------------------------------------------------------------------

show_clock() {  # until killed, or until the script is gone
    local begin=$SECONDS
    while sleep 1 && kill -0 $$ 2>/dev/null; do
        printf '\r%s %4d s' "$1" $((SECONDS - begin))
    done
}

step() {  # step TITLE COMMAND...: run COMMAND with its output in the log
    local title begin=$SECONDS clock='' status
    STEP=$((STEP + 1))
    title=$(printf '[%d/%d] %-52s' "$STEP" "$STEPS" "$1")
    shift
    printf '%s' "$title"
    if [[ -t 1 ]]; then
        show_clock "$title" 9>&- &
        clock=$!
    fi
    printf '\n== %s: %s\n' "$(date '+%F %T')" "$title" >>"$LOG"
    set +e  # and not `if`, which would switch off -e inside the command
    (set -e; "$@") >>"$LOG" 2>&1
    status=$?
    set -e
    if [[ -n $clock ]]; then
        kill "$clock" 2>/dev/null || true
        wait "$clock" 2>/dev/null || true
        printf '\r%s' "$title"
    fi
    if ((status != 0)); then
        printf ' failed\n\n'
        tail -n 25 "$LOG" >&2
        die "step $STEP failed after $((SECONDS - begin)) s. Full log: $LOG" \
            'The same command continues from here once the cause is gone.'
    fi
    printf ' %4d s   (total %d s)\n' $((SECONDS - begin)) "$SECONDS"
}

pip() {
    "$VENV/bin/python" -m pip "$@"
}

# Bytecode is written at the end, on all cores; pip would write it on one, and
# take longer for that than for unpacking.
pip_install() {
    pip install --no-compile "$@"
}

make_venv() {
    [[ -x $VENV/bin/python ]] && pip --version || "$BASE_PYTHON" -m venv "$VENV"
    pip --version
}

install_torch() {
    local index=()
    [[ -z ${TORCH_INDEX_URL:-} ]] || index=(--index-url "$TORCH_INDEX_URL")
    pip_install -c "$LOCK_FILE" setuptools wheel ninja numpy
    pip_install -c "$LOCK_FILE" "${index[@]}" torch
    # its declared dependency is a torch of the same build: not from everywhere
    pip_install -c "$LOCK_FILE" "${index[@]}" --no-deps torchvision
    pip uninstall --yes torchvision-cpu-schemas
    if "$VENV/bin/python" "$TORCHVISION_CPU/torchvision_cpu_schemas.py"; then
        cp -r "$TORCHVISION_CPU" "$WORK"  # the build writes beside its source
        pip_install --no-deps --no-build-isolation "$WORK/torchvision_cpu"
    fi
}

install_locked() {
    grep -v '^mmcv==' "$LOCK_FILE" >"$WORK/lock.txt"
    pip_install --no-deps -r "$WORK/lock.txt"
    # A run killed while pip wrote a package leaves it without its RECORD, and
    # pip takes it for installed.
    "$VENV/bin/python" - "$WORK/lock.txt" >"$WORK/torn.txt" <<'PYTHON'
import importlib.metadata as metadata
import sys
for line in open(sys.argv[1]):
    name, _, version = line.partition('==')
    if version and metadata.distribution(name).files is None:
        print(line.strip())
PYTHON
    if [[ -s $WORK/torn.txt ]]; then
        pip_install --no-deps --ignore-installed -r "$WORK/torn.txt"
    fi
}

# What mmcv's compiled operators depend on: cpu, or cuda and its version.
mmcv_ops_kind() {
    "$VENV/bin/python" -W ignore - "${MMCV_OPS:-auto}" <<'PYTHON'
import re
import subprocess
import sys

import torch

wanted, kind = sys.argv[1], 'cpu'
cuda = torch.version.cuda
if wanted not in ('auto', 'cpu', 'cuda'):
    sys.exit(f"MMCV_OPS must be 'cpu' or 'cuda', got {wanted!r}")
if cuda and wanted != 'cpu' and (wanted == 'cuda'
                                 or torch.cuda.is_available()):
    try:
        text = subprocess.check_output(['nvcc', '--version'], text=True)
        nvcc = re.search(r'release (\d+)\.', text).group(1)
        kind = f'cu{cuda}' if nvcc == cuda.split('.')[0] else 'cpu'
    except (OSError, subprocess.CalledProcessError):
        pass
if wanted == 'cuda' and kind == 'cpu':
    sys.exit(f'MMCV_OPS=cuda needs a torch with CUDA (here: {cuda}) and an '
             'nvcc of the same major version on the path')
print(kind)
PYTHON
}

# A compiler with a precompiled torch header: it takes the build from ten
# minutes to two. The header is used only if it was compiled with exactly the
# flags of the build; so the first compilation makes it, with its own.
write_compiler() {  # write_compiler FOLDER: prints its path
    {
        printf '#!/usr/bin/env bash\n'
        printf 'CXX=%q\nHEADER=%q\n' "$CXX" "$1/torch_types.h"
        cat <<'BASH'
[[ " $* " == *' -c '* ]] || exec "$CXX" "$@"
exec 7>"$HEADER.lock"
flock 7
if [[ ! -f $HEADER ]]; then
    flags=()
    for ((i = 1; i <= $#; i++)); do
        case ${!i} in
            -o | -MF) i=$((i + 1)) ;;
            -c | -MMD | *.cpp) ;;
            *) flags+=("${!i}") ;;
        esac
    done
    echo '#include <torch/types.h>' >"$HEADER"
    "$CXX" "${flags[@]}" -x c++-header "$HEADER" -o "$HEADER.gch"
fi
exec 7>&-
exec "$CXX" -include "$HEADER" "$@"
BASH
    } >"$1/compiler"
    chmod +x "$1/compiler"
    echo "$1/compiler"
}

build_mmcv() {  # build_mmcv VERSION KIND FOLDER: compile the wheel
    local options=(--no-build-isolation --no-cache-dir --no-deps
        --no-binary mmcv -w "$3" "mmcv==$1")
    export MMCV_WITH_OPS=1 MAX_JOBS=${MAX_JOBS:-$(nproc)}
    if [[ $2 != cpu ]]; then
        FORCE_CUDA=1 pip wheel "${options[@]}"
        return
    fi
    CXX=$(write_compiler "$3") CFLAGS='-g0 -O2 -w -DNDEBUG -fwrapv -fPIC' \
        FORCE_CUDA=0 CUDA_VISIBLE_DEVICES='' pip wheel "${options[@]}"
}

install_mmcv() {
    local version kind torch folder wheel
    version=$(sed -n 's/^mmcv==//p' "$LOCK_FILE")
    kind=$(mmcv_ops_kind)
    torch=$("$VENV/bin/python" -W ignore -c 'import torch; print(torch.__version__)')
    folder=$CACHE/wheels/torch$torch-cp311-$kind
    mkdir -p "$folder"
    exec 8>"$folder/.lock"
    flock 8
    wheel=$(echo "$folder/mmcv-$version"-*.whl)
    if ! "$VENV/bin/python" -m zipfile -t "$wheel"; then
        rm -rf "$folder"/.build.*
        folder=$(mktemp -d "$folder/.build.XXXXXX")
        build_mmcv "$version" "$kind" "$folder"
        # same file system: the wheel appears in the cache whole or not at all
        mv -f "$folder/mmcv-$version"-*.whl "$(dirname "$folder")"
        rm -rf "$folder"
        wheel=$(echo "$(dirname "$folder")/mmcv-$version"-*.whl)
    fi
    exec 8>&-
    pip_install --no-deps --force-reinstall "$wheel"
}

install_package() {
    exec 8>"$CACHE/locks/$(key_of "$ROOT").package"
    flock 8  # the build writes into the source tree
    pip_install --no-deps --no-build-isolation -e "$ROOT"
}

write_bytecode() {  # of some packages there are files that are no Python
    env -u PYTHONDONTWRITEBYTECODE "$VENV/bin/python" -m compileall -q -j 0 \
        "$VENV/lib" || true
}

check_imports() {
    cd "$WORK"
    unset TORCH_DEVICE_BACKEND_AUTOLOAD
    "$VENV/bin/python" -W ignore - <<'PYTHON'
import importlib

import torch
from mmcv.ops import nms

for name in ('torchvision mmseg.models mmdet.models mmpose.models '
             'mmpretrain.models mmdet3d.models mmdet3d.evaluation mim '
             'scalenas_mm.registry').split():
    importlib.import_module(name)
boxes = torch.tensor([[0., 0., 9., 9.], [1., 1., 9., 9.]])
assert nms(boxes, torch.tensor([.9, .8]), .5)[1].tolist() == [0]
PYTHON
}

key_of() {
    printf '%s' "$1" | sha256sum | cut -c 1-16
}

main() {
    (($# <= 1)) || die "expected at most one argument, got $#." \
        'Usage: bash tools/install.sh [VENV]'
    [[ ${1:-} != -* ]] || die "unknown option $1." \
        'Usage: bash tools/install.sh [VENV]'
    check_lock
    VENV=$(realpath -m -- "${1:-$ROOT/.venv}")
    STAMP=$VENV/.scalenas_mm-installed
    if is_installed; then
        echo "Already installed: $VENV"
        return
    fi

    local state tool
    for tool in flock sha256sum awk; do
        command -v "$tool" >/dev/null || die "the program $tool is needed."
    done
    BASE_PYTHON=$(find_python)
    check_python_parts "$BASE_PYTHON"
    CXX=$(find_compiler)
    export CXX
    state=$(venv_state)
    [[ $state != venv ]] || check_venv_python
    check_disk $([[ $state == new ]] && echo $GIB_NEW || echo $GIB_UPDATE)

    CACHE=${XDG_CACHE_HOME:-${HOME:?set HOME or XDG_CACHE_HOME}/.cache}
    CACHE=$CACHE/scalenas_mm
    mkdir -p "$CACHE/locks" "$VENV" || die "cannot write $VENV or $CACHE"
    exec 9>"$CACHE/locks/$(key_of "$VENV").venv"
    flock -n 9 || {
        echo "Another install into $VENV is running; waiting for it."
        flock 9
    }
    if is_installed; then
        echo "Already installed: $VENV"
        return
    fi
    LOG=$VENV/install.log
    WORK=$(mktemp -d)
    trap 'rm -rf "$WORK"' EXIT
    trap 'exit 130' INT TERM HUP
    echo unfinished >"$STAMP"

    echo "Installing into $VENV (log: $LOG)"
    step 'virtual environment' make_venv
    check_venv_python
    step 'torch and build tools (download)' install_torch
    step 'OpenMMLab and tools, as locked (download)' install_locked
    step 'mmcv operators (compiled once: minutes)' install_mmcv
    step 'scalenas_mm, editable' install_package
    step 'bytecode' write_bytecode
    step 'check' check_imports
    install_key >"$STAMP"
    echo "Installed in $SECONDS s. Activate: source $VENV/bin/activate"
}

main "$@"
