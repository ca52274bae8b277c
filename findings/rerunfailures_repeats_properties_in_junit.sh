#!/usr/bin/env bash
# pytest-rerunfailures 16.7 with pytest 9.2.0; Python 3.11 or newer.
#
# Guess: the JUnit file has one `testcase` for a test that was run again, with what its last attempt recorded.
# Seen: it has a `testcase` for each attempt, under `tests="1"`, none of which is failed, and an attempt has the properties of those before
# it as well, the same name once more. Whoever adds up a property over `testcase`s counts the first of two attempts twice and a third of
# three attempts three times; whoever reads the first property of a name reads another attempt's.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q pytest-rerunfailures==16.7 pytest==9.2.0
cat > "$folder/test_again.py" <<'PYTHON'
import itertools

attempts = itertools.count(1)


def test_passes_at_the_third_time(record_property):
    attempt = next(attempts)
    record_property("dollars", attempt)
    assert attempt == 3
PYTHON
"$folder/venv/bin/python" -m pytest -q -p no:cacheprovider --reruns 2 --junitxml="$folder/junit.xml" "$folder/test_again.py" > /dev/null
"$folder/venv/bin/python" - "$folder/junit.xml" <<'PYTHON'
import sys
import xml.etree.ElementTree as ElementTree

suite = ElementTree.parse(sys.argv[1]).getroot().find("testsuite")
seen = [[each.get("value") for each in case.iter("property")] for case in suite.iter("testcase")]
print(f'tests="{suite.get("tests")}" failures="{suite.get("failures")}"; dollars of each testcase: {seen}')
assert (suite.get("tests"), suite.get("failures")) == ("1", "0"), "the behaviour has changed"
assert seen == [["1"], ["1", "2"], ["1", "2", "3"]], "the behaviour has changed"
PYTHON
