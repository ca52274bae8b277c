"""A run's own gateway as a process: orders that come before it serves are done, and nothing of the run's secrets reaches it."""

import json
from pathlib import Path

import pytest

from pytest_claude_budget.gateway import started
from pytest_claude_budget.gateway.started import Started
from tests.gateway.wires import Upstream, answer, asked, message, post

WHOLE = answer(json.dumps(message()).encode())


def test_orders_that_come_before_it_serves_are_done(tmp_path: Path) -> None:
    process = Started(tmp_path / "run-1.sqlite3", "", "http://127.0.0.1:9", "http://127.0.0.1:9")
    try:
        assert process.settle()
        assert process.is_alive
    finally:
        process.stop()
    assert not process.is_alive


def test_a_request_that_comes_before_it_serves_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    upstream = Upstream(WHOLE)
    process = Started(tmp_path / "run-1.sqlite3", "", upstream.url, upstream.url)
    try:
        program = asked(int(process.url.rpartition(":")[2]), post())
        assert program.exactly(len(WHOLE)) == WHOLE
        program.close()
    finally:
        process.stop()
        upstream.close()


def test_its_environment_has_no_key_and_nothing_that_measures_it() -> None:
    kept = {"PATH": "/bin", "HTTPS_PROXY": "http://proxy:1", "SSL_CERT_FILE": "ca.pem", "PYTHONPATH": "src"}
    left = {"ANTHROPIC_API_KEY": "sk-ant-canary", "CLAUDE_BUDGET_LEDGER": "x", "PYTHONWARNINGS": "error"}
    assert started._environment({**kept, **left}) == kept
