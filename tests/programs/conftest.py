"""Suites that start real programs, in front of a double of Claude's API. They have an environment of their own: `nox --session programs`."""

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from tests.plugin.conftest import Suite, suite
from tests.programs.claude_api import ClaudeApi

__all__ = ["suite"]

# Claude Code is 400 MB, and a client of npm needs npm.
collect_ignore = [] if find_spec("claude_agent_sdk") else ["test_agent_sdk.py", "test_claude_code.py", "test_npm.py"]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ClaudeApi]:
    """Whom the user's own base URL names."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = ClaudeApi()
    monkeypatch.setenv("ANTHROPIC_BASE_URL", made.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-canary")
    yield made
    made.close()


@pytest.fixture
def programs(suite: Suite, api: ClaudeApi, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A suite with a gateway, and a home of its own."""
    monkeypatch.setenv("HOME", str(suite.path / "home"))
    monkeypatch.setenv("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
    (suite.path / "home").mkdir()
    suite.budget("version: 1\ngateway: true\n")
    return suite
