"""`estimate`: prompts, values of their variables, volumes, and what the API counts."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_budget.cli import main

BUDGET = "version: 1\nfeatures: {triage: {tests: [a], requests_per_month: {average: 50_000}}}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each command runs in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prompt.txt").write_text("x" * 338 + "{{ticket}}", encoding="utf-8")
    (tmp_path / "values.csv").write_text("name,ticket\nAda,twelve chars\nBob,twelve chars\n", encoding="utf-8")
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert 0 == main(["estimate", *options])
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    assert 2 == main(["estimate", *options])
    return capsys.readouterr().err.splitlines()


def test_models_side_by_side_the_cheapest_first(capsys: pytest.CaptureFixture[str]) -> None:
    """71 to 169 tokens; on Haiku 4.5 71 x $1 + 10 x $5 = 121 and 169 + 100 = 269 a million, on Sonnet three times that."""
    models = ["--model", "claude-sonnet-4-6", "--model", "claude-haiku-4-5"]
    said = printed(
        capsys, "prompt.txt", "--values", "values.csv", *models, "--output", "10..20", "--requests", "average=50000"
    )
    assert [
        "the mean of 2 requests of prompt.txt",
        "input tokens output a request",
        "claude-haiku-4-5 71 to 169 10 to 20 $0.000121 to $0.000269",
        "claude-sonnet-4-6 71 to 169 10 to 20 $0.000363 to $0.000807",
        "a month average (50,000)",
        "claude-haiku-4-5 $6.05 to $13.45",
        "claude-sonnet-4-6 $18.15 to $40.35",
    ] == [" ".join(line.split()) for line in said.splitlines() if line][:7]
    assert 79 >= max(map(len, said.splitlines()))


def test_a_request_of_its_own_and_the_volumes_of_a_feature(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "claude-budget.yml").write_text(BUDGET, encoding="utf-8")
    body = {"model": "claude-haiku-4-5", "max_tokens": 20, "messages": [{"role": "user", "content": "x" * 350}]}
    (folder / "request.json").write_text(json.dumps(body), encoding="utf-8")
    document = json.loads(printed(capsys, "request.json", "--feature", "triage", "--format", "json"))
    assert 1 == document["requests"]
    (model,) = document["models"]
    assert ([71, 169], [1, 20], ["0.000076", "0.000269"]) == (
        model["input_tokens"],
        model["output_tokens"],
        model["cost"],
    )
    assert {"average": ["3.8", "13.45"]} == model["month"]


def test_values_may_be_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "values.json").write_text('[{"ticket": "twelve chars"}, {"ticket": 123456789012}]', encoding="utf-8")
    said = printed(capsys, "prompt.txt", "--values", "values.json", "--model", "claude-haiku-4-5", "--output", "10..20")
    assert "71 to 169" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["prompt.txt"], "--model: expected a model: no prompt names one"),
        (["--model", "claude-haiku-4-5", "prompt.txt"], "prompt.txt: expected values for {{ticket}}"),
        (
            ["--model", "claude-haiku-4-5", "prompt.txt", "--values", "values.csv"],
            "--output: expected how long an answer is",
        ),
        (["--model", "claude-haiku-4-5", "none.txt"], "none.txt: "),
        (
            ["--model", "claude-haiku-4-5", "prompt.txt", "--values", "other.csv"],
            "other.csv: expected a value of {{ticket}}",
        ),
        (["--model", "claude-haiku-4-5", "prompt.txt", "--values", "uneven.csv"], "uneven.csv:2: expected 2 values"),
        (
            ["--model", "claude-haiku-4-5", "prompt.txt", "--values", "empty.csv"],
            "empty.csv: expected from 1 to 10,000 rows",
        ),
        (["--model", "claude-haiku-4-5", "list.json"], "list.json: expected the JSON body of a request"),
        (
            ["--model", "claude-haiku-4-5", "prompt.txt", "--values", "values.csv", "--feature", "x"],
            "--feature: expected a feature of the budget file",
        ),
    ],
)
def test_bad_input_is_told(folder: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "other.csv").write_text("name\nAda\n", encoding="utf-8")
    (folder / "uneven.csv").write_text("name,ticket\nAda\n", encoding="utf-8")
    (folder / "empty.csv").write_text("name,ticket\n", encoding="utf-8")
    (folder / "list.json").write_text("[1]", encoding="utf-8")
    if options == ["prompt.txt"]:
        options = [*options, "--values", "values.csv"]
    lines = refused(capsys, *options)
    assert lines[0].startswith(said)
    assert lines[1].startswith("hint: ")


@pytest.mark.parametrize("option", ["--output=5..1", "--output=x", "--requests=average", "--requests=a=1,a=2"])
def test_options_that_are_none_are_told(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["estimate", "prompt.txt", option])
    assert "expected" in capsys.readouterr().err


def test_a_model_without_rates_has_its_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["prompt.txt", "--values", "values.csv", "--model", "claude-nope-9", "--output", "3"]
    assert 3 == main(["estimate", *options])
    assert "cannot be estimated: no rates for model 'claude-nope-9'\n" == capsys.readouterr().out


class _Counts(BaseHTTPRequestHandler):
    asked: list[dict[str, Any]]
    status = 200

    def do_POST(self) -> None:
        self.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        body = b'{"input_tokens": 1000}'
        self.send_response(self.status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Counts]]:
    """What counts, on this machine."""
    handler = type("Handler", (_Counts,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("ANTHROPIC_API_KEY", "none")
        yield handler
        server.shutdown()
        thread.join()


ONLINE = ["prompt.txt", "--values", "values.csv", "--model", "claude-haiku-4-5", "--output", "100", "--online"]


def test_the_api_counts_where_that_is_asked_for(api: type[_Counts], capsys: pytest.CaptureFixture[str]) -> None:
    """1,000 x $1 + 100 x $5 a million, twice."""
    said = printed(capsys, *ONLINE)
    assert "$0.0015" in said
    assert "input as the API counts it" in said
    assert 2 == len(api.asked)
    assert {
        "model": "claude-haiku-4-5",
        "messages": [{"role": "user", "content": "x" * 338 + "twelve chars"}],
    } == api.asked[0]


def test_nothing_is_sent_unless_that_is_asked_for(api: type[_Counts], capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys, *ONLINE[:-1])
    assert [] == api.asked


def test_an_api_that_refuses_is_told(api: type[_Counts], capsys: pytest.CaptureFixture[str]) -> None:
    api.status = 401
    assert refused(capsys, *ONLINE)[0] == "--online: the API answered with status 401 for claude-haiku-4-5"


def test_without_a_key_nobody_is_asked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    assert refused(capsys, *ONLINE)[0] == "--online: expected a key in ANTHROPIC_API_KEY"
