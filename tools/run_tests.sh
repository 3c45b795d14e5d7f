#!/usr/bin/env bash
# Install if needed, then check style and types and run the tests. All checks
# run even if one fails. Options go to pytest:
#
#     bash tools/run_tests.sh [--oldest] [PYTEST OPTIONS]  (e.g. -m 'not slow')
#
# With --oldest the fast tests alone, with the oldest supported versions
# (requirements/lock-oldest.txt) in an environment of their own.
#
# VENV names another virtual environment than .venv (.venv-oldest) at the
# repository root.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
if [[ ${1:-} == --oldest ]]; then
    shift
    set -- -m 'not slow' "$@"
    oldest=yes
    VENV=${VENV:-.venv-oldest}
    LOCK=requirements/lock-oldest.txt bash tools/install.sh "$VENV" || exit
else
    oldest=no
    VENV=${VENV:-.venv}
    bash tools/install.sh "$VENV" || exit
fi
PATH=$(realpath "$VENV")/bin:$PATH

failed=()
times=()
check() {  # check NAME COMMAND...
    local name=$1 begin=$SECONDS result=ok
    shift
    echo
    echo "== $name"
    "$@" || {
        result=FAILED
        failed+=("$name")
    }
    times+=("$(printf '%-8s %-7s %5d s' "$name" "$result" \
        $((SECONDS - begin)))")
}

check_style() {
    local files typed package
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        mapfile -t files < <(git ls-files -co --exclude-standard '*.py' |
            while read -r file; do [[ ! -f $file ]] || echo "$file"; done)
    else
        mapfile -t files < <(find setup.py configs demo projects scalenas_mm tests \
            tools -name .mim -prune -o -name '*.py' -print 2>/dev/null)
    fi
    typed=()
    for package in spaces samplers search benchmarks predictors; do
        [[ ! -d scalenas_mm/$package ]] || typed+=("scalenas_mm/$package")
    done

    check flake8 flake8 "${files[@]}"
    check isort isort --check-only --diff "${files[@]}"
    check yapf yapf --diff --parallel "${files[@]}"
    check mypy mypy "${typed[@]}"
}

[[ $oldest == yes ]] || check_style
# Networks in tests are tiny: processes help, threads only get in the way.
workers=$(($(nproc) < 4 ? $(nproc) : 4))
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}  # after nproc, which reads it
check pytest pytest --numprocesses "$workers" --dist loadfile \
    --no-loadscope-reorder \
    --durations 15 "$@"

echo
printf '%s\n' "${times[@]}"
if ((${#failed[@]})); then
    echo "Failed: ${failed[*]}"
    exit 1
fi
echo "All passed in $SECONDS s."
