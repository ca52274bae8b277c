"""Exchanges of requests: those with a server are seen below it, by urllib3, and those with a double above it; none twice."""

import functools
import io
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from contextvars import Context, copy_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import requests_mock
import responses
import urllib3.connectionpool
import urllib3.poolmanager
import vcr
from betamax import Betamax
from requests.adapters import BaseAdapter, HTTPAdapter

from pytest_claude_budget.calls.call import Origin
from pytest_claude_budget.intercept import poolmanager_hooks, requests_hooks, urllib3_hooks
from tests.builders.watched import ASKED, URL, Told, watched_by
from tests.clients.conftest import BODY, LIVE_HERE, STREAM, Server, counted, states

WHOLE = [("measured", 1_000, 100)]
JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream"}


@pytest.fixture
def told() -> Iterator[Told]:
    """What is told of exchanges of requests, with all hooks that a run has."""
    with ExitStack() as stack:
        told = stack.enter_context(watched_by(requests_hooks.hook_module, requests.sessions))
        for hooks, module in (
            (urllib3_hooks, urllib3.connectionpool),
            (poolmanager_hooks, urllib3.poolmanager),
            (requests_hooks, requests_mock.adapter),
        ):
            seam = hooks.hook_module(module, SimpleNamespace(sink=lambda: told))
            others, seam.watchers().sinks = seam.watchers().sinks, (told,)
            stack.callback(seam.remove, seam.runs[-1])
            stack.callback(setattr, seam.watchers(), "sinks", others)
        told.hosts = LIVE_HERE
        yield told


def origins(told: Told) -> list[Origin]:
    return [told.origins[key] for key in sorted(told.origins)]


@pytest.mark.parametrize("form", ["", "chunked/", "closed/"])
@pytest.mark.parametrize("coding", ["", "gzip/"])
def test_an_answer_of_a_server_counts_once(told: Told, server: Server, form: str, coding: str) -> None:
    assert BODY == requests.post(f"{server.url}/{form}{coding}json/v1/messages", json=ASKED).content
    with requests.post(f"{server.url}/{form}{coding}sse/v1/messages", json=ASKED, stream=True) as response:
        assert STREAM.splitlines() == list(response.iter_lines())
    assert WHOLE * 2 == counted(told)
    assert [Origin.LIVE] * 2 == origins(told)


def test_a_stream_that_is_left_tells_what_had_come(told: Told, server: Server) -> None:
    with requests.post(f"{server.url}/chunked/sse/v1/messages", json=ASKED, stream=True) as response:
        lines = response.iter_lines(chunk_size=1)
        assert STREAM.splitlines()[:3] == [next(lines) for _ in range(3)]
    assert ["at_least"] == states(told)


def test_each_try_of_an_adapter_is_an_attempt(told: Told, server: Server) -> None:
    retries = urllib3.Retry(total=2, status_forcelist=[529], allowed_methods=None, backoff_factor=0)
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=retries))
        assert BODY == session.post(f"{server.url}/once/status/529/v1/messages", json=ASKED).content
    assert [("failed", 0, 0), *WHOLE] == counted(told)


def test_a_redirect_is_followed(told: Told, server: Server) -> None:
    assert BODY == requests.post(f"{server.url}/status/307/v1/messages", json=ASKED).content
    assert [("failed", 0, 0), *WHOLE] == counted(told)


def test_what_was_never_sent_was_not_billed(told: Told) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.post("http://127.0.0.1:1/v1/messages", json=ASKED)
    assert ["failed"] == states(told)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("body", "headers"), [(BODY, JSON), (STREAM, SSE)], ids=["json", "sse"])
def test_responses_is_simulated(told: Told, body: bytes, headers: dict[str, str], *, stream: bool) -> None:
    with responses.RequestsMock() as mock:
        mock.post(URL, body=body, content_type=headers["content-type"])
        response = requests.post(URL, json=ASKED, stream=stream)
        assert WHOLE == counted(told), "a stream that is whole in memory is measured also where nobody reads it"
        assert body == response.content
    assert [Origin.SIMULATED] == origins(told)


