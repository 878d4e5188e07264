# Sourced by every command in this folder: makes the Python environment if it is not there, and leaves
#   ROOT   the checkout
#   UV     uv: the user's own, or one installed through pip into .uv/
#   PYTHON the interpreter of .venv, which holds exactly what uv.lock says
#   launch the function that runs a command of a package
# Needs Python 3.11 or newer and bash. A second start costs milliseconds: a stamp in .venv tells what it was made from.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PYTHON="$ROOT/.venv/bin/python"

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

is_recent_python() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# Prints the first interpreter that is new enough.
find_python() {
    local name
    for name in python3 python3.11 python3.12 python3.13 python3.14 python; do
        if command -v "$name" >/dev/null 2>&1 && is_recent_python "$name"; then
            command -v "$name"
            return
        fi
    done
    fail "Python 3.11 or newer is needed; python3 here is $(python3 --version 2>&1 || true).
Install one (Debian 12+: apt install python3; macOS: brew install python) and run this command again."
}

# Installs uv beside the checkout. A virtual environment and pip's --target both stay clear of the system's own
# packages, so a system that refuses installs into itself (PEP 668) does not matter.
install_uv() {
    local python=$1
    printf 'Installing uv into %s …\n' "$ROOT/.uv" >&2
    rm -rf "$ROOT/.uv"
    if "$python" -m venv "$ROOT/.uv" >/dev/null 2>&1; then
        "$ROOT/.uv/bin/python" -m pip install --quiet --disable-pip-version-check uv >&2 && return
    fi
    rm -rf "$ROOT/.uv"
    "$python" -m pip install --quiet --disable-pip-version-check --target "$ROOT/.uv" uv >&2 && return
    rm -rf "$ROOT/.uv"
    fail "uv could not be installed with $python: neither its venv nor its pip works (see above).
Debian: apt install python3-venv. Or install uv yourself (https://docs.astral.sh/uv/) and run this command again."
}

find_uv() {
    local candidate
    for candidate in "${UV:-}" uv "$HOME/.local/bin/uv" "$ROOT/.uv/bin/uv"; do
        if [ -n "$candidate" ] && "$candidate" --version >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
    done
    install_uv "$1"
    printf '%s\n' "$ROOT/.uv/bin/uv"
}

# What the environment is made from; another lock or another place of the checkout makes another stamp.
environment_stamp() {
    printf '%s ' "$ROOT"
    cat "$ROOT/pyproject.toml" "$ROOT/uv.lock" | cksum
}

make_environment() {
    local stamp system_python
    stamp=$(environment_stamp)
    if is_recent_python "$PYTHON" && [ "$(cat "$ROOT/.venv/.stamp" 2>/dev/null)" = "$stamp" ]; then
        UV=$(find_uv "$PYTHON")
        return
    fi
    system_python=$(find_python)
    UV=$(find_uv "$system_python")
    printf 'Making the environment in %s …\n' "$ROOT/.venv" >&2
    "$UV" sync --frozen --project "$ROOT" --python "$system_python" --no-python-downloads ||
        fail "the environment could not be made (see above). Check the network and run this command again."
    printf '%s\n' "$stamp" >"$ROOT/.venv/.stamp"
}

# launch PACKAGE [COMMAND] ARGUMENTS …: becomes that command, whose help and errors name the launcher.
launch() {
    LABEL_LOOP_LAUNCHER="./scripts/$(basename "$0")" exec "$PYTHON" -m "$@"
}

unset VIRTUAL_ENV UV_PROJECT_ENVIRONMENT PYTHONHOME
# Where bytecode is not kept, every process compiles thousands of modules anew: 13 s instead of 6 for a training worker.
unset PYTHONDONTWRITEBYTECODE
make_environment
export UV ROOT
export PYTHONPATH="$ROOT"
