"""What a cap makes of tries that fail, of redirects and of replays. `test_hard_cap.py` says what calls cost."""

import json
from pathlib import Path

import pytest

from tests.plugin.conftest import Suite
from tests.plugin.test_hard_cap import capped, denied
from tests.plugin.test_live_calls import asked

__all__ = ["capped", "denied"]

SERVER = """
import json
from collections import Counter
import network
OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
NEXT = "/v1/messages"
ELSEWHERE = {
    "moved": "http://other.anthropic.com" + NEXT,
    "remote": "http://api.anthropic.com" + NEXT,
    "home": f"http://127.0.0.1:{network.PORT}" + NEXT,
}
tries = Counter()
def do_POST(self):
    self.rfile.read(int(self.headers.get("content-length") or 0))
    network.note(self.path)
    how = self.path.split("/")[1]
    tries[how] += 1
    status, told, body = 200, {}, network.MESSAGE
    if how == "down" or (how == "busy" and tries[how] % 3):
        status, told, body = 529, {"retry-after-ms": "1"}, OVERLOADED
    elif how in ELSEWHERE:
        status, told, body = 307, {"location": ELSEWHERE[how]}, {}
    data = json.dumps(body).encode()
    self.send_response(status)
    for name, value in {"content-type": "application/json", "content-length": str(len(data)), **told}.items():
        self.send_header(name, value)
    self.end_headers()
    self.wfile.write(data)
network.Handler.do_POST = do_POST
API, LOCAL = "http://api.anthropic.com", f"http://127.0.0.1:{network.PORT}"
def at(how, of=API): return f"{of}/{how}{NEXT}"
"""
TRIES = """
import anthropic, pytest
import asks, clients
from server import at

@pytest.mark.parametrize("name", ["anthropic", "anthropic_async"])
def test_busy(name): getattr(clients, name)(at("busy"))
@pytest.mark.parametrize("name", ["anthropic", "anthropic_async", "anthropic_stream"])
def test_down(name):
    with pytest.raises(anthropic.InternalServerError): getattr(clients, name)(at("down"))
def test_not_followed():
    with pytest.raises(KeyError): clients.httpx(at("moved"))["content"]
def test_last(): clients.httpx()
"""
REDIRECTS = """
import pytest
import asks, clients
from server import LOCAL, at

ways = pytest.mark.parametrize("name", ["httpx", "httpx_async", "anthropic", "requests", "urllib3", "aiohttp"])
def ask(name, url): getattr(clients, name)(url, **({"follow_redirects": True} if name.startswith("httpx") else {}))
@ways
def test_moved(name, claude_budget):
    with claude_budget.limit(max_calls=1): ask(name, at("moved"))
@ways
def test_home(name): ask(name, at("home"))
@ways
def test_remote(name): ask(name, at("remote", LOCAL))
def test_last(): clients.httpx()
"""
OLD = """
import json
import pytest
import asks, clients
from server import LOCAL
FAST = json.dumps({**json.loads(clients.BODY), "model": "fast"}).encode()

@pytest.mark.parametrize("body", [clients.BODY, FAST])
@pytest.mark.parametrize("name", ["httpx", "httpx_async", "requests", "urllib3", "aiohttp"])
def test_old(name, body, monkeypatch):
    monkeypatch.setattr(clients, "BODY", body)
    getattr(clients, name)(LOCAL + "/remote/old", **({"follow_redirects": True} if name.startswith("httpx") else {}))
"""
REPLAYS = """
import pytest, vcr
import asks, clients

@pytest.mark.parametrize("name", ["httpx", "anthropic", "requests", "aiohttp"])
def test_replayed(name):
    with vcr.use_cassette("answers.json", serializer="json", record_mode="none", allow_playback_repeats=True):
        getattr(clients, name)()
def test_live(): clients.httpx()
"""


@pytest.fixture
def served(capped: Suite) -> Suite:
    """A suite whose remote hosts are overloaded, or send it elsewhere."""
    capped.write(server=SERVER, conftest="import network, server")
    return capped


def test_a_try_that_failed_gives_its_reservation_back(served: Suite) -> None:
    """Three calls are answered, at $0.0015: the last needs $0.0052 and a little less besides $0.003."""
    served.write(test_a=TRIES)
    served.budget("version: 1\nhard_cap: 0.0083\n")
    outcome = served.run("-p", "no:randomly")
    outcome.result.assert_outcomes(passed=7)
    assert "within" == outcome.verdict
    assert 2 * 3 + 3 * 3 + 1 + 1 == len(asked(served)) == outcome.report["totals"]["attempts"]
    assert (3, "0.0045") == (outcome.report["totals"]["calls"], outcome.report["totals"]["spent"])


