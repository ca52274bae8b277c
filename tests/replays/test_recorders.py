"""Libraries that record, replay, cache and mock: the exchange that they record is live, what they play is simulated."""

from pathlib import Path
from typing import Any

import httpx
import httpx2
import httpx_aiohttp
import pytest
import vcr
from anthropic._vendor.httpx_aiohttp import transport as vendored  # what the SDK's DefaultAioHttpClient is made of
from httpx_retries import RetryTransport
from mocket import Mocketizer
from mocket.mocks.mockhttp import Entry
from mocket.socket import MocketSocket

from pytest_claude_budget.intercept.signs_of_network import is_feigned
from tests.builders.watched import URL, Told, message
from tests.replays.conftest import BODY, KINDS, LIVE, SIMULATED, Kind, Server, origins

PLAIN = URL.replace("https", "http")
AIOHTTP = {
    "httpx": (Kind(module=httpx, asynchronous=True, client=httpx.AsyncClient), httpx_aiohttp.AiohttpTransport),
    "httpx2": (Kind(module=httpx2, asynchronous=True, client=httpx2.AsyncClient), vendored.AiohttpTransport),
}
aiohttp = pytest.mark.parametrize(("kind", "transport"), AIOHTTP.values(), ids=AIOHTTP)


def test_a_cassette_is_live_once_and_simulated_from_then_on(
    kind: Kind, told: Told, server: Server, tmp_path: Path
) -> None:
    for _ in range(3):
        with vcr.use_cassette(str(tmp_path / "tape.yaml"), record_mode="once"):
            assert BODY == kind.ask(server.url)
    assert 1 == server.asked
    assert [*LIVE, *SIMULATED * 2] == origins(told)


def test_a_cassette_that_is_always_recorded_is_live(kind: Kind, told: Told, server: Server, tmp_path: Path) -> None:
    for _ in range(2):
        with vcr.use_cassette(str(tmp_path / "tape.yaml"), record_mode="all"):
            kind.ask(server.url)
    assert LIVE * 2 == origins(told)


def test_streams_of_a_cassette_that_nobody_reads_are_measured(
    kind: Kind, told: Told, server: Server, tmp_path: Path
) -> None:
    """Recorded or replayed: all of the body is here."""
    for _ in range(2):
        with vcr.use_cassette(str(tmp_path / "tape.yaml"), record_mode="new_episodes"):
            kind.ask(server.url, stream=True)
    assert [*LIVE, *SIMULATED] == origins(told)


@aiohttp
def test_aiohttp_below_the_client_is_live(kind: Kind, transport: Any, told: Told, server: Server) -> None:
    kind.ask_with(lambda: kind.client(transport=transport()), server.url)
    assert LIVE == origins(told)


@aiohttp
def test_an_unread_stream_over_aiohttp_is_live(kind: Kind, transport: Any, told: Told, server: Server) -> None:
    """Its connection is still there; what was not read is not known."""
    kind.ask_with(lambda: kind.client(transport=transport()), server.url, stream=True)
    assert LIVE == list(told.origins.values())


@aiohttp
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "unread-stream"])
def test_a_cassette_of_aiohttp_is_live_once_and_simulated_from_then_on(
    kind: Kind, transport: Any, told: Told, server: Server, tmp_path: Path, stream: bool
) -> None:
    for mode in ("all", "none", "new_episodes"):
        with vcr.use_cassette(str(tmp_path / "tape.yaml"), record_mode=mode):
            kind.ask_with(lambda: kind.client(transport=transport()), server.url, stream=stream)
    assert 1 == server.asked
    assert [*LIVE, *SIMULATED * 2] == origins(told)


def test_retries_of_a_mock_are_simulated_and_of_a_server_live(told: Told, server: Server) -> None:
    client = httpx.Client(transport=RetryTransport())
    kind = Kind(module=httpx, asynchronous=False, client=httpx.Client)
    kind.ask_with(lambda: client, server.url)
    mock = httpx.MockTransport(lambda request: httpx.Response(200, json=message()))
    kind.ask(URL, transport=RetryTransport(transport=mock))
    assert [*LIVE, *SIMULATED] == origins(told)


def cache(kind: Kind, storage: Path) -> Any:
    """hishel's transport for a client."""
    import hishel

    if kind.module is httpx:
        from hishel.httpx import AsyncCacheTransport, CacheTransport
    else:
        from hishel.httpx2 import AsyncCacheTransport, CacheTransport
    if kind.asynchronous:
        return AsyncCacheTransport(kind.network(), storage=hishel.AsyncSqliteStorage(database_path=str(storage)))
    return CacheTransport(kind.network(), storage=hishel.SqliteStorage(database_path=str(storage)))


def test_a_cache_s_miss_is_live_and_its_hit_simulated(kind: Kind, told: Told, server: Server, tmp_path: Path) -> None:
    """It keeps what is read by GET, as the results of a batch are."""
    for _ in range(3):
        kind.ask_with(lambda: kind.client(transport=cache(kind, tmp_path / "cache.db")), server.results, method="GET")
    assert 1 == server.asked
    assert [*LIVE, *SIMULATED * 2] == told.origins_of_items


@pytest.mark.filterwarnings("ignore")  # mocket leaves a socket of its own to the garbage collector
@pytest.mark.parametrize(
    ("kind", "url"),
    [(KINDS["httpx-sync"], URL), *[(KINDS[name], PLAIN) for name in ("httpx-sync", "httpx-async", "httpx2-async")]],
    ids=["httpx-sync-https", "httpx-sync", "httpx-async", "httpx2-async"],
)
def test_a_mocked_socket_is_simulated(kind: Kind, told: Told, url: str) -> None:
    """It looks like a network's to the client; no kernel knows its peer."""
    with Mocketizer():
        Entry.single_register(Entry.POST, url, body=BODY.decode(), headers={"content-type": "application/json"})
        kind.ask(url)
    assert SIMULATED == origins(told)


def test_a_mocked_socket_that_was_used_is_live(server: Server) -> None:
    """It can ask the server by a real socket of its own; once that is closed, nobody knows."""

    class Stream:
        def get_extra_info(self, name: str) -> Any:
            return mocked

    mocked = MocketSocket()
    mocked.connect(("gateway.example", 443))
    assert is_feigned(Stream())
    mocked._true_socket.connect(server.server_address)
    assert not is_feigned(Stream())
    mocked._true_socket.close()
    assert not is_feigned(Stream())
