#!/usr/bin/env bash
# pytest 9.2.0, pytest-reportlog 1.0.0, pytest-json-report 1.5.0; Python 3.11 or newer.
#
# Guess: a plugin or conftest.py that sets `session.exitstatus` in pytest_sessionfinish, the way to fail a run after the last
# test (pytest-cov does it), is heard by every reporter, since the process ends with that status.
# Seen: the process ends with 7 and both reports say 0, with and without `tryfirst` on the hook that sets it. pytest hands the
# old status on as the hook's argument, which pytest-reportlog writes; json-report has read the session by then.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q pytest==9.2.0 pytest-reportlog==1.0.0 pytest-json-report==1.5.0
cd "$folder"
echo 'def test_passes(): pass' > test_passes.py
said=""
for order in "" "tryfirst=True"; do
  cat > conftest.py <<PYTHON
import pytest


@pytest.hookimpl($order)
def pytest_sessionfinish(session):
    session.exitstatus = 7
PYTHON
  rm -f log.jsonl report.json
  status=0
  venv/bin/python -m pytest -q -p no:cacheprovider --report-log=log.jsonl --json-report --json-report-file=report.json \
    > out.txt || status=$?
  said+=$(venv/bin/python - "$status" "${order:-plain}" <<'PYTHON'
import json
import pathlib
import sys

log = json.loads(pathlib.Path("log.jsonl").read_text().splitlines()[-1])["exitstatus"]
report = json.loads(pathlib.Path("report.json").read_text())["exitcode"]
print(f"{sys.argv[2]}: process {sys.argv[1]}, reportlog {log}, json-report {report};")
PYTHON
  )
done
echo "$said"
[ "$said" = "plain: process 7, reportlog 0, json-report 0;tryfirst=True: process 7, reportlog 0, json-report 0;" ] ||
  { echo "the behaviour has changed"; exit 1; }
