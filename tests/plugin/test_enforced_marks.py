"""A test's own mark goes before an enforced limit for tests, and is held as that is. `test_hard_cap.py` says what calls cost."""

import pytest

from tests.gateway.wires import Upstream
from tests.plugin.conftest import Suite
from tests.plugin.test_gateway import upstream
from tests.plugin.test_hard_cap import capped, denied
from tests.plugin.test_live_calls import asked
from tests.plugin.test_live_calls_and_doubles import PROGRAM

__all__ = ["capped", "denied", "upstream"]

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


PROGRAMS = """
import os, subprocess
import pytest
from program import ask
BODY = '{"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}'
CURL = ["curl", "-s", "-o", "out", "-w", "%{http_code}", "-H", "content-type: application/json", "-d", BODY]
def curl():
    url = subprocess.run(["sh", "-c", "echo $ANTHROPIC_BASE_URL"], stdout=subprocess.PIPE, text=True).stdout.strip()
    return subprocess.run([*CURL, url + "/v1/messages"], stdout=subprocess.PIPE, text=True).stdout
@pytest.mark.claude_budget(max_calls=2)
def test_more():
    assert [ask(), curl()] == ["answered", "200"]
    assert [ask(), curl()] == ["403 false permission_error", "403"]
@pytest.mark.claude_budget(max_cost="0.0001")
def test_dollars(): curl()
@pytest.fixture
def early(): os.system("sh -c 'curl -s -o out -d @body $ANTHROPIC_BASE_URL/v1/messages'")
@pytest.mark.claude_budget(max_calls=0)
def test_in_its_set_up(early): pass
def test_plain():
    assert [curl(), curl()] == ["200", "403"]
"""
BODY = '{"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}'


def test_the_gateway_holds_it_too(capped: Suite, upstream: Upstream, workers: int) -> None:
    """2 of 4 by the mark; none where a bound of over $0.0001 does not fit, or no call does; and 1 of 2 by the file."""
    capped.write(program=PROGRAM, test_a=PROGRAMS)
    (capped.path / "body").write_text(BODY, "utf-8")
    limits = "  - {scope: test, max_calls: 1, enforce: true}\n  - {scope: test, max_cost: 1, enforce: true}\n"
    capped.budget(f"version: 1\nloopback: live\ngateway: true\nlimits:\n{limits}")
    outcome = capped.run("-p", "no:randomly", workers=workers)
    outcome.result.assert_outcomes(failed=3, errors=1)
    assert 2 + 0 + 0 + 1 == len(upstream.heads)
    assert "of the limit max_calls 2 for test test_a.py::test_more (test_a.py:9) 2 are made" in outcome.said
    assert "of the limit max_cost 0.0001 for test test_a.py::test_dollars (test_a.py:13) $0.00 is spent" in outcome.said
    assert "of the limit max_calls 0 for test test_a.py::test_in_its_set_up (test_a.py:17) 0 are made" in outcome.said


PARTS = """
import asks, clients
def test_second(claude_budget):
    with claude_budget.limit(max_cost="0.006"):
        clients.httpx()
        clients.httpx()
def test_swallowed(claude_budget):
    with claude_budget.limit(max_cost="0.005"):
        try: clients.requests()
        except BaseException: pass
def test_each_part_anew(claude_budget):
    for _ in range(2):
        with claude_budget.limit(max_cost="0.006"): clients.httpx()
    clients.httpx()
def test_its_own_limit_is_held_too(claude_budget):
    with claude_budget.limit(max_cost="0.03"):
        for _ in range(4): clients.httpx()
def test_other_measure(claude_budget):
    with claude_budget.limit(max_spent="0.001"):
        clients.httpx()
"""


def test_a_part_of_a_test_is_held_to_dollars_where_a_limit_for_tests_is(capped: Suite) -> None:
    """A bound is $0.00519: 1 of 2, none of 1, 3 of 3, 3 of 4 since 3 x $0.0015 + $0.00519 = $0.00969 > $0.0096, and 1 that is judged afterwards."""
    capped.write(test_a=PARTS)
    capped.budget("version: 1\nlimits:\n  - {scope: test, max_cost: 0.0096, enforce: true}\n")
    outcome = capped.run("-p", "no:randomly")
    outcome.result.assert_outcomes(passed=1, failed=4)
    assert 1 + 0 + 3 + 3 + 1 == len(asked(capped))
    refused = "test_a.py::test_second: a call to Claude (claude-haiku-4-5, at api.anthropic.com) was not sent: it can cost up to $0.00519,"
    assert (
        f"{refused} and of claude_budget.limit(max_cost=0.006) (test_a.py:2) $0.0015 is spent hint: make it smaller (claude-budget bound"
        " shows the sum; max_tokens and cap_assumes lower it), or let it be sent by max_cost=0.00669 [over-cap]"
    ) in outcome.said
    assert "[over-limit]" in outcome.said