@pytest.mark.parametrize("stream", [False, True])
def test_requests_mock_is_simulated(told: Told, *, stream: bool) -> None:
    with requests_mock.Mocker() as mock:
        mock.post(URL, content=BODY, headers=JSON)
        assert BODY == requests.post(URL, json=ASKED, stream=stream).content
    assert WHOLE == counted(told)
    assert [Origin.SIMULATED] == origins(told)


@pytest.mark.parametrize("mocker", ["responses", "requests_mock"])
def test_what_a_double_lets_through_is_live(told: Told, server: Server, mocker: str) -> None:
    url = f"{server.url}/json/v1/messages"
    if mocker == "responses":
        with responses.RequestsMock() as mock:
            mock.add_passthru(server.url)
            requests.post(url, json=ASKED)
    else:
        with requests_mock.Mocker(real_http=True):
            requests.post(url, json=ASKED)
    assert WHOLE == counted(told)
    assert [Origin.LIVE] == origins(told)


def test_a_mock_without_an_answer_asks_nobody(told: Told) -> None:
    with requests_mock.Mocker(), pytest.raises(requests_mock.NoMockAddress):
        requests.post(URL, json=ASKED)
    assert [] == states(told)


@pytest.mark.parametrize("status", [429, 529])
def test_a_double_s_refusal_is_an_attempt(told: Told, status: int) -> None:
    with responses.RequestsMock() as mock:
        mock.post(URL, status=status, json={"type": "error"})
        mock.post(URL, body=BODY, content_type="application/json")
        assert status == requests.post(URL, json=ASKED).status_code
        requests.post(URL, json=ASKED)
    assert [("failed", 0, 0), *WHOLE] == counted(told)


def test_an_error_that_a_double_raises_was_not_billed(told: Told) -> None:
    with responses.RequestsMock() as mock:
        mock.post(URL, body=requests.ReadTimeout("made up"))
        with pytest.raises(requests.ReadTimeout):
            requests.post(URL, json=ASKED)
    assert ["failed"] == states(told)


def test_an_answer_over_which_a_hook_raises_counts(told: Told) -> None:
    def check(response: requests.Response, **how: Any) -> None:
        raise requests.HTTPError("the hook's", response=response)

    with responses.RequestsMock() as mock:
        mock.post(URL, body=BODY, content_type="application/json")
        with pytest.raises(requests.HTTPError):
            requests.post(URL, json=ASKED, hooks={"response": check})
    assert WHOLE == counted(told)


@pytest.mark.parametrize("recorder", ["vcr", "betamax"])
def test_a_cassette_is_live_once_and_simulated_from_then_on(
    told: Told, server: Server, tmp_path: Path, recorder: str
) -> None:
    for _ in range(3):
        with requests.Session() as session, ExitStack() as stack:
            if recorder == "vcr":
                stack.enter_context(vcr.use_cassette(str(tmp_path / "tape.yaml"), record_mode="once"))
            else:
                stack.enter_context(Betamax(session, cassette_library_dir=str(tmp_path)).use_cassette("tape"))
            assert BODY == session.post(f"{server.url}/chunked/json/v1/messages", json=ASKED).content
    assert 1 == len(server.asked)
    assert WHOLE * 3 == counted(told)
    assert [Origin.LIVE, Origin.SIMULATED, Origin.SIMULATED] == origins(told)


