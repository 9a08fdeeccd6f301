#!/usr/bin/env bash
# Checks everything in one go: format, lint, types, import contracts, tests.
# With arguments it only runs pytest with them: ./test.sh tests/bot -k report
# ./test.sh coverage measures how much of the product the tests go through, and fails below the floor.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

./start.sh install requirements-dev.txt
export PATH="$PWD/.venv/bin:$PATH"
# What one process has compiled the others need not: there are dozens of them.
unset PYTHONDONTWRITEBYTECODE

if [[ ${1-} == coverage ]]; then
  # Not with the checks, since measuring takes a fifth longer. What runs on PostgreSQL runs on SQLite
  # too, and other processes show little of the product (tests/conftest.py).
  python -W ignore -m slipcover --dont-wrap-pytest --json --out .coverage.json \
    -m pytest -n 4 --dist worksteal -k "not postgres and not unmeasured"
  exec python -m slipcover --out .coverage.json --fail-under 92 --merge .coverage.json
fi
if (($#)); then
  exec pytest "$@"
fi

failed=()
check() {
  echo "— $*"
  "$@" || failed+=("$*")
}

# Types take one core for most of a minute; the stories wait a good deal and leave one idle.
types=$(mktemp)
mypy >"$types" 2>&1 &
mypy=$!
finish_mypy() {
  local code=0
  wait "$mypy" || code=$?
  cat "$types"
  rm -f "$types"
  return "$code"
}

check ruff format --check
check ruff check
check lint-imports
# Stories wait a good deal (for the bot, for a clock), so there are more of them than cores.
check pytest -n 4 --dist worksteal
check finish_mypy

if ((${#failed[@]})); then
  printf "FAILED: %s\n" "${failed[@]}" >&2
  exit 1
fi
echo "All checks passed."
