"""Agents that wrap the client's classes, the real ones: before us by their own commands, after us, and gone again."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin.conftest import HANG_SECONDS, Suite

pytestmark = pytest.mark.cold

ASKING = """
import asyncio
import httpx, httpx2
import pytest
from http_double import REQUEST, message

URL, HEADERS = "https://api.anthropic.com/v1/messages", {"anthropic-version": "2023-06-01"}

def ask(module):
    transport = module.MockTransport(lambda request: module.Response(200, json=message()))
    with module.Client(transport=transport) as client:
        assert client.post(URL, json=REQUEST, headers=HEADERS).json() == message()

def ask_async(module):
    async def main():
        transport = module.MockTransport(lambda request: module.Response(200, json=message()))
        async with module.AsyncClient(transport=transport) as client:
            assert (await client.post(URL, json=REQUEST, headers=HEADERS)).json() == message()
    asyncio.run(main())

def ask_all():
    for module in (httpx, httpx2):
        ask(module)
        ask_async(module)
"""
QUIET = {
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
    "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    "DD_TRACE_AGENT_URL": "http://127.0.0.1:9",
    "DD_PYTEST_USE_NEW_PLUGIN": "false",
    "NEW_RELIC_DEVELOPER_MODE": "true",
    "NEW_RELIC_LICENSE_KEY": "0" * 40,
    "NEW_RELIC_APP_NAME": "suite",
    "NEW_RELIC_LOG": os.devnull,
    "LOGFIRE_SEND_TO_LOGFIRE": "false",
    "LOGFIRE_CONSOLE": "false",
}
"""No agent reports to anybody."""
SENTRY = "sentry_sdk.init(auto_enabling_integrations=False, integrations=[HttpxIntegration()])"
"""By itself it would import every framework and SDK that is installed, for as many integrations: two seconds of each process."""
BY_COMMAND = {"ddtrace": ["ddtrace-run"], "newrelic": ["newrelic-admin", "run-program"]}
IN_PROCESS = {
    "ddtrace": (
        "from ddtrace.contrib.internal.httpx import patch as agent",
        "agent.patch()",
        "agent.unpatch()",
    ),
    "opentelemetry": (
        "from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor",
        "HTTPXClientInstrumentor().instrument()",
        "HTTPXClientInstrumentor().uninstrument()",
    ),
    "logfire": (
        "import logfire\nfrom opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor",
        "logfire.configure(); logfire.instrument_httpx()",
        "HTTPXClientInstrumentor().uninstrument()",
    ),
    "sentry": ("import sentry_sdk; from sentry_sdk.integrations.httpx import HttpxIntegration", SENTRY, SENTRY),
}


@pytest.fixture
def suite(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """With a module that asks by every client."""
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTEST_ADDOPTS", f"{os.environ['PYTEST_ADDOPTS']} -p no:ddtrace -p no:logfire -W ignore")
    suite.write(asking=ASKING)
    return suite


@pytest.mark.parametrize("agent", BY_COMMAND)
def test_an_agent_that_came_first_changes_no_count(suite: Suite, agent: str) -> None:
    """Four calls of $0.0015: sync and async, httpx and httpx2."""
    suite.write(test_a="from asking import *\ndef test_one(): ask_all()\n")
    command, *rest = BY_COMMAND[agent]
    ended = subprocess.run(
        [
            Path(sys.executable).with_name(command),
            *rest,
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--claude-budget-report=json:out.json",
        ],
        cwd=suite.path,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    totals = json.loads((suite.path / "out.json").read_text("utf-8"))["totals"]
    assert (totals["calls"], totals["cost"]) == (4, "0.006")


@pytest.mark.parametrize("agent", IN_PROCESS)
def test_an_agent_that_comes_and_goes_changes_no_count(suite: Suite, agent: str) -> None:
    """Put in as conftest is imported, after us; then a run inside of the run, out and in again in tests, and a last call."""
    load, put_in, take_out = IN_PROCESS[agent]
    suite.write(
        conftest=f"import httpx, httpx2\n{load}\n{put_in}\n",
        inner="from asking import *\ndef test_inner(): ask_all()\n",
        test_a=f"""
        import json
        {load.replace(chr(10), chr(10) + " " * 8)}
        from asking import *
        def test_one(): ask_all()
        def test_run_inside():
            assert pytest.main(["-q", "--claude-budget-report=json:inner.json", "inner.py"]) == 0
            assert json.load(open("inner.json"))["totals"]["cost"] == "0.006"
        def test_out():
            {take_out}
            ask_all()
        def test_in_again():
            {put_in}
            ask_all()
        def test_out_again():
            {take_out}
            ask_all()
        """,
    )
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=5)
    calls = {row["owner"].partition("::")[2]: row["calls"] for row in outcome.report["by_owner"]}
    names = ("test_one", "test_run_inside", "test_out", "test_in_again", "test_out_again")
    assert (calls, outcome.cost) == (dict.fromkeys(names, 4), "0.03")
    assert outcome.report["verdict"]["incomplete"] == []


@pytest.mark.parametrize("agent", ["ddtrace", "sentry"])
def test_an_agent_that_came_first_and_goes_in_a_test_loses_no_call(suite: Suite, agent: str) -> None:
    """Put in before pytest begins."""
    load, put_in, take_out = IN_PROCESS[agent]
    (suite.path / "early.py").write_text(f"import httpx, httpx2\n{load}\n{put_in}\n", encoding="utf-8")
    suite.write(
        test_a=f"""
        {load.replace(chr(10), chr(10) + " " * 8)}
        from asking import *
        def test_one(): ask_all()
        def test_out():
            {take_out}
            ask_all()
        def test_in_again():
            {put_in}
            ask_all()
        """
    )
    outcome = suite.run("-p", "early")
    outcome.result.assert_outcomes(passed=3)
    assert (outcome.report["totals"]["calls"], outcome.cost) == (12, "0.018")
