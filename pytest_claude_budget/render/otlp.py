"""A run for OpenTelemetry: a span for the run, for each test or fixture that paid, and for each call; and two metrics.

Documents of OTLP in its JSON form: ids are hex, whole numbers are texts. Names are those of the GenAI conventions; what they have no
name for, such as a cost, is below `claude_budget.`. Neither a prompt nor an answer is in here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any

from pytest_claude_budget import __version__
from pytest_claude_budget.base.money import ZERO, to_json
from pytest_claude_budget.calls.call import Answer, Call, Status
from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.pricing.price import Price
from pytest_claude_budget.record.totals import Totals

AT_ONCE = 1_000
"""Spans of one document: receivers take 4 MB or so."""
_INTERNAL, _CLIENT = 1, 3
_OK_UNSET, _ERROR = 0, 2
_DELTA = 1
BOUNDS = tuple(4**power for power in range(14))
"""Of the buckets for tokens, as the convention has them."""
_SUITE = {"passed": "success", "failed": "failure", "interrupted": "aborted"}
"""Outcomes of a run by the convention's words."""

Document = dict[str, Any]
_Value = str | int | float | Decimal | bool | Sequence[str] | None
Names = tuple[tuple[str, _Value], ...]


def otlp_documents(
    report: CostReport, calls: Iterable[tuple[Call, Price]], resource: Mapping[str, str]
) -> Iterator[tuple[str, Document]]:
    """Lay a run out: `traces` with the spans, a part at a time, and at the end `metrics`."""
    ids = _Ids(report.facts.run.ids)
    spent, first, last = _Metrics(), 0, 0
    moments: dict[str, tuple[int, int]] = {}
    head = _head(resource)
    spans: list[Document] = []
    for call, price in calls:
        if call.answer.status is Status.FREE:
            continue
        at = int(call.at * 1_000_000) * 1_000
        first, last = min(first or at, at), max(last, at)
        begun, ended = moments.get(call.owner.id, (at, at))
        moments[call.owner.id] = min(begun, at), max(ended, at)
        spans.append(_call(call, price, at, ids))
        spent.add(call, price)
        if len(spans) == AT_ONCE:
            yield "traces", _traces(head, spans)
            spans = []
    for row in report.sums.by_owner:
        if row.owner in moments:
            spans.append(_owner(row.owner, row.kind, row.totals, moments[row.owner], ids))
    spans.append(_run(report, (first, last), ids))
    for at in range(0, len(spans), AT_ONCE):
        yield "traces", _traces(head, spans[at : at + AT_ONCE])
    yield "metrics", _metrics(head, spent, (first, last))


class _Ids:
    """The same run has the same ids however often it is exported."""

    def __init__(self, runs: Sequence[str]) -> None:
        self._run = "\0".join(runs)
        self.trace = self._hash("trace")[:32]
        self.run = self._hash("run")[:16]

    def owner(self, name: str) -> str:
        return self._hash(f"owner\0{name}")[:16]

    def call(self, call: Call) -> str:
        return self._hash(f"call\0{call.id}\0{call.answer.item_id or ''}\0{call.answer.model or ''}")[:16]

    def _hash(self, what: str) -> str:
        return sha256(f"{self._run}\0{what}".encode("utf-8", "backslashreplace")).hexdigest()


def _call(call: Call, price: Price, at: int, ids: _Ids) -> Document:
    answer, usage, labels = call.answer, call.answer.usage, call.labels
    failed, known = answer.status is Status.FAILED, answer.status in (Status.MEASURED, Status.AT_LEAST)
    asked = answer.requested_model or answer.model
    named: Names = (
        *_what(answer),
        ("gen_ai.response.model", None if failed or answer.status is Status.UNMEASURED else answer.model),
        ("gen_ai.response.finish_reasons", [answer.stop_reason] if answer.stop_reason else None),
        *(
            (f"gen_ai.usage.{name}", count if known else None)
            for name, count in (
                ("input_tokens", usage.prompt_tokens),
                ("output_tokens", usage.output_tokens),
                ("cache_read.input_tokens", usage.cache_read_input_tokens),
                (
                    "cache_creation.input_tokens",
                    usage.cache_creation_5m_input_tokens + usage.cache_creation_1h_input_tokens,
                ),
            )
        ),
        ("error.type", (answer.failure or "other") if failed else None),
        ("http.response.status_code", answer.http_status or None),
        *_cost(ZERO if failed else price.amount, at_least=price.at_least),
        ("claude_budget.status", answer.status.value),
        ("claude_budget.origin", call.origin.value),
        ("claude_budget.batch", answer.batch or None),
        ("claude_budget.feature", labels.feature),
        ("claude_budget.tier", labels.tier),
        ("claude_budget.case", labels.case),
    )
    name = f"chat {asked}" if asked else "chat"
    return {
        **_span(name, _CLIENT, (at, at), named),
        "traceId": ids.trace,
        "spanId": ids.call(call),
        "parentSpanId": ids.owner(call.owner.id),
        "status": {"code": _ERROR if failed else _OK_UNSET},
    }


def _owner(name: str, kind: str, totals: Totals, moments: tuple[int, int], ids: _Ids) -> Document:
    named: Names = (
        ("test.case.name", name if kind == "test" else None),
        ("claude_budget.owner", name),
        ("claude_budget.owner.kind", kind),
        *_sums(totals),
    )
    span = _span(name, _INTERNAL, moments, named)
    return {**span, "traceId": ids.trace, "spanId": ids.owner(name), "parentSpanId": ids.run}


