"""Caps that answers pass, and refusals of workers that are killed: the run says so. `test_hard_cap.py` says what calls cost."""

import pytest

from tests.plugin.conftest import Suite
from tests.plugin.test_hard_cap import capped, denied
from tests.plugin.test_live_calls import asked

__all__ = ["capped", "denied"]

FEW = """
import asks, clients
clients.BODY = clients.BODY.replace(b"1000", b"1")
def test_1(): clients.httpx()
def test_2(): pass
"""
PASSED = "the cap of $0.001 is passed: $0.0015 is spent, for an answer cost more than was held back for it"


def test_a_cap_that_is_passed_is_over(capped: Suite, workers: int) -> None:
    """It is asked for 1 token and answers with 100: $0.001 for what it read and $0.0005 for what it wrote."""
    capped.write(test_a=FEW)
    capped.budget("version: 1\nhard_cap: 0.001\n")
    outcome = capped.run("-p", "no:randomly", workers=workers)
    outcome.result.assert_outcomes(passed=2)
    assert 1 == outcome.result.ret
    assert ("over", [PASSED]) == (outcome.verdict, outcome.report["verdict"]["capped"])
    assert f"verdict: over: {PASSED}" in outcome.said


def test_a_cap_that_is_just_reached_is_kept(capped: Suite) -> None:
    capped.write(test_a=FEW)
    capped.budget("version: 1\nhard_cap: 0.0015\n")
    assert "within" == capped.run("-p", "no:randomly").verdict


KILLED = """
import os, pathlib
import asks, clients
def test_1():
    for _ in range(2): clients.httpx()
def test_2():
    killed = pathlib.Path("killed")
    if not killed.exists():
        killed.touch()
        os.kill(os.getpid(), 9)
"""


@pytest.mark.cold
def test_what_a_killed_worker_was_refused_is_told(capped: Suite) -> None:
    """One of two fits: $0.0015 and $0.005 and a little. The worker that knew of it hands nothing over."""
    capped.write(test_a=KILLED)
    capped.budget("version: 1\nhard_cap: 0.006\n")
    outcome = capped.run("-p", "no:randomly", "-n1", "--dist=loadscope")
    assert ("over", ["the cap of $0.006 refused calls of 1 test"]) == (
        outcome.verdict,
        outcome.report["verdict"]["capped"],
    )
    assert [] == list(capped.path.rglob("*.refused"))


@pytest.mark.parametrize("limit", ["hard_cap: 0", "limits: [{scope: run, max_calls: 0, enforce: true}]"])
def test_a_cap_that_let_nothing_go_has_a_verdict(capped: Suite, workers: int, limit: str) -> None:
    """Nothing was sent and no report was asked for, and yet the run is over."""
    capped.write(test_a="import asks, clients\ndef test_a(): clients.httpx()\ndef test_b(): pass\n")
    capped.budget(f"version: 1\n{limit}\n")
    ended = capped.pytest(*(["-n2"] if workers else []))
    ended.assert_outcomes(passed=1, failed=1)
    said = ended.stdout.str()
    assert "verdict: over: the " in said
    assert "refused calls of 1 test\n" in said


UNHELD = """
import pathlib
import asks, clients
def test_1(): clients.httpx()
def test_2():
    for path in pathlib.Path().rglob("*.cap"):
        path.unlink()
    clients.httpx()
def test_3(): pass
"""


@pytest.mark.parametrize(("on_cap", "passed"), [("refuse", 2), ("stop", 1)])
def test_a_cap_whose_file_was_removed_is_not_said_to_be_reached(capped: Suite, on_cap: str, passed: int) -> None:
    capped.write(test_a=UNHELD)
    capped.budget(f"version: 1\nhard_cap: 5\non_cap: {on_cap}\n")
    outcome = capped.run("-p", "no:randomly")
    outcome.result.assert_outcomes(passed=passed, failed=1)
    assert 1 == len(asked(capped))
    assert ["the cap, which cannot be held here, refused calls of 1 test"] == outcome.report["verdict"]["capped"]
    assert ("refused a call (on_cap: stop)" in outcome.said) == (on_cap == "stop")
    assert "the file of the cap was removed or cut while the run goes on" in outcome.said
    assert "raise hard_cap" not in outcome.said


def test_a_call_without_a_bound_is_helped_by_no_room(capped: Suite) -> None:
    capped.write(
        test_a="import asks, clients\ndef test_a():\n    clients.BODY = clients.BODY.replace(b'haiku', b'lotus')\n    clients.httpx()\n"
    )
    outcome = capped.run()
    assert "verdict: over: the cap, without a bound for them, refused calls of 1 test" in outcome.said
    assert "to pass: do what the message of the failed test says" in outcome.said
