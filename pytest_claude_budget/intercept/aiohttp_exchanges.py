"""One exchange of aiohttp: what was sent, and what came, in the shape that `Watch` reads."""

import json
from typing import Any

from pytest_claude_budget.intercept.aiohttp_hooks import own_attribute
from pytest_claude_budget.intercept.aiohttp_streams import look_on
from pytest_claude_budget.intercept.exchange import Watch
from pytest_claude_budget.intercept.plain_http import Asked, Got, Plain, Url, url_to
from pytest_claude_budget.intercept.runs_that_watch import Watchers
from pytest_claude_budget.intercept.seam import Seam
from pytest_claude_budget.intercept.sending import is_sent_by_a_client
from pytest_claude_budget.intercept.signs_of_network import is_feigned_transport, was_never_started
from pytest_claude_budget.wire.may_be_claude import may_be_claude

LEFT_ALONE = "__claude_budget_left_alone__"
"""Of a session whose exchanges are counted by whoever made it."""
_REDIRECTS = (301, 302, 303, 307, 308)
_UNDONE = frozenset(("gzip", "deflate", "br", "zstd"))
"""Content codings that aiohttp undoes by itself."""
_PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x78")
"""How gzip, zstd and zlib begin, and no answer of Claude does."""
_ABOUT_THE_CODED = frozenset((b"content-encoding", b"content-length"))
_ALL_MAY_BE_BILLED: frozenset[str] = frozenset()
"""An exchange begins here when its connection stands."""


class OneExchange:
    """From the moment when a connection stands."""

    __slots__ = ("_carrier", "_watch")

    def __init__(self, watch: Watch, carrier: Plain) -> None:
        self._watch, self._carrier = watch, carrier

    def ask_ahead(self) -> None:
        """Ask whether it may leave, and look on no more: it is begun anew when its connection stands. Raises what refuses."""
        try:
            if (ask := self._watch.inside.ask) is not None:
                ask(ahead=True)
        finally:
            self._watch.let_go()

    def ask(self, connection: Any) -> None:
        """Ask whether it may leave by a connection. Raises what refuses."""
        if (ask := self._watch.inside.ask) is not None and not is_feigned_transport(connection):
            ask()

    def raised(self, error: BaseException) -> None:
        """No answer came."""
        self._watch.raised(error, asynchronous=True)

    async def answered(self, response: Any) -> None:
        """The head of the answer is here, and more of it may be."""
        if response.status in _REDIRECTS and "location" in response.headers:
            inside = self._watch.inside  # where it leads to is an exchange of its own
            if inside.ask is not None:
                inside.ask.led_on()
            inside.close()
            return
        content = response.content
        got = None
        try:
            self._carrier.simulated = was_never_started(response)
            got = _got(response, content, self._carrier.client)
        except Exception as error:
            self._watch.failed("answer", error)
        if got is not None and await self._watch.answered_async(got) is not None:
            look_on(content, self._watch)


def begin(watchers: Watchers, request: Any, body: bytes | None) -> OneExchange | None:
    """Begin to watch what is about to be sent; None where it is not with Claude, or is counted further out."""
    session = request._session
    if own_attribute(session, LEFT_ALONE) is True or is_sent_by_a_client(session):
        return None
    carrier = Plain(session, _ALL_MAY_BE_BILLED)
    watch = watchers.begin(carrier, Asked(request.method, _url(request.url), request.headers.items(), body))
    return None if watch is None else OneExchange(watch, carrier)


async def see_made_up(seam: Seam, session: Any, how: Any, response: Any) -> None:
    """See an answer that no connection brought: played again by a recorder, or made up by a double."""
    watch = got = None
    try:
        if not _is_made_up(response):
            return
        if is_sent_by_a_client(session):
            return
        body = _given(how)
        if not may_be_claude(response.method.upper(), response.url.raw_path_qs, body):
            return
        headers = session._prepare_headers(how.get("headers"))
        asked = Asked(response.method, _url(response.url), headers.items(), body)
        watch = seam.watchers().begin(Plain(session, _ALL_MAY_BE_BILLED, simulated=True), asked)
        if watch is not None:
            got = Got(response.status, _pairs(response), _here(response, response.content))
    except Exception as error:
        seam.watchers().fault("answer", error)
    if watch is not None and got is not None and await watch.answered_async(got) is not None:
        look_on(response.content, watch)


def _is_made_up(response: Any) -> bool:
    """Is this aiohttp's answer, and did no connection bring it?"""
    return type(getattr(response, "status", None)) is int and was_never_started(response)


def _given(how: Any) -> bytes | None:
    """The body that a caller gave; None where it is not in memory."""
    if how.get("json") is not None:
        return json.dumps(how["json"], default=str).encode()
    data = how.get("data", b"")
    if isinstance(data, str):
        return data.encode()
    return b"" if data is None else data if isinstance(data, bytes) else None


def _url(url: Any) -> Url:
    return url_to(url.scheme, url.host or "", url.port, url.raw_path_qs)


def _pairs(response: Any) -> Any:
    return response.raw_headers or response.headers.items()


def _got(response: Any, content: Any, session: Any) -> Got:
    """What is here of an answer. Its bytes pass without their content coding where aiohttp undoes it."""
    pairs = _pairs(response)
    coding = response.headers.get("content-encoding", "").lower()
    if not coding:
        return Got(response.status, pairs, _here(response, content))
    if coding not in _UNDONE or not _is_undone(content, session):
        return Got(response.status, pairs)
    pairs = [(name, value) for name, value in pairs if bytes(name).lower() not in _ABOUT_THE_CODED]
    return Got(response.status, pairs, _here(response, content))


def _is_undone(content: Any, session: Any) -> bool:
    """Does aiohttp undo the content coding? Where bytes are here, they tell; else the session does."""
    here = getattr(content, "_buffer", None)
    if here and hasattr(content, "total_compressed_bytes"):  # aiohttp before 3.14 has none
        return content.total_compressed_bytes is not None
    return bool(session._auto_decompress) and not (here and here[0].startswith(_PACKED))


def _here(response: Any, content: Any) -> bytes | None:
    """The body, where all of it is in memory."""
    if isinstance(response._body, bytes):
        return response._body
    if not content.is_eof() or content.exception() is not None:
        return None
    return b"".join(getattr(content, "_buffer", ()))