def _run(report: CostReport, moments: tuple[int, int], ids: _Ids) -> Document:
    named: Names = (
        ("test.suite.run.status", _SUITE.get(report.facts.run.outcome)),
        ("claude_budget.verdict", report.verdict.outcome.value),
        ("claude_budget.rates_as_of", report.facts.rates.as_of.isoformat()),
        *_sums(report.totals),
    )
    return {**_span("pytest", _INTERNAL, moments, named), "traceId": ids.trace, "spanId": ids.run}


def _sums(totals: Totals) -> Names:
    return (
        ("claude_budget.calls", totals.calls),
        ("claude_budget.attempts", totals.attempts),
        *_cost(totals.cost, at_least=totals.at_least),
        ("claude_budget.spent_usd", totals.spent),
    )


def _cost(amount: Decimal | None, *, at_least: bool) -> Names:
    """As a number, which a backend can add up, and as an exact text. Absent where it is not known."""
    exactly = None if amount is None else to_json(amount)
    return (
        ("claude_budget.cost_usd", amount),
        ("claude_budget.cost_usd.exact", exactly),
        ("claude_budget.at_least", True if at_least else None),
    )


def _what(answer: Answer) -> Names:
    model = answer.requested_model or answer.model
    return (
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", _provider(answer.model or model or "", answer.endpoint)),
        ("gen_ai.request.model", model),
    )


def _provider(model: str, endpoint: str) -> str:
    """By how the model is spelled: the host is stored nowhere."""
    if endpoint == "converse" or "anthropic." in model:
        return "aws.bedrock"
    return "gcp.vertex_ai" if "@" in model else "anthropic"


def _span(name: str, kind: int, moments: tuple[int, int], named: Names) -> Document:
    begun, ended = moments
    attributes = _attributes(named)
    times = {"startTimeUnixNano": str(begun), "endTimeUnixNano": str(ended)}
    return {"name": _storable(name)[:500], "kind": kind, **times, "attributes": attributes}


def _attributes(named: Iterable[tuple[str, _Value]]) -> list[Document]:
    return [{"key": name, "value": _value(value)} for name, value in named if value is not None]


def _value(value: _Value) -> Document:
    if isinstance(value, str):
        return {"stringValue": _storable(value)}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float | Decimal):
        return {"doubleValue": float(value)}  # the only number that the protocol has
    return {"arrayValue": {"values": [_value(each) for each in value or ()]}}


def _storable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _head(resource: Mapping[str, str]) -> Document:
    scope = {"name": "pytest-claude-budget", "version": __version__}
    return {"resource": {"attributes": _attributes(resource.items())}, "scope": scope}


def _traces(head: Document, spans: Sequence[Document]) -> Document:
    scoped = [{"scope": head["scope"], "spans": list(spans)}]
    return {"resourceSpans": [{"resource": head["resource"], "scopeSpans": scoped}]}


class _Metrics:
    """Tokens of each call by model, and what the calls cost."""

    def __init__(self) -> None:
        self.tokens: dict[Names, list[int]] = {}
        """Sum, number, and the number in each bucket."""
        self.costs: dict[Names, Decimal] = {}

    def add(self, call: Call, price: Price) -> None:
        """Take one call; what it used is not known of one that is not measured."""
        answer = call.answer
        if answer.status not in (Status.MEASURED, Status.AT_LEAST):
            return
        what = _what(answer)
        for kind, count in (("input", answer.usage.prompt_tokens), ("output", answer.usage.output_tokens)):
            cells = self.tokens.setdefault((*what, ("gen_ai.token.type", kind)), [0] * (3 + len(BOUNDS)))
            cells[0] += count
            cells[1] += 1
            cells[2 + sum(count > bound for bound in BOUNDS)] += 1
        if price.amount is not None:
            key = (*what, ("claude_budget.feature", call.labels.feature), ("claude_budget.origin", call.origin.value))
            self.costs[key] = self.costs.get(key, ZERO) + price.amount


def _metrics(head: Document, spent: _Metrics, moments: tuple[int, int]) -> Document:
    times = {"startTimeUnixNano": str(moments[0]), "timeUnixNano": str(moments[1])}
    tokens = [
        {
            **times,
            "attributes": _attributes(named),
            "sum": float(cells[0]),
            "count": str(cells[1]),
            "bucketCounts": [str(count) for count in cells[2:]],
            "explicitBounds": [float(bound) for bound in BOUNDS],
        }
        for named, cells in spent.tokens.items()
    ]
    costs = [
        {**times, "attributes": _attributes(named), "asDouble": float(cost)} for named, cost in spent.costs.items()
    ]
    metrics: list[Document] = [
        {
            "name": "gen_ai.client.token.usage",
            "description": "Number of input and output tokens used.",
            "unit": "{token}",
            "histogram": {"aggregationTemporality": _DELTA, "dataPoints": tokens},
        },
        {
            "name": "claude_budget.cost",
            "description": "Cost of calls at list price.",
            "unit": "{USD}",
            "sum": {"aggregationTemporality": _DELTA, "isMonotonic": True, "dataPoints": costs},
        },
    ]
    scoped = [{"scope": head["scope"], "metrics": metrics}]
    return {"resourceMetrics": [{"resource": head["resource"], "scopeMetrics": scoped}]}
