"""`claude-budget bound`: what it prints, and its exit statuses."""

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_budget.cli import main

ON = ["--on", "2026-11-28"]
PLAIN = {"model": "claude-haiku-4-5", "max_tokens": 1000, "messages": [{"role": "user", "content": "Hi"}]}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(value: object, *options: str, status: int = 0) -> None:
    Path("request.json").write_text(json.dumps(value), encoding="utf-8")
    assert status == main(["bound", "request.json", *ON, *options])


def as_json(capsys: pytest.CaptureFixture[str], value: object, *options: str, status: int = 0) -> dict[str, Any]:
    told(value, *options, "--format", "json", status=status)
    made = json.loads(capsys.readouterr().out)
    assert isinstance(made, dict)
    return made


def test_each_term_has_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """90 bytes, 100 hidden tokens and 1,000 of the answer: $0.00009 + $0.0001 + $0.005."""
    told(PLAIN)
    assert capsys.readouterr().out.splitlines() == [
        "claude-haiku-4-5-20251001 on 2026-11-28, list rates as of 2026-11-23",
        "",
        "  text: 90 x $1.00 per million = $0.00009",
        "    one token for each byte: no tokenizer makes more",
        "  hidden: 100 x $1.00 per million = $0.0001",
        "    allowed for what the server adds around a prompt, and for tools",
        "  output: 1,000 x $5.00 per million = $0.005",
        "    all that the request allows",
        "  at most $0.00519",
    ]


def test_a_program_gets_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    made = as_json(capsys, PLAIN)
    assert made["bound"] == "0.00519"
    assert made["lines"][2] == {
        "label": "output",
        "count": 1000,
        "rate": "5",
        "per": 1_000_000,
        "factors": {},
        "amount": "0.005",
        "why": "all that the request allows",
    }


def test_another_model_can_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """91 - 1 bytes and 100 at $3, 1,000 at $15, 10% more in the US: $0.01557 and a tenth."""
    made = as_json(capsys, PLAIN, "--model", "claude-sonnet-4-6")
    assert (made["model"], made["bound"]) == ("claude-sonnet-4-6", "0.0171303")


def test_a_batch_is_known_by_its_requests(capsys: pytest.CaptureFixture[str]) -> None:
    """Two at half the price are as dear as one."""
    batch = {"requests": [{"custom_id": "a", "params": PLAIN}, {"custom_id": "b", "params": PLAIN}]}
    assert as_json(capsys, batch)["bound"] == "0.00519"
    assert as_json(capsys, batch, "--model", "claude-sonnet-4-6")["model"] == "claude-sonnet-4-6"


def test_another_path_has_another_form(capsys: pytest.CaptureFixture[str]) -> None:
    converse = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}], "inferenceConfig": {"maxTokens": 10}}
    made = as_json(capsys, converse, "--path", "/model/global.anthropic.claude-haiku-4-5-20251001-v1:0/converse")
    assert made["lines"][-1]["count"] == 10


def test_what_the_budget_file_assumes_is_told_with_its_risk(capsys: pytest.CaptureFixture[str]) -> None:
    text = "version: 1\ncap_assumes: {features: {agent: {output_tokens: 400}}}\n"
    Path("claude-budget.yml").write_text(text, encoding="utf-8")
    told(PLAIN)
    assert "assumed" not in capsys.readouterr().out
    told(PLAIN, "--feature", "agent")
    assert capsys.readouterr().out.splitlines()[-6:] == [
        "  output: 400 x $5.00 per million = $0.002",
        "    cap_assumes, where 1,000 are allowed",
        "  at most $0.00219",
        "assumed: its answer has at most 400 tokens, where 1,000 are allowed",
        "an answer that does not keep to what is assumed costs more than this, and a cap",
        "  can be passed by it",
    ]


def test_a_large_window_is_asked_for_by_a_header(capsys: pytest.CaptureFixture[str]) -> None:
    long = {**PLAIN, "messages": [{"role": "user", "content": "x" * 300_000}]}
    assert as_json(capsys, long)["lines"][0]["count"] == 200_000
    assert as_json(capsys, long, "--betas", "context-1m-2025-08-07")["lines"][0]["count"] > 300_000


def test_what_cannot_be_bounded_says_why_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    searching = {**PLAIN, "tools": [{"type": "web_search_20250305", "name": "web_search"}]}
    told(searching, status=3)
    assert capsys.readouterr().out == (
        "cannot be bounded: it may search the web without limit\n"
        "hint: give the tool max_uses, or say in the budget file what it needs:\n"
        "  cap_assumes: {web_searches: 5}\n"
    )
    assert as_json(capsys, searching, status=3)["bound"] is None


def test_bad_input_is_told_in_four_parts(capsys: pytest.CaptureFixture[str]) -> None:
    told(PLAIN, "--path", "/model/meta.llama4/invoke", status=2)
    assert capsys.readouterr().err == (
        "--path: expected a path of Claude's, such as /v1/messages or /v1/chat/completions, got '/model/meta.llama4/invoke'\n"
        "hint: leave --path out for Anthropic's own; on Bedrock and Vertex the path names the model   [unknown-path]\n"
    )
    assert main(["bound", "missing.json"]) == 2
    assert "missing.json: " in capsys.readouterr().err


@pytest.mark.parametrize("value", [[], 5, {}, {"requests": 5}, {"requests": [{}]}])
def test_any_json_gets_an_answer(capsys: pytest.CaptureFixture[str], value: object) -> None:
    told(value, "--model", "claude-haiku-4-5", status=0 if value == {} else 3)
    assert capsys.readouterr().out
