#!/usr/bin/env bash
# From nothing to a Pareto front: installs if needed, then trains, searches,
# exports and tests on a small built-in data set. Options go to quickstart.py:
#
#     bash tools/quickstart.sh [OPTIONS]
#
# VENV names another virtual environment than .venv at the repository root.
set -euo pipefail
cd "$(dirname "$0")/.."
VENV=${VENV:-.venv}
bash tools/install.sh "$VENV"
exec "$VENV/bin/python" tools/quickstart.py "$@"
