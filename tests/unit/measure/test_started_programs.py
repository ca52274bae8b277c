"""Which programs ask Claude, by what they are started with."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from pytest_claude_budget.measure.started_programs import asks_claude

KEY = {"ANTHROPIC_API_KEY": "k"}
CLAUDE, NODE, CURL = "claude was started", "node was started with Claude's API", "curl was started with Claude's API"


def bills(url: str) -> bool:
    """Everything but this machine."""
    return "127.0.0.1" not in url


def started(*words: str, env: Mapping[str, str] | None = None) -> str | None:
    """What is told of a program that was started."""
    return asks_claude("subprocess.Popen", (words[0], list(words), None, env or {}), bills)


@pytest.mark.parametrize(
    ("words", "env", "told"),
    [
        (("claude", "-p", "hi"), {}, CLAUDE),
        (("/venv/_bundled/claude", "--output-format", "stream-json"), {"ANTHROPIC_BASE_URL": ""}, CLAUDE),
        (("C:\\tools\\claude.CMD", "-p", "hi"), {"ANTHROPIC_BASE_URL": "https://proxy.example"}, CLAUDE),
        (("timeout", "-k", "1", "30s", "claude", "-p", "hi"), {}, CLAUDE),
        (("env", "A=b", "claude"), {"ANTHROPIC_BASE_URL": "https://proxy.example"}, CLAUDE),
        (("sh", "-c", "cd /tmp && A=1 claude -p hi"), {}, CLAUDE),
        (("claude",), {"ANTHROPIC_BASE_URL": "http://127.0.0.1:1", "CLAUDE_CODE_USE_BEDROCK": "1"}, CLAUDE),
        (("curl", "-s", "https://api.anthropic.com/v1/messages"), {}, CURL),
        (("curl", "api.anthropic.com/v1/messages"), {}, CURL),
        (("curl", "https://proxy.example/v1/messages"), {}, CURL),
        (("bash", "-c", "curl \\\n  https://api.anthropic.com/v1/messages | jq ."), {}, CURL),
        (("sh", "-c", "curl $BASE/v1/messages"), {"BASE": "https://api.anthropic.com"}, CURL),
        (("sh", "-c", "curl ${BASE:-https://api.anthropic.com}/v1/messages"), {}, CURL),
        (("node", "-e", "fetch('https://api.anthropic.com/v1/messages')"), {}, NODE),
        (("npx", "@anthropic-ai/claude-code"), KEY, "npx was started with Claude's API"),
        (("node", "a.js"), {**KEY, "ANTHROPIC_BASE_URL": "https://proxy.example"}, NODE),
    ],
)
def test_a_program_that_asks_claude_is_told(words: tuple[str, ...], env: Mapping[str, str], told: str) -> None:
    assert told == started(*words, env=env)


@pytest.mark.parametrize(
    ("words", "env"),
    [
        (("uname", "-p"), {}),
        (("git", "commit", "-m", "claude https://api.anthropic.com/v1/messages"), {}),
        (("grep", "claude", "notes.txt"), {}),
        (("sh", "-c", "ls /home/me/claude && echo claude"), {}),
        (("claude", "--version"), {}),
        (("claude", "mcp", "list"), {}),
        (("claude", "-p", "hi"), {"ANTHROPIC_BASE_URL": "http://127.0.0.1:4141"}),
        (("sh", "-c", "ANTHROPIC_BASE_URL=http://127.0.0.1:1 claude -p hi"), {}),
        (
            ("claude",),
            {"CLAUDE_CODE_USE_BEDROCK": "1", "ANTHROPIC_BEDROCK_BASE_URL": "http://127.0.0.1:1"},
        ),
        (("curl", "https://example.org"), {}),
        (("curl", "http://127.0.0.1:4141/v1/messages"), {}),
        (("sh", "-c", "curl ${BASE:-https://api.anthropic.com}/v1/messages"), {"BASE": "http://127.0.0.1:1"}),
        (("node", "/site-packages/playwright/driver/package/cli.js", "run-driver"), KEY),
        (("npx", "@anthropic-ai/claude-code"), {}),
        (("",), {}),
    ],
)
def test_any_other_program_is_left_in_peace(words: tuple[str, ...], env: Mapping[str, str]) -> None:
    assert started(*words, env=env) is None


def test_a_script_that_finds_the_package_of_anthropic_is_told_where_it_has_a_key(tmp_path: Path) -> None:
    (tmp_path / "node_modules" / "@anthropic-ai" / "sdk").mkdir(parents=True)
    (tmp_path / "src").mkdir()
    script = str(tmp_path / "src" / "ask.js")
    assert NODE == started("node", script, env=KEY)
    assert started("node", script) is None
    assert started("node", script, env={**KEY, "ANTHROPIC_BASE_URL": "http://127.0.0.1:1"}) is None


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("os.system", ("claude -p hi",)),
        ("os.exec", (b"/bin/claude", [b"claude", b"-p"], None)),
        ("os.posix_spawn", ("/bin/claude", ("claude",), {b"A": b"b"})),
        ("os.spawn", (0, "/bin/claude", ("claude",), None)),
        ("subprocess.Popen", (None, "claude -p hi", None, ["A=b"])),
        ("subprocess.Popen", (Path("/bin/claude"), [Path("/bin/claude")], None, None)),
    ],
)
def test_every_way_to_start_a_program_is_read(
    event: str, arguments: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    assert CLAUDE == asks_claude(event, arguments, bills)


class Likeness:
    """What subprocess takes for an environment: it asks for `items` alone."""

    def items(self) -> list[tuple[str, str]]:
        """One variable."""
        return [("ANTHROPIC_API_KEY", "x")]


@pytest.mark.parametrize("env", [5, object(), ["no pair", 7], {5: None}])
def test_what_no_program_can_be_started_with_is_no_fault_of_ours(env: object) -> None:
    """The call fails by itself, and a test may want it to."""
    assert asks_claude("subprocess.Popen", ("claude", ["claude", 5, None], None, env), bills) in (None, CLAUDE)
    assert asks_claude("subprocess.Popen", ("git", ["git"], None, env), bills) is None


def test_an_environment_is_read_as_subprocess_reads_it() -> None:
    assert CLAUDE == asks_claude("subprocess.Popen", ("claude", ["claude", "-p"], None, Likeness()), bills)
