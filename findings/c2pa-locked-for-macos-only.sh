#!/usr/bin/env bash
# c2pa-python 0.38.2 was published with wheels for macOS alone and without a source distribution. A lock for all
# platforms takes it nevertheless, as the newest version, without a warning; on Linux the installation then fails,
# though 0.38.1 has wheels for it. `uv pip install` of the same requirement takes 0.38.1. Leave 0.38.2 out by name.
# Seen with uv 0.13.9 on x86-64 Linux. Needs `uv` (UV names another one) and the Python registry.
set -euo pipefail
uv=${UV:-uv}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > pyproject.toml <<'TOML'
[project]
name = "probe"
version = "0"
requires-python = ">=3.11"
dependencies = ["c2pa-python>=0.38.1,<=0.38.2"]
TOML

"$uv" lock --quiet
locked=$(sed -n '/^name = "c2pa-python"/{n;s/.*"\(.*\)"/\1/p;}' uv.lock)
echo "the lock has c2pa-python $locked; its wheels: $(grep -o 'c2pa_python[^"]*\.whl' uv.lock | tr '\n' ' ')"
[ "$locked" = 0.38.2 ] || { echo "CHANGED: the lock has another version"; exit 1; }

if "$uv" sync --quiet 2> sync.txt; then
    echo "CHANGED: the locked version installs on this machine"
    exit 1
fi
grep -q "doesn't have a source distribution or wheel for the current platform" sync.txt ||
    { cat sync.txt; echo "CHANGED: another error"; exit 1; }
echo "uv sync: $(head -1 sync.txt)"

"$uv" venv --quiet other
"$uv" pip install --quiet --python other/bin/python "c2pa-python>=0.38.1,<=0.38.2"
"$uv" pip freeze --python other/bin/python | grep '^c2pa-python' | tee frozen.txt
grep -q '==0.38.1$' frozen.txt || { echo "CHANGED: uv pip takes another version"; exit 1; }
echo "as described"
