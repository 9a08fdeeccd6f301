#!/usr/bin/env bash
# Checks everything in one go: format, lint, types, import contracts, tests with coverage.
# With arguments it only runs pytest with them: ./test.sh tests/bot -k report
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

./start.sh install requirements-dev.txt
export PATH="$PWD/.venv/bin:$PATH"
# What one process has compiled the others need not: there are dozens of them.
unset PYTHONDONTWRITEBYTECODE

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
measured=(python -W ignore -m slipcover --dont-wrap-pytest --json --out .coverage.json)
check "${measured[@]}" -m pytest -n 4 --dist worksteal -k "not postgres and not unmeasured"
check python -m slipcover --out .coverage.json --fail-under 92 --merge .coverage.json
check finish_mypy
# The same stories on PostgreSQL, and those about other processes (tests/conftest.py): measuring
# them too would only make them slower.
check pytest -n 4 --dist worksteal -k "postgres or unmeasured"

if ((${#failed[@]})); then
  printf "FAILED: %s\n" "${failed[@]}" >&2
  exit 1
fi
echo "All checks passed."
