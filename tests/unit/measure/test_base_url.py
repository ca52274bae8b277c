"""What child processes are pointed at, and that this process sees nothing of it, then or afterwards."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_claude_budget.measure import base_url
from pytest_claude_budget.measure.base_url import ForChildren, hide

START = "http://127.0.0.1:4141"
SHOWN = [sys.executable, "-S", "-c", "import os; print(os.environ.get('ANTHROPIC_BASE_URL'))"]


def shown(**options: Any) -> str:
    """What a program gets."""
    return subprocess.run(SHOWN, capture_output=True, check=True, text=True, **options).stdout.strip()


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No run around this one has a gateway."""
    monkeypatch.setattr(base_url, "_TOLD", [])
    monkeypatch.delenv("CLAUDE_BUDGET_GATEWAY", raising=False)
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    yield
    assert base_url._TOLD == []


@pytest.mark.parametrize("own", [None, "http://mine.example"])
def test_children_get_the_url_and_all_is_afterwards_as_it_was(own: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if own is not None:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", own)
    before, method = dict(os.environ), subprocess.Popen.__dict__["__init__"]
    told = ForChildren(START, lambda: f"{START}/t/abc")
    told.begin()
    try:
        assert os.environ.get("ANTHROPIC_BASE_URL") == own
        assert [shown(), shown(env=dict(os.environ)), shown(close_fds=False)] == [f"{START}/t/abc"] * 3
        other = {**os.environ, "ANTHROPIC_BASE_URL": "http://other.example"}
        assert shown(env=other) == "http://other.example"
        assert os.environ.get("ANTHROPIC_BASE_URL") == own
    finally:
        told.end()
    assert dict(os.environ) == before
    assert subprocess.Popen.__dict__["__init__"] is method
    assert shown() == str(own)


def test_the_newest_of_two_runs_is_the_one_that_children_are_pointed_at() -> None:
    outer, inner = ForChildren(START, lambda: f"{START}/t/outer"), ForChildren(START, lambda: f"{START}/t/inner")
    outer.begin()
    inner.begin()
    assert shown() == f"{START}/t/inner"
    inner.end()
    assert (shown(), os.environ["CLAUDE_BUDGET_GATEWAY"]) == (f"{START}/t/outer", f"{START}\t")
    outer.end()
    assert shown() == "None"


def test_an_older_run_that_ends_first_leaves_the_newer_one_in_force() -> None:
    older, newer = ForChildren(START, lambda: f"{START}/t/older"), ForChildren(START, lambda: f"{START}/t/newer")
    older.begin()
    newer.begin()
    older.end()
    assert (shown(), os.environ["CLAUDE_BUDGET_GATEWAY"]) == (f"{START}/t/newer", f"{START}\t")
    newer.end()
    assert (shown(), "CLAUDE_BUDGET_GATEWAY" in os.environ) == ("None", False)


@pytest.mark.parametrize("own", ["", "http://mine.example"])
def test_a_process_that_is_measured_by_hooks_sees_its_users_own(own: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the programs that it starts are pointed at the gateway all the same."""
    monkeypatch.setenv("CLAUDE_BUDGET_GATEWAY", f"{START}\t{own}")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"{START}/t/abc")
    hide(os.environ)
    try:
        assert os.environ.get("ANTHROPIC_BASE_URL", "") == own
        assert [shown(), shown(env=dict(os.environ))] == [f"{START}/t/abc"] * 2
    finally:
        base_url._TOLD[0].end()


def test_a_process_with_another_url_than_the_gateways_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_BUDGET_GATEWAY", f"{START}\t")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://mine.example")
    hide(os.environ)
    assert shown() == "http://mine.example"


def test_an_environment_that_is_none_is_the_users_own_error() -> None:
    told = ForChildren(START, lambda: START)
    told.begin()
    try:
        with pytest.raises((AttributeError, TypeError)):  # TypeError from Python 3.13 on, which spawns
            subprocess.Popen(SHOWN, env=7)  # type: ignore[call-overload]
    finally:
        told.end()
