#!/usr/bin/env bash
# pytest 9.2.0 with syrupy 7.0.2 (any installed plugin does); Python 3.11 or newer.
#
# Guess: assertion rewriting is for test files and conftest.py, and for the one module a `pytest11` entry point names. With
# PYTHONDONTWRITEBYTECODE=1 (Docker images set it) installed packages still load from the bytecode pip wrote.
# Seen: every module that the plugin's whole package imports is rewritten; pytest keeps that in files of its own
# (*-pytest-9.2.0.pyc) and takes no other. With the variable set these are never written, so each start of pytest, of each
# xdist worker too, parses and compiles all of them anew. Without it the second start compiles none.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q pytest==9.2.0 syrupy==7.0.2
cd "$folder"
mkdir tests
echo 'def test_nothing(): pass' > tests/test_nothing.py
cat > count.py <<'PYTHON'
import contextlib
import sys

import pytest
from _pytest.assertion import rewrite

compiled = []
rewrite_test = rewrite._rewrite_test


def counted(path, config):
    compiled.append(str(path))
    return rewrite_test(path, config)


rewrite._rewrite_test = counted
with contextlib.redirect_stdout(sys.stderr):
    assert pytest.main(["-q", "-p", "no:cacheprovider", "tests"]) == 0
print(sum("/syrupy/" in path for path in compiled))
PYTHON
unset PYTHONPYCACHEPREFIX
off_first=$(PYTHONDONTWRITEBYTECODE=1 venv/bin/python count.py)
off_second=$(PYTHONDONTWRITEBYTECODE=1 venv/bin/python count.py)
on_first=$(env -u PYTHONDONTWRITEBYTECODE venv/bin/python count.py)
on_second=$(env -u PYTHONDONTWRITEBYTECODE venv/bin/python count.py)
echo "modules of syrupy compiled at the first and second start: with the variable $off_first $off_second, without $on_first $on_second"
[ "$off_first $off_second $on_first $on_second" = "17 17 17 0" ] || { echo "the behaviour has changed"; exit 1; }
