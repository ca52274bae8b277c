"""How a call lies in a journal's line and in the ledger's table. There is no column for a text, a header or a key."""

import json
from collections.abc import Sequence
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, NamedTuple

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
    "batch INTEGER",
    "regional INTEGER",
    "speed TEXT",
    "inference_geo TEXT",
    "service_tier TEXT",
    "http_status INTEGER",
    "reason TEXT",
    "input_tokens INTEGER",
    "cache_creation_5m_input_tokens INTEGER",
    "cache_creation_1h_input_tokens INTEGER",
    "cache_read_input_tokens INTEGER",
    "output_tokens INTEGER",
    "web_search_requests INTEGER",
    "web_fetch_requests INTEGER",
    "code_execution_requests INTEGER",
    "batch_id TEXT",
    "item_id TEXT",
    "notes TEXT",
    "iterations TEXT",
    "request TEXT",
)
"""Those whose values repeat from call to call stand together, so that their text is made once."""


class Payer(NamedTuple):
    """Who pays for the calls of a moment, with their part of a line."""

    owner: Owner
    labels: Labels
    process: str
    text: str


class Entry(NamedTuple):
    """One call on its way to the ledger: all of a Call, without the price of making one."""

    id: int
    at: float
    payer: Payer
    retry: int
    origin: Origin
    answer: Answer

    def call(self) -> Call:
        """The same as a value."""
        return Call(
            id=self.id,
            at=self.at,
            answer=self.answer,
            owner=self.payer.owner,
            labels=self.payer.labels,
            origin=self.origin,
            retry=self.retry,
            process=self.payer.process,
        )


def payer_of(owner: Owner, labels: Labels, process: str) -> Payer:
    """Lay out what the calls of a moment share."""
    text = _text(process, owner.id, owner.kind, owner.phase, labels.feature, labels.tier, labels.case)
    return Payer(owner, labels, process, text)


def line_of(entry: Entry) -> str:
    """Lay a call out as a JSON array of its columns, in ASCII and without a line end."""
    id_, at, payer, retry, origin, answer = entry
    usage = answer.usage
    if answer.batch_id is None and not answer.notes and not answer.iterations:
        rest = "null,null,null,null"
    else:
        notes = "\n".join(answer.notes) or None
        rest = _text(answer.batch_id, answer.item_id, notes, _iterations_text(answer))
    request = "null" if answer.request is None else _quoted(answer.request)
    return (
        f'[{id_},{at!r},{payer.text},"{origin._value_}",{retry},{_kind_text(answer)},{usage.input_tokens},'
        f"{usage.cache_creation_5m_input_tokens},{usage.cache_creation_1h_input_tokens},"
        f"{usage.cache_read_input_tokens},{usage.output_tokens},{usage.web_search_requests},"
        f"{usage.web_fetch_requests},{usage.code_execution_requests},{rest},{request}]"
    )


def row_of(call: Call) -> list[Any]:
    """Lay a call out as the table has it."""
    payer = payer_of(call.owner, call.labels, call.process)
    row: list[Any] = json.loads(line_of(Entry(call.id, call.at, payer, call.retry, call.origin, call.answer)))
    return row


def storable(text: str) -> str:
    """The same text, with what UTF-8 cannot hold written out."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _text(*values: str | None) -> str:
    """A part of a line."""
    return ",".join(["null" if value is None else _quoted(storable(value)) for value in values])


def _kind_text(answer: Answer) -> str:
    return _kind_of(
        answer.status._value_,
        answer.endpoint,
        answer.model,
        answer.requested_model,
        answer.batch,
        answer.regional,
        answer.speed,
        answer.inference_geo,
        answer.service_tier,
        answer.http_status,
        answer.reason,
    )


@lru_cache(maxsize=256)
def _kind_of(*values: str | int | None) -> str:
    """What many answers of a run have in common."""
    return ",".join([_text(value) if value is None or isinstance(value, str) else str(int(value)) for value in values])


def call_of(row: Sequence[Any]) -> Call:
    """Read a call back from its row."""
    (id_, at, process, owner, kind, phase, feature, tier, case, origin, retry) = row[:11]
    (status, endpoint, model, requested, batch, regional, speed, geo, service, http_status, reason) = row[11:22]
    (batch_id, item_id, notes, iterations, request) = row[30:]
    answer = Answer(
        status=_STATUS[status],
        endpoint=endpoint,
        model=model,
        requested_model=requested,
        usage=_usage(row[22:30]),
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
        request=request,
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
    ' inference_geo, service_tier, http_status, request, "case"'
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
        request,
        case,
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
        request=request,
    )
    return Call(
        id=id_,
        at=day * 86_400.0,
        answer=answer,
        owner=_owner(owner, kind, phase),
        labels=_labels(feature, tier, case),
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


def _iterations_text(answer: Answer) -> str | None:
    if not answer.iterations:
        return None
    return json.dumps([[entry.kind, entry.model, *_counts(entry.usage)] for entry in answer.iterations])


def _iterations(text: str) -> tuple[Iteration, ...]:
    return tuple(Iteration(kind=kind, model=model, usage=_usage(counts)) for kind, model, *counts in json.loads(text))
