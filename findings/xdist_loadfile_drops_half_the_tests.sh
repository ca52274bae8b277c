#!/usr/bin/env bash
# pytest 9.2.0 (8.4.2 does the same) with pytest-xdist 3.8.0; Python 3.11 or newer.
#
# Guess: `-n 2` runs the tests that a run without it would, whatever `--dist` says.
# Seen: two folders outside the rootdir each have a test_m.py of five tests, whose node ids pytest shortens to the same text.
# Plain pytest and `--dist=load` run ten. `--dist=loadfile` keeps its work in a dictionary by node id: it runs five, says
# "5 passed" and exits 0. Nothing says that the other folder's tests were never run.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q pytest==9.2.0 pytest-xdist==3.8.0
cd "$folder"
mkdir -p root one two
echo '[pytest]' > root/pytest.ini
for name in one two; do
  cat > $name/test_m.py <<PYTHON
import pytest


@pytest.mark.parametrize("number", range(5))
def test_runs(number):
    with open("$folder/ran", "a") as ran:
        ran.write("$name\n")
PYTHON
done
cd root
said=""
for how in "" "-n 2 --dist=load" "-n 2 --dist=loadfile"; do
  rm -f ../ran
  timeout 120 ../venv/bin/python -m pytest -q -p no:cacheprovider --import-mode=importlib -c pytest.ini $how ../one ../two > ../out
  said+="${how:-plain}: $(grep -c . ../ran) ran; "
  tail -n 1 ../out
done
echo "$said"
[ "$said" = "plain: 10 ran; -n 2 --dist=load: 10 ran; -n 2 --dist=loadfile: 5 ran; " ] || { echo "the behaviour has changed"; exit 1; }