def test_a_redirect_is_charged_once_and_by_where_it_leads_to(served: Suite) -> None:
    """Twelve of 18 answers come from a remote host: 12 x $0.0015 = $0.018, and $0.0052 and a little less for the last call."""
    served.write(test_a=REDIRECTS)
    served.budget("version: 1\nhard_cap: 0.0232\n")
    outcome = served.run("-p", "no:randomly")
    outcome.result.assert_outcomes(passed=3 * 6 + 1)
    assert "within" == outcome.verdict
    spent = {row["owner"].partition("::")[2]: row["spent"] for row in outcome.report["by_owner"]}
    assert "0.0015" == spent.pop("test_last")
    assert {name: "0" if "home" in name else "0.0015" for name in spent} == spent
    assert 18 == len(spent)


def test_a_redirect_to_a_remote_host_is_held_back(served: Suite) -> None:
    """Wherever it comes from: it is what leads there that is not sent."""
    served.write(test_a=REDIRECTS)
    served.budget("version: 1\nhard_cap: 0\n")
    outcome = served.run("-p", "no:randomly", "-k", "remote")
    outcome.result.assert_outcomes(failed=6, deselected=13)
    assert ["/remote/v1/messages"] * 6 == asked(served)


@pytest.mark.parametrize("budget", ["hard_cap: 0", "live_calls: deny"])
def test_a_redirect_to_claude_is_held_back_whatever_was_asked_first(served: Suite, budget: str) -> None:
    served.write(test_a=OLD)
    served.budget(f"version: 1\n{budget}\n")
    outcome = served.run("-p", "no:randomly")
    outcome.result.assert_outcomes(failed=10)
    assert ["/remote/old"] * 10 == asked(served)


def test_replays_are_neither_charged_nor_refused(served: Suite) -> None:
    """Of a cap that has no room for any live call."""
    served.write(test_a=REPLAYS)
    served.budget("version: 1\nhard_cap: 0\n")
    write_cassette(served.path / "answers.json")
    outcome = served.run("-p", "no:randomly")
    outcome.result.assert_outcomes(passed=4, failed=1)
    assert [] == asked(served)
    assert (4, "0.006", "0") == tuple(outcome.report["totals"][name] for name in ("calls", "cost", "spent"))
    assert "verdict: over: the cap of $0.00 refused calls of 1 test" in outcome.said


def write_cassette(path: Path) -> None:
    usage = {"input_tokens": 1000, "output_tokens": 100}
    message = {"type": "message", "model": "claude-haiku-4-5", "content": [], "stop_reason": "end_turn", "usage": usage}
    request = {"method": "POST", "uri": "http://api.anthropic.com/v1/messages", "body": "", "headers": {}}
    response = {
        "status": {"code": 200, "message": "OK"},
        "headers": {"content-type": ["application/json"]},
        "body": {"string": json.dumps(message)},
    }
    cassette = {"version": 1, "interactions": [{"request": request, "response": response}]}
    path.write_text(json.dumps(cassette), encoding="utf-8")


TWO_RUNS = """
import os, subprocess
import asks, clients
def test_1():
    clients.httpx()
    clients.httpx()
def test_other_run():
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("CLAUDE_BUDGET", "PYTEST_CURRENT"))}
    arguments = ["-m", "pytest", "-p", "no:randomly", "--claude-budget-report=json:other.json", "other.py"]
    assert 1 == subprocess.run([*PYTHON, *arguments], env=environ).returncode
def test_2(): clients.httpx()
"""
OTHER = """
import asks, clients
def test_1(): clients.httpx()
def test_2(): clients.httpx()
def test_3(): clients.httpx()
"""


def test_two_runs_in_one_folder_have_a_cap_each(capped: Suite) -> None:
    """$0.008 is room for two calls of each, whoever of them ends while the other goes on."""
    capped.write(test_a=f"PYTHON = {capped.python()}\n{TWO_RUNS}", other=OTHER)
    outcome = capped.run("-p", "no:randomly")
    outcome.result.assert_outcomes(passed=2, failed=1)
    other = json.loads((capped.path / "other.json").read_text("utf-8"))
    for report in (outcome.report, other):
        assert ("0.003", ["the cap of $0.008 refused calls of 1 test"]) == (
            report["totals"]["spent"],
            report["verdict"]["capped"],
        )
    assert "(hard_cap in claude-budget.yml:2) $0.003 is spent hint" in outcome.said
    assert 4 == len(asked(capped))
