"""What a budget file says of hosts: which pattern means which, what holds where several do, and what is no host."""

from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.calls.call import Origin
from pytest_claude_budget.calls.host_rules import HostRules, Origins, is_loopback, origins_of_text
from pytest_claude_budget.files.budget_file import load_budget
from pytest_claude_budget.intercept.failed_response import LOOPBACK_MAY_BILL
from tests.builders.watched import URL, message, send, watched

LIVE, SIMULATED = Origin.LIVE, Origin.SIMULATED


def held(origins: Origins, url: str) -> list[Origin | None]:
    """What holds for a URL, by both clients' ideas of URLs."""
    rules = HostRules(origins)
    return list({rules.of(module.URL(url))[0]: None for module in (httpx, httpx2) for _ in range(2)})


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "api.localhost",
        "127.0.0.1",
        "127.8.9.10",
        "127.1",
        "::1",
        "[::1]",
        "0:0:0:0:0:0:0:1",
        "::ffff:127.0.0.1",
        "0.0.0.0",
        "::",
    ],
)
def test_loopback_is_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1",
        "192.168.0.1",
        "172.16.0.1",
        "169.254.1.1",
        "host.docker.internal",
        "127.0.0.1.example",
        "127.example",
        "localhost.example",
        "mylocalhost",
        "api.anthropic.com",
        "8.8.8.8",
        "fd00::1",
        "fe80::1",
        "::2",
    ],
)
def test_every_other_host_is_not(host: str) -> None:
    """Private addresses, containers' hosts, and names that somebody may have made this machine's."""
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("localhost:4000", "http://localhost:4000/v1/messages"),
        ("LocalHost:4000", "http://LOCALHOST:4000/"),
        ("localhost", "http://localhost:4000/"),
        ("localhost:*", "http://localhost:4000/"),
        ("127.*", "http://127.0.0.5:1/"),
        ("*:4000", "http://127.0.0.1:4000/"),
        ("::1", "http://[::1]:4000/"),
        ("[::1]:4000", "http://[0:0:0:0:0:0:0:1]:4000/"),
        ("0:0::1", "http://[::1]/"),
        ("*.corp.example", "https://gw.eu.corp.example/"),
        ("*.Corp.example.", "https://gw.corp.example/"),
        ("gw.example:443", "https://gw.example/"),
        ("gw.example:80", "http://gw.example/"),
        ("*", "http://localhost/"),
    ],
)
def test_a_pattern_means(pattern: str, url: str) -> None:
    assert [LIVE] == held(Origins(live=(pattern,)), url)
    assert [SIMULATED] == held(Origins(simulated=(pattern,)), url)


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("gw.example:4000", "https://gw.example/"),
        ("*.corp.example", "https://corp.example/"),
        ("*.corp.example", "https://evilcorp.example/"),
        ("gw.example", "https://gw.example.com/"),
        ("gw.example", "https://a.gw.example/"),
        ("gw.example:80", "https://gw.example/"),
    ],
)
def test_a_pattern_does_not_mean(pattern: str, url: str) -> None:
    assert [None] == held(Origins(live=(pattern,), simulated=(pattern,)), url)


def test_the_more_specific_pattern_holds_and_live_of_equals() -> None:
    """A name before a wildcard, more characters before fewer, a port before none; loopback is the least of all."""
    origins = Origins(
        loopback=LIVE,
        live=("*", "gw.mocks.example", "a*.example"),
        simulated=("*.mocks.example", "localhost:9999", "*b.example"),
    )
    urls = ["https://x.mocks.example", "https://gw.mocks.example", "http://localhost:9999", "http://localhost:1"]
    assert [[SIMULATED], [LIVE], [SIMULATED], [LIVE]] == [held(origins, url) for url in urls]
    assert [LIVE] == held(origins, "https://ab.example")
    assert [LIVE] == held(Origins(loopback=LIVE), "http://localhost")
    assert [SIMULATED] == held(Origins(), "http://localhost")
    assert [None] == held(Origins(loopback=LIVE), "https://api.anthropic.com")


