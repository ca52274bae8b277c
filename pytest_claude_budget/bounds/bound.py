"""Tells the most that a request can cost, or that nobody can: by its route, what it asks for, and the rates of the day.

Every part of a cost is taken at its largest: text by its bytes, an answer by all that it is allowed, a cache as written, an account
that may be billed for a region as billed for it. See `docs/cap.md`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from pytest_claude_budget.base.fast_json import loads
from pytest_claude_budget.base.money import EXACT, ZERO
from pytest_claude_budget.bounds.asked import read_request
from pytest_claude_budget.bounds.terms import NoBoundError, Terms, Under
from pytest_claude_budget.bounds.values import Assumptions, Bound, Line, Request, Unbounded
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.wire.encodings import unpacked
from pytest_claude_budget.wire.routes import SESSIONS, Kind, Route

NO_ASSUMPTIONS = Assumptions()
_FREE = frozenset((Kind.COUNT_TOKENS, Kind.BATCH_RESULTS, Kind.SESSION))
"""Nothing is begun here. Batches and sessions are billed for what began them."""
_SEND_PLAINLY = "send it as JSON that is there before it is sent, not as a stream that is made on the way"
_UNREAD = Unbounded(reason="its body cannot be read before it is sent", hint=_SEND_PLAINLY)
_NO_JSON = Unbounded(reason="its body is no JSON object", hint=_SEND_PLAINLY)
_SESSION = Unbounded(
    reason="a session of Managed Agents works on by itself, and nothing limits what it uses",
    hint="ask by /v1/messages, or set no cap for it",
)
_NO_BATCH = Unbounded(
    reason="it is no batch that can be read", hint="send a list of requests, each with its params, as the API has them"
)


def bound(
    request: Request, rates: RateTable, day: date, assumptions: Assumptions = NO_ASSUMPTIONS
) -> Bound | Unbounded:
    """Tell the most that a request can cost at the list rates of a day (UTC). Never raises over what a request holds."""
    route = request.route
    if route.kind in _FREE:
        return Bound(amount=ZERO)
    if route.kind in SESSIONS:
        return _SESSION
    if route.kind is Kind.UNREAD:
        hint = "ask by /v1/messages, or set no cap for it"
        return Unbounded(reason=route.reason or "answers of this route are not read", hint=hint)
    try:
        found = _bound(request, rates, day, assumptions)
    except NoBoundError as error:
        found = error.unbounded
    except RecursionError:
        found = _NO_JSON
    if isinstance(found, Unbounded) and route.kind is Kind.GUESS and route.unnamed:
        return replace(found, evident=False)
    return found


def _bound(request: Request, rates: RateTable, day: date, assumptions: Assumptions) -> Bound | Unbounded:
    body = None if request.body is None else unpacked(request.body)
    if body is None:
        return _UNREAD
    try:
        value = loads(body)
    except ValueError:
        return _NO_JSON
    if not isinstance(value, dict):
        return _NO_JSON
    under = Under(rates=rates, day=day, route=request.route, betas=request.betas, assumptions=assumptions)
    asking = list(_params(value)) if request.route.kind is Kind.BATCH_CREATE else [value]
    if not asking:
        return _NO_BATCH
    terms = [Terms(read_request(each), under) for each in asking]
    lines = [line for each in terms for line in each.lines()]
    models = {each.model.name for each in terms}
    return Bound(
        amount=_total(lines),
        model=models.pop() if len(models) == 1 else None,
        lines=tuple(_merged(lines)),
        notes=tuple(dict.fromkeys(note for each in terms for note in each.notes)),
        assumed=tuple(dict.fromkeys(word for each in terms for word in each.assumed)),
    )


def _params(batch: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What each request of a batch asks for. Raises NoBoundError where one cannot be read."""
    requests = batch.get("requests")
    for each in requests if isinstance(requests, list) else ():
        params = each.get("params") if isinstance(each, dict) else None
        if not isinstance(params, dict):
            raise NoBoundError(_NO_BATCH)
        yield params


def _total(lines: list[Line]) -> Any:
    total = ZERO
    for line in lines:
        total = EXACT.add(total, line.amount)
    return total


def _merged(lines: list[Line]) -> Iterator[Line]:
    """Lines that differ in their counts alone as one: a batch has thousands."""
    merged: dict[object, Line] = {}
    for line in lines:
        alike = (line.label, line.rate, line.per, line.factors, line.why)
        before = merged.get(alike)
        if before is not None:
            line = replace(before, count=before.count + line.count, amount=EXACT.add(before.amount, line.amount))  # noqa: PLW2901
        merged[alike] = line
    return iter(merged.values())


__all__ = ["NO_ASSUMPTIONS", "Route", "bound"]
