"""How a call lies in the ledger's table. There is no column for a text, a header or a key."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pytest_claude_budget.usage import Answer, Call, Iteration, Labels, Origin, Owner, Status, Usage

COLUMNS = (
    "id INTEGER PRIMARY KEY",
    "at REAL",
    "process TEXT",
    "owner TEXT",
    "owner_kind TEXT",
    "phase TEXT",
    "feature TEXT",
    "tier TEXT",
    '"case" TEXT',
    "origin TEXT",
    "retry INTEGER",
    "status TEXT",
    "endpoint TEXT",
    "model TEXT",
    "requested_model TEXT",
    "input_tokens INTEGER",
    "cache_creation_5m_input_tokens INTEGER",
    "cache_creation_1h_input_tokens INTEGER",
    "cache_read_input_tokens INTEGER",
    "output_tokens INTEGER",
    "web_search_requests INTEGER",
    "web_fetch_requests INTEGER",
    "code_execution_requests INTEGER",
    "batch INTEGER",
    "regional INTEGER",
    "speed TEXT",
    "inference_geo TEXT",
    "service_tier TEXT",
    "batch_id TEXT",
    "item_id TEXT",
    "http_status INTEGER",
    "reason TEXT",
    "notes TEXT",
    "iterations TEXT",
)


def row_of(call: Call) -> tuple[object, ...]:
    """Lay a call out as the table has it."""
    answer, usage, owner, labels = call.answer, call.answer.usage, call.owner, call.labels
    return (
        call.id,
        call.at,
        call.process,
        owner.id,
        owner.kind,
        owner.phase,
        labels.feature,
        labels.tier,
        labels.case,
        call.origin._value_,
        call.retry,
        answer.status._value_,
        answer.endpoint,
        answer.model,
        answer.requested_model,
        usage.input_tokens,
        usage.cache_creation_5m_input_tokens,
        usage.cache_creation_1h_input_tokens,
        usage.cache_read_input_tokens,
        usage.output_tokens,
        usage.web_search_requests,
        usage.web_fetch_requests,
        usage.code_execution_requests,
        answer.batch,
        answer.regional,
        answer.speed,
        answer.inference_geo,
        answer.service_tier,
        answer.batch_id,
        answer.item_id,
        answer.http_status,
        answer.reason,
        "\n".join(answer.notes) if answer.notes else None,
        _iterations_text(answer.iterations) if answer.iterations else None,
    )


def call_of(row: Sequence[Any]) -> Call:
    """Read a call back from its row."""
    (id_, at, process, owner, kind, phase, feature, tier, case, origin, retry) = row[:11]
    (status, endpoint, model, requested, *counts) = row[11:23]
    (batch, regional, speed, geo, service, batch_id, item_id, http_status, reason, notes, iterations) = row[23:]
    answer = Answer(
        status=_STATUS[status],
        endpoint=endpoint,
        model=model,
        requested_model=requested,
        usage=_usage(counts),
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
    )


_STATUS: dict[object, Status] = {status.value: status for status in Status}
_ORIGIN: dict[object, Origin] = {origin.value: origin for origin in Origin}


_ALIKE = (
    "owner, owner_kind, phase, feature, tier, origin, endpoint, model, requested_model, batch, regional, speed,"
    " inference_geo, service_tier, http_status"
)
PLAIN = "status = 'measured' AND iterations IS NULL AND notes IS NULL AND batch_id IS NULL AND model IN ({models})"
"""Calls whose price is a sum of products: a number of them costs what their summed counts cost."""
ALIKE = f"""
SELECT MIN(id), CAST(at / 86400 AS INTEGER) AS day, COUNT(*), SUM(input_tokens), SUM(cache_creation_5m_input_tokens),
SUM(cache_creation_1h_input_tokens), SUM(cache_read_input_tokens), SUM(output_tokens), SUM(web_search_requests),
SUM(web_fetch_requests), SUM(code_execution_requests), {_ALIKE}
FROM calls WHERE {PLAIN} GROUP BY day, code_execution_requests > 0, {_ALIKE}"""


def alike_of(row: Sequence[Any]) -> Call:
    """Read calls that are priced alike back as one."""
    id_, day, count, *counts = row[:11]
    (
        owner,
        kind,
        phase,
        feature,
        tier,
        origin,
        endpoint,
        model,
        requested,
        batch,
        regional,
        speed,
        geo,
        service,
        http,
    ) = row[11:]
    answer = Answer(
        status=Status.MEASURED,
        endpoint=endpoint,
        model=model,
        requested_model=requested,
        usage=_usage(counts),
        batch=bool(batch),
        regional=bool(regional),
        speed=speed,
        inference_geo=geo,
        service_tier=service,
        http_status=http,
    )
    return Call(
        id=id_,
        at=day * 86_400.0,
        answer=answer,
        owner=_owner(owner, kind, phase),
        labels=_labels(feature, tier, None),
        origin=_ORIGIN[origin],
        count=count,
    )


@lru_cache(maxsize=1024)
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


def _counts(usage: Usage) -> list[int]:
    return [
        usage.input_tokens,
        usage.cache_creation_5m_input_tokens,
        usage.cache_creation_1h_input_tokens,
        usage.cache_read_input_tokens,
        usage.output_tokens,
        usage.web_search_requests,
        usage.web_fetch_requests,
        usage.code_execution_requests,
    ]


def _iterations_text(iterations: Sequence[Iteration]) -> str:
    return json.dumps([[entry.kind, entry.model, *_counts(entry.usage)] for entry in iterations])


def _iterations(text: str) -> tuple[Iteration, ...]:
    return tuple(Iteration(kind=kind, model=model, usage=_usage(counts)) for kind, model, *counts in json.loads(text))
