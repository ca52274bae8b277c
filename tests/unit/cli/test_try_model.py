"""`advise --try`: another model in the place of each request's own, and what came of it."""

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from pytest_claude_budget.advice.tried import Tried
from pytest_claude_budget.cli import main
from pytest_claude_budget.plugin.try_model import with_model
from pytest_claude_budget.render.tried import ONCE, tried_text

URL = "https://api.anthropic.com/v1/messages?beta=true"
ASKED = {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "naïve"}], "max_tokens": 9}
HAIKU = "claude-haiku-4-5"
SUITE = """
import httpx2, pytest

def ask():
    def respond(request):
        usage = {"input_tokens": 1000, "output_tokens": 100}
        asked = __import__("json").loads(request.content)
        content = [{"type": "text", "text": "yes" if "sonnet" in asked["model"] else "perhaps"}]
        message = {"type": "message", "model": asked["model"], "content": content, "stop_reason": "end_turn", "usage": usage}
        return httpx2.Response(200, json=message)
    body = {"model": "claude-sonnet-4-5", "max_tokens": 200, "messages": [{"role": "user", "content": "Well?"}]}
    with httpx2.Client(transport=httpx2.MockTransport(respond)) as client:
        return client.post("https://api.anthropic.com/v1/messages", json=body).json()["content"][0]["text"]

def test_any(): assert ask()
def test_yes(): assert ask() == "yes"
def test_quiet(): pass
"""


def tried(**fields: Any) -> Tried:
    usual = {
        "model": HAIKU,
        "passed_before": 3,
        "passes": 3,
        "lost": (),
        "before": Decimal("0.03"),
        "after": Decimal("0.01"),
        "at_least": False,
        "calls": 5,
        "kept": 0,
        "simulated": 0,
    }
    return Tried(**usual | fields)


def test_only_the_model_of_a_message_is_another_one() -> None:
    """The rest of the body, the address and the headers stay, the length excepted."""
    request = httpx2.Client(headers={"x-api-key": "k"}).build_request("POST", URL, json=ASKED)
    changed = with_model(request, HAIKU)
    assert json.loads(changed.content) == {**ASKED, "model": HAIKU}
    assert (changed.url, changed.headers["x-api-key"]) == (request.url, "k")
    assert changed.headers["content-length"] == str(len(changed.content))
    assert changed.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "request_",
    [
        httpx2.Request("GET", URL),
        httpx2.Request("POST", "https://api.anthropic.com/v1/messages/batches", json=ASKED),
        httpx2.Request("POST", URL, content=b"no JSON"),
        httpx2.Request("POST", URL, json=["model"]),
        httpx2.Request("POST", URL, json={"messages": []}),
        httpx2.Request("POST", URL, content=iter([b"{}"])),
    ],
)
def test_every_other_request_stays_as_it_is(request_: httpx2.Request) -> None:
    """The very object."""
    assert with_model(request_, HAIKU) is request_


def test_what_a_run_does_not_prove_is_said() -> None:
    """Live answers of the model alone speak for themselves; the others are counted."""
    assert tried_text(tried()) == f"{HAIKU}: 3 of 3 tests still pass; $0.03 → $0.01 a run\n- " + ONCE.replace(
        "it looks", "it\n  looks"
    )
    text = " ".join(tried_text(tried(passes=2, lost=("t::a",), at_least=True, kept=1, simulated=2)).split())
    assert "2 of 3 tests still pass; at least $0.03 → at least $0.01 a run" in text
    assert "2 of 5 answers came from recordings" in text
    assert "1 call kept another model" in text
    assert "not with it: t::a" in text
    assert [tried(**fields).proves for fields in ({}, {"kept": 1}, {"simulated": 1}, {"calls": 0})] == [True] + [
        False
    ] * 3


def test_a_suite_runs_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of two tests needs Sonnet. 2 x (1,000 x 3 + 100 x 15) = 9,000 micro-dollars, and a third of that with Haiku."""
    (tmp_path / "test_a.py").write_text(SUITE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # others take most of the time
    for name in ("CLAUDE_BUDGET_LEDGER", "CLAUDE_BUDGET_OWNER", "PYTEST_CURRENT_TEST"):
        monkeypatch.delenv(name, raising=False)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "pytest_claude_budget.plugin"]
    assert main(["advise", "--format", "json", "--try", HAIKU, "--", *command]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["passed_before"], found["passes"], found["lost"]) == (2, 1, ["test_a.py::test_yes"])
    assert (found["before"], found["after"], found["saving"]) == ("0.009", "0.003", "0.006")
    assert (found["calls"], found["kept"], found["simulated"], found["proves"]) == (2, 0, 2, False)


@pytest.mark.parametrize(
    ("arguments", "slug"),
    [
        (["--try", HAIKU], "no-command"),
        (["--try", HAIKU, "--", "pytest", "--claude-budget-update"], "no-command"),
        (["--try", HAIKU, "--", "no-such-program-anywhere"], "no-command"),
        (["--try", HAIKU, "--", "true"], "no-command"),
        (["--try", "claude-nothing", "--", "pytest"], "unknown-model"),
        (["one.json", "two.json"], "several-runs"),
    ],
)
def test_what_cannot_be_run_is_refused(
    arguments: list[str], slug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what to write."""
    monkeypatch.chdir(tmp_path)
    assert main(["advise", *arguments]) == 2
    assert f"[{slug}]" in capsys.readouterr().err