def test_the_setting_passes_through_an_environment_variable() -> None:
    origins = Origins(loopback=LIVE, live=("a:1", "*.b"), simulated=("c",))
    assert origins == origins_of_text(origins.as_text())
    assert [Origins()] * 3 == [origins_of_text(text) for text in ("", "[1", '["often", [], []]')]


def test_a_host_that_is_simulated_by_word_is_so_and_a_replay_stays_one(tmp_path: Path) -> None:
    """A word about a host is about exchanges with it: what no network brought never bills."""
    with watched() as told:
        told.hosts = HostRules(Origins(live=("gateway.example",)))
        send(httpx, lambda request: httpx.Response(200, json=message()), asynchronous=False)
    assert [SIMULATED] == list(told.origins.values())


def problems(tmp_path: Path, text: str) -> str:
    path = tmp_path / "claude-budget.yml"
    path.write_text(f"version: 1\n{text}", encoding="utf-8")
    with pytest.raises(InputError) as raised:
        load_budget(path, path.name)
    return str(raised.value)


WRITE_HOST = "hint: write name and port alone, without https:// and path, for example localhost:4000   [bad-host]"


@pytest.mark.parametrize(
    "host",
    ["http://localhost:4000", "localhost/v1", "10.0.0.0/8", "a b", "localhost:port", "user@host", "[::1", "a:1:2x"],
)
def test_what_is_no_host_is_told(tmp_path: Path, host: str) -> None:
    assert problems(tmp_path, f'origins:\n  live: ["{host}"]\n') == (
        f"claude-budget.yml:3:10: origins.live[0]: expected a host such as localhost:4000 or *.corp.example, got {host!r}\n"
        + WRITE_HOST
    )


def test_what_is_no_port_is_told(tmp_path: Path) -> None:
    assert problems(tmp_path, 'origins:\n  live: ["localhost:65536"]\n') == (
        "claude-budget.yml:3:10: origins.live[0]: expected a port from 1 to 65535, got 'localhost:65536'\n"
        "hint: write the port that the server listens on, for example localhost:4000   [bad-host]"
    )


def test_a_host_that_is_both_is_told(tmp_path: Path) -> None:
    """In whatever spelling."""
    assert problems(tmp_path, 'origins:\n  live: [a.example, "[::1]:1"]\n  simulated: ["[0::1]:1"]\n') == (
        "claude-budget.yml:4:15: origins.simulated[0]: '[0::1]:1' is in origins.live[1] too: it is live or simulated,"
        " not both\nhint: keep one of the two; where two different patterns match a host, the more specific one holds"
        "   [two-origins]"
    )


def test_another_word_is_told(tmp_path: Path) -> None:
    assert problems(tmp_path, "loopback: lives\n") == (
        "claude-budget.yml:2:11: loopback: expected one of live, simulated, got 'lives'\n"
        "hint: did you mean 'live'?   [bad-value]"
    )
    assert "unknown key, expected one of live, simulated" in problems(tmp_path, "origins: {lives: [a]}\n")


def test_both_keys_are_read(tmp_path: Path) -> None:
    path = tmp_path / "claude-budget.yml"
    path.write_text("version: 1\nloopback: live\norigins: {live: ['a:1'], simulated: ['*.b']}\n", encoding="utf-8")
    assert Origins(loopback=LIVE, live=("a:1",), simulated=("*.b",)) == load_budget(path, path.name)[0].origins


@pytest.mark.parametrize("header", ["request-id", "Anthropic-RateLimit-Requests-Limit", "x-litellm-response-cost"])
@pytest.mark.parametrize(
    ("loopback", "noted"), [(None, False), (SIMULATED, False), (LIVE, False)], ids=["unsaid", "simulated", "live"]
)
def test_a_mock_with_the_real_api_s_headers_needs_no_word(header: str, loopback: Any, noted: bool) -> None:
    """Nothing was asked: whatever it says."""
    respond = lambda request: httpx.Response(200, json=message(), headers={header: "1"})  # noqa: E731
    with watched() as told:
        told.hosts = HostRules(Origins(loopback=loopback))
        send(httpx, respond, asynchronous=False, url=URL.replace("gateway.example", "localhost:4000"))
    assert noted == (LOOPBACK_MAY_BILL in told.answers[0].notes)
