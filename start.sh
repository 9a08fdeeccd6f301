#!/usr/bin/env bash
# Runs the bot:                        ./start.sh
# Tries it without a token or network: ./start.sh demo [--check] [--port N]
# Only installs what a file locks:     ./start.sh install [requirements.txt]
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

is_usable() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
  local candidate
  # The oldest one first: it is what the tests run on.
  for candidate in python3.11 python3.12 python3.13 python3.14 python3; do
    if is_usable "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  echo "start.sh: no Python 3.11 or newer on PATH (looked for python3.11 to 3.14, python3)" >&2
  return 1
}

make_venv() {
  local interpreter
  interpreter=$(find_python)
  if ! "$interpreter" -m venv --clear .venv >&2; then
    # A half made one would pass for a whole one next time.
    rm -rf .venv
    echo "start.sh: $interpreter cannot make a virtual environment (apt install python3-venv?)" >&2
    return 1
  fi
}

# The copy of the file says what is installed: nothing is asked of the network while it is equal.
install() {
  local requirements=$1 installed=".venv/$1.installed"
  is_usable .venv/bin/python || make_venv
  if ! cmp -s "$requirements" "$installed"; then
    echo "start.sh: installing $requirements (only when it has changed)" >&2
    .venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check \
      --requirement "$requirements" >&2
    cp "$requirements" "$installed"
  fi
}

case ${1:-} in
  "" | demo) ;;
  -h | --help)
    sed -n '2,4s/^# //p' "$0"
    exit
    ;;
  install)
    install "${2:-requirements.txt}"
    exit
    ;;
  *)
    echo "start.sh: $1 is not known; usage: ./start.sh [demo [--check] [--port N] | install [FILE]]" >&2
    exit 2
    ;;
esac

# The image has everything installed and needs no virtual environment.
python=python3
if [[ ${REQUIREMENTS_INSTALLED:-} != 1 ]]; then
  install requirements.txt
  python=.venv/bin/python
fi

if [[ ${1:-} == demo ]]; then
  exec "$python" -u -m sandbox "${@:2}"
fi

# Before the database is touched: a wrong setting is one line, not half a start.
"$python" -m core.config
"$python" -m alembic upgrade head
exec "$python" -u main.py
