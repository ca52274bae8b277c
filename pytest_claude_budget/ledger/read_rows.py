"""Reads calls back from the ledger's tables: one by one, or summed up where they are priced alike. `row_format.py` lays them out."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pytest_claude_budget.calls.call import Answer, Call, Iteration, Labels, Origin, Owner, Status, Usage
from pytest_claude_budget.calls.failure import Failure
from pytest_claude_budget.calls.long_prompts import LONG_PROMPT
from pytest_claude_budget.ledger.row_format import STORED


def call_of(row: Sequence[Any]) -> Call:
    """Read a call back from its row."""
    (id_, at, process, owner, kind, phase, feature, tier, case, origin, retry) = row[:11]
    (status, endpoint, model, requested, batch, regional, speed, geo, service, http_status, reason) = row[11:22]
    (stop, facts, called, failure, limits, site) = row[22:28]
    (batch_id, item_id, notes, iterations, stated, request) = row[36:]
    answer = Answer(
        status=_STATUS[status],
        endpoint=endpoint,
        model=model,
        requested_model=requested,
        usage=_usage(row[28:36]),
        iterations=_iterations(iterations) if isinstance(iterations, str) else (),
        batch=bool(batch),
        regional=bool(regional),
        speed=speed,
        inference_geo=geo,
        service_tier=service,
        batch_id=batch_id,
        item_id=item_id,
        http_status=http_status,
        reason=reason,
        notes=tuple(notes.split("\n")) if isinstance(notes, str) else (),
        stated_cost=None if stated is None else Decimal(stated),
        request=request,
        stop_reason=stop,
        facts=facts,
        called=called,
        failure=_FAILURE.get(failure),
        rate_limits=limits,
    )
    return Call(
        id=id_,
        at=at,
        answer=answer,
        owner=_owner(owner, kind, phase),
        labels=_labels(feature, tier, case),
        origin=_ORIGIN[origin],
        retry=retry,
        process=process,
        site=site,
    )


_STATUS: dict[object, Status] = {status.value: status for status in Status}
_FAILURE: dict[object, Failure] = {kind.value: kind for kind in Failure}
_ORIGIN: dict[object, Origin] = {origin.value: origin for origin in Origin}


_IS_SHORT = (
    "input_tokens + cache_creation_5m_input_tokens + cache_creation_1h_input_tokens + cache_read_input_tokens"
    f" <= {LONG_PROMPT}"
)
_ALONE = f"iterations IS NULL AND notes IS NULL AND batch_id IS NULL AND stated_cost IS NULL AND {_IS_SHORT}"
PLAIN = f"status = 'measured' AND {_ALONE} AND model IN ({{models}})"
"""Calls whose price is a sum of products: a number of them costs what their summed counts cost."""
ALIKE = f"""
SELECT MIN(id), CAST(at / 86400 AS INTEGER) AS day, COUNT(*), payer, kind, request, {", ".join(f"SUM({name})" for name in STORED)}
FROM entries
WHERE {_ALONE}
AND kind IN (SELECT kind FROM kinds WHERE status = 'measured' AND model IN ({{models}}))
GROUP BY payer, kind, request, day, code_execution_requests > 0"""


def calls_of_alike(
    rows: Iterable[Sequence[Any]], payers: Mapping[int, Sequence[Any]], kinds: Mapping[int, Sequence[Any]]
) -> Iterator[Call]:
    """Read calls that are priced alike back as one each. A run may have 100,000 of them: keywords would take twice as long."""
    measured, read = Status.MEASURED, dict[int, tuple[Any, ...]]()
    for id_, day, count, payer, kind, request, *counts in rows:
        process, owner, owner_kind, phase, feature, tier, case = payers[payer]
        known = read.get(kind)
        if known is None:
            known = read[kind] = _shared(kinds[kind])
        origin, endpoint, model, requested, batch, speed, geo, service, regional, http, failure, limits, site = known
        # fmt: off
        answer = Answer(
            measured, endpoint, model, requested, Usage(*counts), (), batch, speed, geo, service, regional,
            None, None, http, None, (), None, request, None, None, None, failure, limits,
        )
        # fmt: on
        paying, labels = _owner(owner, owner_kind, phase), _labels(feature, tier, case)
        yield Call(id_, day * 86_400.0, answer, paying, labels, origin, 0, process, count, site)


def _shared(kind: Sequence[Any]) -> tuple[Any, ...]:
    """What all calls of a kind have in common, as they are made of it."""
    (origin, _, _, endpoint, model, requested, batch, regional, speed, geo, service, http, *rest) = kind
    (_, _, _, _, failure, limits, site) = rest
    said = bool(batch), speed, geo, service, bool(regional), http, _FAILURE.get(failure), limits, site
    return (_ORIGIN[origin], endpoint, model, requested, *said)


@lru_cache(maxsize=16_384)
def _owner(id_: str, kind: str, phase: str) -> Owner:
    return Owner(id=id_, kind=kind, phase=phase)


@lru_cache(maxsize=1024)
def _labels(feature: str | None, tier: str | None, case: str | None) -> Labels:
    return Labels(feature=feature, tier=tier, case=case)


def _usage(counts: Sequence[Any]) -> Usage:
    (fresh, five, hour, read, output, search, fetch, code) = counts
    return Usage(
        input_tokens=fresh,
        cache_creation_5m_input_tokens=five,
        cache_creation_1h_input_tokens=hour,
        cache_read_input_tokens=read,
        output_tokens=output,
        web_search_requests=search,
        web_fetch_requests=fetch,
        code_execution_requests=code,
    )


def _iterations(text: str) -> tuple[Iteration, ...]:
    return tuple(Iteration(kind=kind, model=model, usage=_usage(counts)) for kind, model, *counts in json.loads(text))