class Fake(BaseAdapter):
    """Made by hand, as tests do: its answer has a body, or a file with one."""

    def __init__(self, *, file: bool) -> None:
        super().__init__()
        self.file = file

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        response = requests.Response()
        response.status_code, response.request = 200, request
        response.headers.update(JSON)
        if self.file:
            response.raw = io.BytesIO(BODY)
        else:
            response._content = BODY
        return response

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("file", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_an_adapter_that_is_made_by_hand_is_simulated(told: Told, *, file: bool, stream: bool) -> None:
    with requests.Session() as session:
        session.mount("https://", Fake(file=file))
        assert BODY == session.post(URL, json=ASKED, stream=stream).content
    assert WHOLE == counted(told)
    assert [Origin.SIMULATED] == origins(told)


class BeingChanged(dict[str, Any]):
    """Adapters that another thread mounts one among, once."""

    changed = False

    def values(self) -> Any:
        if not self.changed:
            self.changed = True
            raise RuntimeError("OrderedDict mutated during iteration")
        return super().values()


def test_a_session_that_another_thread_changes_asks_as_it_would(told: Told, server: Server) -> None:
    url = f"{server.url}/json/v1/messages"
    requests.post(url, json=ASKED)
    with requests.Session() as session:
        session.adapters = BeingChanged(session.adapters)
        assert BODY == session.post(url, json=ASKED).content
    assert WHOLE * 2 == counted(told)


class Elsewhere(HTTPAdapter):
    """Has requests' own `send`, and a pool of somebody's own."""

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> Any:
        def urlopen(**_: Any) -> urllib3.HTTPResponse:
            return urllib3.HTTPResponse(io.BytesIO(BODY), JSON, 200, preload_content=False)

        return SimpleNamespace(urlopen=urlopen)


def test_an_adapter_with_a_pool_of_its_own_is_simulated(told: Told, server: Server) -> None:
    requests.post(f"{server.url}/json/v1/messages", json=ASKED)
    with requests.Session() as session:
        session.mount("https://", Elsewhere())
        assert BODY == session.post(URL, json=ASKED).content
    assert WHOLE * 2 == counted(told)
    assert [Origin.LIVE, Origin.SIMULATED] == origins(told)


@pytest.mark.parametrize(
    "taken",
    [
        "the place of an adapter",
        "an adapter's send",
        "an adapter's send, by another's",
        "every adapter's send",
        "every adapter's send, in its name",
        "get_adapter",
        "every get_adapter, in its name",
    ],
)
def test_a_way_that_was_free_is_looked_at_again(
    told: Told, server: Server, monkeypatch: pytest.MonkeyPatch, taken: str
) -> None:
    """The same session asks a server, then a double, then the server again."""
    url, fake = f"{server.url}/json/v1/messages", Fake(file=False)
    with requests.Session() as session, monkeypatch.context() as patch:
        session.post(url, json=ASKED)
        if taken == "the place of an adapter":
            patch.setitem(session.adapters, "http://", fake)
        elif taken == "get_adapter":
            patch.setattr(session, "get_adapter", lambda url: fake)
        elif taken == "an adapter's send":
            patch.setattr(session.adapters["http://"], "send", fake.send)
        elif taken == "an adapter's send, by another's":
            patch.setattr(session.adapters["http://"], "send", Elsewhere().send)
        elif taken == "every adapter's send, in its name":
            send = functools.wraps(HTTPAdapter.send)(lambda self, *args, **kwargs: fake.send(*args, **kwargs))
            patch.setattr(HTTPAdapter, "send", send)
        elif taken == "every get_adapter, in its name":
            get_adapter = functools.wraps(requests.Session.get_adapter)(lambda self, url: fake)
            patch.setattr(requests.Session, "get_adapter", get_adapter)
        else:
            patch.setattr(HTTPAdapter, "send", lambda self, *args, **kwargs: fake.send(*args, **kwargs))
        session.post(url, json=ASKED)
        patch.undo()
        session.post(url, json=ASKED)
    assert (len(server.asked), counted(told)) == (2, WHOLE * 3)


def test_no_frame_of_ours_lies_above_those_that_are_left_out(
    told: Told, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests' adapter is what calls the hook, and all below it are ours."""
    found: list[list[str]] = []

    def open_(self: Told, retry: int, above: int) -> int:
        frames = list(map(sys._getframe, range(1, above + 1)))
        found.append([frame.f_globals["__name__"].partition(".")[0] for frame in frames])
        return next(self._ids)

    monkeypatch.setattr(Told, "open", open_)
    requests.post(f"{server.url}/json/v1/messages", json=ASKED)
    (names,) = found
    assert (set(names[:-1]), names[-1]) == ({"pytest_claude_budget"}, "requests")


def test_a_pool_whose_place_a_double_has_taken_is_simulated(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """As pook does."""

    def urlopen(pool: Any, method: str, url: str, **how: Any) -> Any:
        return urllib3.HTTPResponse(io.BytesIO(BODY), JSON, 200, preload_content=how.get("preload_content", True))

    monkeypatch.setattr(urllib3.connectionpool.HTTPConnectionPool, "urlopen", urlopen)
    with urllib3.PoolManager() as manager:
        assert BODY == manager.request("POST", URL, body=json.dumps(ASKED)).data
    assert BODY == requests.post(URL, json=ASKED).content
    assert WHOLE * 2 == counted(told)
    assert [Origin.SIMULATED] * 2 == origins(told)


@pytest.mark.parametrize("calls", [False, True], ids=["a double", "a wrapper"])
def test_who_stands_in_the_place_of_our_hook_under_its_name_is_looked_at(
    told: Told, server: Server, monkeypatch: pytest.MonkeyPatch, *, calls: bool
) -> None:
    """`functools.wraps` takes over all that a function says of itself, our mark too. A wrapper that calls the hook counts nothing twice."""
    hooked, url = urllib3.connectionpool.HTTPConnectionPool.urlopen, f"{server.url}/json/v1/messages"

    @functools.wraps(hooked)
    def urlopen(pool: Any, *args: Any, **how: Any) -> Any:
        if calls:
            return hooked(pool, *args, **how)
        return urllib3.HTTPResponse(io.BytesIO(BODY), JSON, 200, preload_content=how.get("preload_content", True))

    requests.post(url, json=ASKED)
    monkeypatch.setattr(urllib3.connectionpool.HTTPConnectionPool, "urlopen", urlopen)
    assert BODY == requests.post(url, json=ASKED).content
    with urllib3.PoolManager() as manager:
        assert BODY == manager.request("POST", url, body=json.dumps(ASKED)).data
    assert WHOLE * 3 == counted(told)
    assert [Origin.LIVE, *2 * [Origin.LIVE if calls else Origin.SIMULATED]] == origins(told)


def test_others_ask_what_they_like(told: Told, server: Server) -> None:
    requests.post(f"{server.url}/plain", json={"a": 1})
    requests.get(f"{server.url}/plain", params={"a": 1})
    assert [] == states(told)


def test_the_classes_are_left_as_they_were_found() -> None:
    for hooks, cls, name in (
        (requests_hooks, requests.Session, "send"),
        (requests_hooks, requests_mock.Adapter, "send"),
        (poolmanager_hooks, urllib3.PoolManager, "urlopen"),
    ):
        before, run = cls.__dict__[name], SimpleNamespace(sink=Told)
        hooks.hook_module(sys.modules[cls.__module__], run).remove(run)
        assert before is cls.__dict__[name]


def test_a_task_that_began_in_an_exchange_and_asks_a_double_after_it_counts(told: Told) -> None:
    """A task or a pool that lives longer keeps the context that it began in."""
    began: list[Context] = []

    def ask(respond: Any) -> None:
        with responses.RequestsMock() as mock:
            mock.add_callback("POST", URL, respond)
            assert BODY == requests.post(URL, json=ASKED).content

    def respond(_: Any) -> Any:
        began.append(copy_context())
        return 200, JSON, BODY

    ask(respond)
    began[0].run(ask, respond)
    assert WHOLE * 2 == counted(told)
    assert [Origin.SIMULATED] * 2 == origins(told)
