"""`claude-budget gateway` as a person runs it: until Ctrl-C, with a ledger of its own, or as a part of a run."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from pytest_claude_budget.cli import main
from pytest_claude_budget.ledger.copies import copied
from tests.gateway.wires import Upstream, answer, asked, message, post

WHOLE = answer(json.dumps(message()).encode())


@contextmanager
def running(folder: Path, *arguments: str, **environ: str) -> Iterator[tuple[subprocess.Popen[str], IO[str], int]]:
    """The command, with what it prints and its port."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLAUDE_BUDGET", "ANTHROPIC"))}
    command = [sys.executable, "-m", "pytest_claude_budget", "gateway", *arguments]
    with subprocess.Popen(
        command, cwd=folder, env={**kept, **environ}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        try:
            first = process.stdout.readline()
            found = re.match(r"http://127\.0\.0\.1:(\d+) passes on to ", first)
            assert found, first + process.stdout.read()
            yield process, process.stdout, int(found[1])
        finally:
            process.kill()


def ask(port: int, path: str = "/v1/messages") -> None:
    program = asked(port, post(path))
    assert program.exactly(len(WHOLE)) == WHOLE
    program.close()


def test_it_measures_until_it_is_interrupted_and_says_what_that_cost(tmp_path: Path) -> None:
    """Two calls of 1,000 tokens in and 100 out on Haiku 4.5: 2 * (1,000 * $1 + 100 * $5) / 1,000,000 = $0.003."""
    upstream = Upstream(WHOLE, WHOLE)
    with running(tmp_path, "--upstream", upstream.url) as (process, said, port):
        ask(port)
        ask(port)
        process.send_signal(signal.SIGINT)
        words = said.read()
        assert process.wait(60) == 0
    upstream.close()
    found = re.fullmatch(r"2 calls, \$0\.003; see: claude-budget report (\.pytest_cache/\S+\.sqlite3)\n", words)
    assert found, words
    report = subprocess.run(
        [sys.executable, "-m", "pytest_claude_budget", "report", found[1], "--format", "json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    document = json.loads(report.stdout)
    assert (document["totals"]["calls"], document["totals"]["cost"]) == (2, "0.003")


def test_without_an_upstream_it_takes_the_base_url_of_its_environment(tmp_path: Path) -> None:
    upstream = Upstream(WHOLE)
    with running(tmp_path, ANTHROPIC_BASE_URL=upstream.url) as (process, said, port):
        ask(port)
        process.send_signal(signal.SIGTERM)
        assert said.read().startswith("1 call, $0.0015; see: ")
    upstream.close()


def test_within_a_run_its_calls_are_the_runs_and_paid_by_who_started_it(tmp_path: Path) -> None:
    ledger = tmp_path / "run-20261128T120000-1-abcdef.sqlite3"
    upstream = Upstream(WHOLE)
    told = {"CLAUDE_BUDGET_LEDGER": str(ledger), "PYTEST_CURRENT_TEST": "tests/test_a.py::test_it (call)"}
    with running(tmp_path, "--upstream", upstream.url, **told) as (process, said, port):
        ask(port)
        process.send_signal(signal.SIGINT)
        assert said.read() == ""
    upstream.close()
    stored = copied(ledger)
    (call,) = stored.calls()
    stored.close()
    assert (call.owner.id, call.owner.phase, call.answer.usage.input_tokens) == (
        "tests/test_a.py::test_it",
        "call",
        1000,
    )


def test_by_hand_it_holds_the_cap_of_the_budget_file(tmp_path: Path) -> None:
    """A call costs $0.0015, since its usage is made up: of $0.002 the rest is no room for the bound of a second.

    A loopback server stands for a remote host. What is refused does not reach it, and a third call is asked for all the same.
    """
    budget = "version: 1\nloopback: live\nhard_cap: 0.002\nlive_calls: deny\n"
    (tmp_path / "claude-budget.yml").write_text(budget, encoding="utf-8")
    upstream = Upstream(WHOLE)
    with running(tmp_path, "--upstream", upstream.url) as (process, said, port):
        assert said.readline() == (
            "held: all calls together cost at most $0.002 (hard_cap in claude-budget.yml:3); "
            "what does not fit is answered with status 403\n"
        )
        assert said.readline().startswith("not held: live_calls: deny in claude-budget.yml is for tests")
        ask(port)
        for _ in range(2):
            program = asked(port, post())
            refused = program.until(b"[over-cap]")
            program.close()
            assert refused.startswith(b"HTTP/1.1 403 Forbidden\r\n"), refused
            assert b"the cap of $0.002" in refused
        process.send_signal(signal.SIGINT)
        assert said.read().startswith("1 call, $0.0015, 2 refused; see: ")
        assert process.wait(60) == 0
    upstream.close()
    assert not [*tmp_path.rglob("*.cap"), *tmp_path.rglob("*.refused")]


def test_an_upstream_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gateway", "--upstream", "api.anthropic.com"]) == 2
    assert capsys.readouterr().err == (
        "--upstream: expected the URL of a server, got 'api.anthropic.com'\n"
        "hint: write it with http:// or https:// and nothing behind its path, for example https://api.anthropic.com"
        "   [bad-upstream]\n"
    )


def test_a_port_that_is_taken_is_refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["gateway", "--port", str(port)]) == 2
    assert capsys.readouterr().err == (
        f"--port: expected a port that is free, got {port}: Address already in use\n"
        "hint: name another one, or leave --port out: any free one is taken then   [port-taken]\n"
    )


def test_without_its_extra_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["gateway"]) == 2
    assert capsys.readouterr().err == (
        "claude-budget gateway: what passes requests on is not installed: it comes with an extra\n"
        "hint: install pytest-claude-budget[gateway], for example: pip install 'pytest-claude-budget[gateway]'"
        "   [no-extra]\n"
    )
