"""Which exchanges are watched, and for whom: those with Claude, once each."""

from typing import Any

from pytest_claude_budget.calls.owner_in_path import START, run_in
from pytest_claude_budget.intercept.carrier import Carrier
from pytest_claude_budget.intercept.exchange import Watch
from pytest_claude_budget.intercept.http_fields import request_body, told
from pytest_claude_budget.intercept.in_process_gateway import AROUND, Inside
from pytest_claude_budget.intercept.sink import Sink
from pytest_claude_budget.wire.remembered import Remembered
from pytest_claude_budget.wire.routes import named_in_query, route


def watch(
    carrier: Carrier, request: Any, sinks: tuple[Sink, ...], remembered: Remembered, above: int = 0
) -> Watch | None:
    """Begin to watch an exchange; None when it is not with Claude. `above` as in `Watchers.begin`."""
    try:
        method = request.method
        if method not in ("POST", "GET"):
            return None
        body = request_body(request) if method == "POST" else None
        said = told(request)
        url = request.url
        path = url.path
        found = route(method, path, body, from_sdk=said[2])
        if (found is None or found.unnamed) and method == "POST" and url.query:
            found = named_in_query(url.query.decode("ascii", "replace")) or found
        if found is None or (found.unnamed and carrier.is_application()):
            return None
        if path.startswith(START) and (sinks := _not_by_gateway(sinks, path)) == ():
            return None
        around = AROUND.get()
        if around is not None and (sinks := _not_yet(sinks, around, carrier, request)) == ():
            return None
        return Watch((carrier, request, body), found, said, sinks, remembered, above)
    except Exception as error:
        for sink in sinks:
            sink.fault("request", error)
        return None


def _not_by_gateway(sinks: tuple[Sink, ...], path: str) -> tuple[Sink, ...]:
    """Those for whom no gateway counts what is asked by this path."""
    run = run_in(path)
    return tuple(sink for sink in sinks if sink.run != run)


def _not_yet(sinks: tuple[Sink, ...], around: Inside, carrier: Carrier, request: Any) -> tuple[Sink, ...]:
    """Those who do not watch this very exchange already, from a hook further out."""
    of = around.of
    if of is None:
        return sinks
    outer, asked, watching = of
    if (outer.client is carrier.client and asked is request) or _carries(outer, asked, carrier, request):
        return tuple(sink for sink in sinks if sink not in watching)
    return sinks


def _carries(outer: Carrier, asked: Any, carrier: Carrier, request: Any) -> bool:
    """Does a client of another package carry what the one around it asks, as urllib3 does for requests?

    An application of this process that asks the same of the same host is no client of another package: what it asks is billed.
    """
    if _package(outer.client) == _package(carrier.client):
        return False
    return is_same(asked, request) and not outer.is_in_process()


def is_same(asked: Any, request: Any) -> bool:
    """Do two clients ask the same of the same host, as far as their requests can be looked at?"""
    mine, its = request.url, asked.url
    if mine.path != its.path or mine.host.lower() != its.host.lower():
        return False
    sent, body = request_body(request), request_body(asked)
    return sent is None or body is None or sent == body


def _package(client: object) -> str:
    """Whose a client is, in whatever package a class of it was derived."""
    return type(client).__mro__[:-1][-1].__module__.partition(".")[0]
