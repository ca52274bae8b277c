"""A run for OpenTelemetry: what its own messages read of it, under the names of its conventions."""

import base64
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import opentelemetry.semconv._incubating.attributes.gen_ai_attributes as attributes
import opentelemetry.semconv._incubating.attributes.test_attributes as of_tests
import opentelemetry.semconv._incubating.metrics.gen_ai_metrics as of_metrics
import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from pytest_claude_budget.calls.call import Answer, Call, Labels, Origin, Owner, Status, Usage
from pytest_claude_budget.calls.failure import Failure
from pytest_claude_budget.judge.report import RunFacts, RunInfo, build_report, priced_calls
from pytest_claude_budget.render import otlp
from tests.builders.priced import TABLE

OWNER, FIXTURE = Owner(id="a.py::test_a", kind="test", phase="call"), Owner(id="a.py::corpus", kind="fixture")
ANSWER = Answer(
    status=Status.MEASURED,
    endpoint="messages",
    model="claude-haiku-4-5",
    usage=Usage(input_tokens=1_000, cache_read_input_tokens=500, cache_creation_1h_input_tokens=20, output_tokens=100),
    http_status=200,
    stop_reason="end_turn",
)
"""1,000 x 1 + 500 x 0.1 + 20 x 2 + 100 x 5 = 1,590 millionths of a dollar; 1,520 tokens of prompt."""
FAILED = Answer(
    status=Status.FAILED, endpoint="messages", model="claude-haiku-4-5", http_status=529, failure=Failure.OVERLOADED
)
BEDROCK = replace(ANSWER, model="anthropic.claude-haiku-4-5-20251001-v1:0", stop_reason=None, batch=True)
UNKNOWN = replace(ANSWER, status=Status.UNMEASURED, usage=Usage(), model="claude-secret-9", reason="why")


def call(number: int, answer: Answer, owner: Owner = OWNER) -> Call:
    labels = Labels(feature="triage", tier="gold")
    return Call(id=number, at=1_795_435_200.25 + number, answer=answer, owner=owner, labels=labels, origin=Origin.LIVE)


CALLS = [
    call(1, FAILED),
    call(2, ANSWER),
    call(3, BEDROCK, FIXTURE),
    call(4, UNKNOWN),
    call(5, replace(ANSWER, status=Status.FREE)),
]


def exported(calls: list[Call]) -> tuple[list[Span], MetricsData, list[Any]]:
    """The spans and the metrics, as a receiver reads them."""
    report = build_report(calls, RunFacts(rates=TABLE, run=RunInfo(ids=("run-1",), outcome="failed")))
    documents = list(otlp.otlp_documents(report, priced_calls(calls, TABLE), {"service.name": "desk"}))
    spans: list[Span] = []
    metrics = MetricsData()
    for signal, document in documents:
        read = json.loads(json.dumps(document))
        if signal == "metrics":
            ParseDict(read, metrics)
            continue
        data = TracesData()
        ParseDict(_in_base64(read), data)
        (resource,) = data.resource_spans
        assert [(each.key, each.value.string_value) for each in resource.resource.attributes] == [
            ("service.name", "desk")
        ]
        spans += resource.scope_spans[0].spans
    return spans, metrics, documents


def _in_base64(value: Any) -> Any:
    """Ids are hex in OTLP, and base64 where protobuf reads JSON by itself."""
    if isinstance(value, dict):
        return {
            name: base64.b64encode(bytes.fromhex(each)).decode() if name.endswith("Id") else _in_base64(each)
            for name, each in value.items()
        }
    return [_in_base64(each) for each in value] if isinstance(value, list) else value


def named(of: Any) -> dict[str, Any]:
    """The attributes of a span or of a data point."""
    found = {}
    for each in of.attributes:
        kind = each.value.WhichOneof("value")
        value = getattr(each.value, kind)
        found[each.key] = [one.string_value for one in value.values] if kind == "array_value" else value
    return found


