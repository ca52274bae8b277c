"""A test's own mark goes before an enforced limit for tests, and is held as that is. `test_hard_cap.py` says what calls cost."""

import pytest

from tests.plugin.conftest import Suite
from tests.plugin.test_hard_cap import capped, denied
from tests.plugin.test_live_calls import asked

__all__ = ["capped", "denied"]

MARKS = """
import subprocess, sys
import pytest
import asks, clients
ASK = "import network, asks, clients; clients.requests()"
@pytest.mark.claude_budget(max_calls=2)
def test_more():
    for _ in range(3): clients.httpx()
@pytest.mark.claude_budget(max_calls=2)
def test_child():
    for _ in range(2): subprocess.run([sys.executable, "-c", ASK], check=True)
@pytest.mark.claude_budget(max_calls=0)
def test_none(): clients.httpx()
@pytest.mark.claude_budget(max_tokens_total=9000)
def test_other():
    clients.httpx()
    clients.httpx()
def test_plain():
    clients.httpx()
"""


@pytest.mark.cold
def test_the_mark_of_a_test_is_what_is_held(capped: Suite) -> None:
    """2 of 3, 2 of 2, none of 1, 1 of 2 by the file's limit, and 1 of 1."""
    capped.write(test_a=MARKS)
    capped.budget("version: 1\nlimits:\n  - {scope: test, max_calls: 1, enforce: true}\n")
    outcome = capped.run("-p", "no:randomly")
    outcome.result.assert_outcomes(passed=2, failed=3)
    assert 2 + 2 + 0 + 1 + 1 == len(asked(capped))
    assert (
        "of the limit max_calls 2 for test test_a.py::test_more (test_a.py:5) 2 are made"
        " hint: make fewer calls, or let it be sent by max_calls=3 [over-cap]"
    ) in outcome.said
