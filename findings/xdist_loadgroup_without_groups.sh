#!/usr/bin/env bash
# pytest-xdist 3.8.0 with pytest 8.4.2 and with pytest 9.2.0; Python 3.11 or newer.
#
# Guess: `--dist=loadgroup` gives all tests of one `xdist_group` to one worker, under either pytest: pip finds no conflict.
# Seen: xdist writes the group into the item's private `_nodeid` ("test_a@g") and groups by what `nodeid` says. With pytest 8
# that is the new text, with 9.2 still the old: the group is dealt out one by one to both workers, without a word. Tests which
# share a recording or a port run at once. (The node id a report shows changes too: with "@g" under 8, without under 9.2.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
cd "$folder"
cat > test_group.py <<'PYTHON'
import os
import pathlib
import time

import pytest


@pytest.mark.xdist_group("g")
@pytest.mark.parametrize("number", range(8))
def test_in_group(number, request):
    time.sleep(0.1)
    with pathlib.Path("ran").open("a") as ran:
        ran.write(f"{os.environ['PYTEST_XDIST_WORKER']} {'@g' in request.node.nodeid}\n")
PYTHON
said=""
for version in 8.4.2 9.2.0; do
  venv/bin/python -m pip install -q pytest==$version pytest-xdist==3.8.0
  rm -f ran
  timeout 120 venv/bin/python -m pytest -q -p no:cacheprovider -n 2 --dist=loadgroup > out
  workers=$(cut -d ' ' -f 1 ran | sort -u | grep -c .)
  said+="pytest $version: $(grep -c . ran) tests of one group on $workers worker(s), @g in the id: $(cut -d ' ' -f 2 ran | sort -u); "
done
echo "$said"
[ "$said" = "pytest 8.4.2: 8 tests of one group on 1 worker(s), @g in the id: True; pytest 9.2.0: 8 tests of one group on 2 worker(s), @g in the id: False; " ] ||
  { echo "the behaviour has changed"; exit 1; }