def test_spans_are_run_tests_and_calls() -> None:
    spans, _, _ = exported(CALLS)
    failed, answered, bedrock, unknown, test, fixture, run = spans
    assert {span.trace_id for span in spans} == {run.trace_id}
    assert (len(run.trace_id), len(run.span_id), run.parent_span_id) == (16, 8, b"")
    assert len({span.span_id for span in spans}) == len(spans)
    assert [span.parent_span_id for span in spans] == [test.span_id] * 2 + [fixture.span_id, test.span_id] + [
        run.span_id
    ] * 2 + [b""]
    assert [span.name for span in spans] == [
        "chat claude-haiku-4-5",
        "chat claude-haiku-4-5",
        f"chat {BEDROCK.model}",
        "chat claude-secret-9",
        "a.py::test_a",
        "a.py::corpus",
        "pytest",
    ]
    assert named(answered) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-haiku-4-5",
        "gen_ai.response.model": "claude-haiku-4-5",
        "gen_ai.response.finish_reasons": ["end_turn"],
        "gen_ai.usage.input_tokens": 1_520,
        "gen_ai.usage.output_tokens": 100,
        "gen_ai.usage.cache_read.input_tokens": 500,
        "gen_ai.usage.cache_creation.input_tokens": 20,
        "http.response.status_code": 200,
        "claude_budget.cost_usd": 0.00159,
        "claude_budget.cost_usd.exact": "0.00159",
        "claude_budget.status": "measured",
        "claude_budget.origin": "live",
        "claude_budget.feature": "triage",
        "claude_budget.tier": "gold",
    }
    assert answered.start_time_unix_nano == answered.end_time_unix_nano == 1_795_435_202_250_000_000
    said = named(failed)
    assert (said["error.type"], said["claude_budget.cost_usd"], failed.status.code) == ("overloaded", 0, 2)
    assert (named(bedrock)["gen_ai.provider.name"], named(bedrock)["claude_budget.batch"]) == ("aws.bedrock", True)
    assert not [name for name in named(unknown) if "cost" in name or "usage" in name]
    assert (test.start_time_unix_nano, test.end_time_unix_nano) == (
        failed.start_time_unix_nano,
        unknown.end_time_unix_nano,
    )
    assert (named(test)["test.case.name"], named(test)["claude_budget.at_least"]) == ("a.py::test_a", True)
    assert "test.case.name" not in named(fixture)
    told = named(run)
    # A batch is half of it, and this id of Bedrock's names no profile, which is 10% more: 1,590 + 795 x 1.1 = 2,464.5 millionths.
    assert (told["claude_budget.cost_usd.exact"], told["claude_budget.calls"]) == ("0.0024645", 3)
    assert (told["test.suite.run.status"], told["claude_budget.verdict"]) == ("failure", "unjudged")


def test_metrics_are_tokens_and_cost_by_model() -> None:
    """100 tokens are above 64 and not above 256: the fifth bucket; 1,520 are above 1,024: the seventh."""
    _, metrics, _ = exported(CALLS)
    tokens, cost = metrics.resource_metrics[0].scope_metrics[0].metrics
    assert (tokens.name, tokens.unit, tokens.histogram.aggregation_temporality) == (
        "gen_ai.client.token.usage",
        "{token}",
        1,
    )
    points = {
        (named(point)["gen_ai.provider.name"], named(point)["gen_ai.token.type"]): point
        for point in tokens.histogram.data_points
    }
    point = points["anthropic", "input"]
    assert (point.sum, point.count, list(point.bucket_counts).index(1), len(point.bucket_counts)) == (1_520, 1, 6, 15)
    assert list(points["anthropic", "output"].bucket_counts).index(1) == 4
    assert list(point.explicit_bounds) == [4**power for power in range(14)]
    costs = {named(each)["gen_ai.provider.name"]: each.as_double for each in cost.sum.data_points}
    assert costs == {"anthropic": 0.00159, "aws.bedrock": 0.0008745}
    assert (cost.sum.is_monotonic, cost.name) == (True, "claude_budget.cost")


def test_every_name_is_one_of_the_conventions_or_our_own() -> None:
    spans, metrics, _ = exported(CALLS)
    known = {
        value
        for module in (attributes, of_tests, of_metrics)
        for value in vars(module).values()
        if isinstance(value, str)
    }
    used = {name for span in spans for name in named(span)}
    for metric in metrics.resource_metrics[0].scope_metrics[0].metrics:
        used |= {metric.name, *(name for each in metric.histogram.data_points for name in named(each))}
    ours = {name for name in used if name.startswith("claude_budget.")}
    assert used - ours - known == {"error.type", "http.response.status_code"}


def test_long_runs_come_in_parts_and_the_same_run_has_the_same_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = exported(CALLS)[0]
    monkeypatch.setattr(otlp, "AT_ONCE", 2)
    spans, _, documents = exported(CALLS)
    assert spans == whole
    assert [signal for signal, _ in documents] == ["traces"] * 4 + ["metrics"]


def test_names_that_utf_8_cannot_hold_are_written_out() -> None:
    odd = [call(1, replace(ANSWER, model="claude-\udc80"), Owner(id="a.py::test_\udc80", kind="test"))]
    spans, _, _ = exported(odd)
    assert spans[1].name == "a.py::test_\\udc80"
    assert Decimal(named(spans[2])["claude_budget.cost_usd.exact"]) == 0
