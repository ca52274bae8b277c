"""How a call lies in a journal's line and in the ledger's tables. There is no place for a text, a header or a key.

What repeats from call to call (who pays, what kind of call it is and where it came from) is one value in a line, a string that holds a JSON
array, and a row of its own in the ledger: it is laid out once, read once and stored once.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, NamedTuple

from pytest_claude_budget.calls.call import COUNTS, Answer, Call, Labels, Origin, Owner, counts_of

_encode = json.JSONEncoder().encode  # suites replace `json.dumps`
PAYER = ("process", "owner", "owner_kind", "phase", "feature", "tier", '"case"')
KIND = (
    "origin",
    "retry",
    "status",
    "endpoint",
    "model",
    "requested_model",
    "batch",
    "regional",
    "speed",
    "inference_geo",
    "service_tier",
    "http_status",
    "reason",
    "stop_reason",
    "facts",
    "called",
    "failure",
    "rate_limits",
    "site",
)
STORED = COUNTS[:8]
"""Of an answer. What a session ran for is worked out of several answers, when they are settled."""
REST = ("batch_id", "item_id", "notes", "iterations", "stated_cost", "request")
LINE = ("id", "at", "payer", "kind", *STORED, *REST)
"""The values of a line, and the columns of the table `entries`."""
COLUMNS = ("id", "at", *PAYER, *KIND, *STORED, *REST)
"""The columns of the view `calls`, which is for people and for reading calls one by one."""


class Payer(NamedTuple):
    """Who pays for the calls of a moment, with their part of a line."""

    owner: Owner
    labels: Labels
    process: str
    text: str


class Site(NamedTuple):
    """Where in the user's code a call comes from, with its part of a line."""

    text: str | None
    """A line for each of the user's own frames, the innermost first: `helpdesk/replies.py:42 reply`. None where there is none."""
    laid: str


NOWHERE = Site(None, "null")
Laid = tuple[int, float, Payer, int, Site, Origin, Answer]
"""One call on its way to the ledger: all of a Call, without the price of making one. An Entry is one, with names."""


class Entry(NamedTuple):
    """The same with names, for those who have time."""

    id: int
    at: float
    payer: Payer
    retry: int
    site: Site
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
            site=self.site.text,
        )


@lru_cache(maxsize=1024)
def site_of(text: str | None) -> Site:
    """Lay out where a call comes from."""
    return Site(text, quoted(quoted(text))[1:-1]) if text else NOWHERE


def payer_of(owner: Owner, labels: Labels, process: str) -> Payer:
    """Lay out what the calls of a moment share."""
    values = (process, owner.id, owner.kind, owner.phase, labels.feature, labels.tier, labels.case)
    return Payer(owner, labels, process, _nested(values))


def line_of(entry: Laid) -> str:
    """Lay a call out as a whole line: a JSON array, in ASCII.

    The time is in microseconds: to find the shortest text of a float would take a fifth of it all.
    """
    id_, at, payer, retry, site, origin, answer = entry
    usage = answer.usage
    rest = "null,null" if answer.batch_id is None else f"{_batch_text(answer.batch_id)},{_text(answer.item_id)}"
    if answer.notes or answer.iterations:
        rest += f",{_text(chr(10).join(answer.notes) or None)},{_text(_iterations_text(answer))}"
    else:
        rest += ",null,null"
    rest += ",null" if answer.stated_cost is None else f',"{answer.stated_cost:f}"'
    kind = _kind_text(
        origin._value_,
        retry,
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
        answer.stop_reason,
        answer.facts,
        answer.called,
        answer.failure,
        answer.rate_limits,
    )
    return (
        f'[{id_},{int(at * 1e6)}e-6,{payer.text},{kind}{site.laid}]",{usage.input_tokens},'
        f"{usage.cache_creation_5m_input_tokens},{usage.cache_creation_1h_input_tokens},"
        f"{usage.cache_read_input_tokens},{usage.output_tokens},{usage.web_search_requests},"
        f"{usage.web_fetch_requests},{usage.code_execution_requests},{rest},"
        f"{'null' if answer.request is None else _quoted(answer.request)}]\n"
    )


def lines_of(entries: Sequence[Laid]) -> bytes:
    """Lay calls out as whole lines."""
    if len(entries) == 1:
        return line_of(entries[0]).encode("ascii")
    return "".join(map(line_of, entries)).encode("ascii")


def row_of(call: Call) -> list[Any]:
    """Lay a call out in all its columns."""
    payer = payer_of(call.owner, call.labels, call.process)
    entry = Entry(call.id, call.at, payer, call.retry, site_of(call.site), call.origin, call.answer)
    return whole_row(json.loads(line_of(entry)))


def whole_row(line: Sequence[Any]) -> list[Any]:
    """The values of a line in all their columns: an earlier version wrote fewer of a kind."""
    kind = json.loads(line[3])
    return [*line[:2], *json.loads(line[2]), *kind, *(None,) * (len(KIND) - len(kind)), *line[4:]]


def storable(text: str) -> str:
    """The same text, with what UTF-8 cannot hold written out."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


@lru_cache(maxsize=256)
def _kind_text(*values: str | int | None) -> str:
    """What many answers of a run have in common, but for their site, which ends it."""
    return f"{_nested(values)[:-2]}, "


def _nested(values: Sequence[str | int | None]) -> str:
    return _quoted(f"[{', '.join([_one(value) for value in values])}]")  # an encoder takes three times as long


def _one(value: str | int | None) -> str:
    return f"{value:d}" if isinstance(value, int) else _text(value)


def quoted(text: str) -> str:
    """Lay a text out as JSON, with what UTF-8 cannot hold written out."""
    return _quoted(text if text.isascii() else storable(text))


def _text(value: str | None) -> str:
    return "null" if value is None else quoted(value)


_batch_text = lru_cache(maxsize=64)(_text)
"""The same for the one batch of many answers."""


def _iterations_text(answer: Answer) -> str | None:
    if not answer.iterations:
        return None
    return _encode([[entry.kind, entry.model, *counts_of(entry.usage)[: len(STORED)]] for entry in answer.iterations])
