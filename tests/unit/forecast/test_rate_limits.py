"""How much of an account's rate limits a month would take."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import jsonschema

from pytest_claude_budget.budget.increases_and_volumes import Feature, ProjectionLimits
from pytest_claude_budget.budget.limits import Budget
from pytest_claude_budget.calls.call import Answer, Call, Labels, Origin, Owner, Status, Usage
from pytest_claude_budget.forecast.month import Volumes
from pytest_claude_budget.forecast.rate_limits import Share, shares
from pytest_claude_budget.judge.combine import combine
from pytest_claude_budget.judge.read_report import read_report
from pytest_claude_budget.judge.report import CostReport, RunInfo
from pytest_claude_budget.record.rate_limits import RateLimits, limits_of, lowest
from pytest_claude_budget.record.record import OwnerRecord
from pytest_claude_budget.render.comment import comment
from pytest_claude_budget.render.json_document import json_document
from pytest_claude_budget.render.terminal import terminal_lines
from tests.builders.records import HAIKU, SONNET, group, owner, record, usage
from tests.unit.judge.test_report import NOON, SCHEMA, report_of

TRIAGE = Feature(
    name="triage",
    where="claude-budget.yml:1",
    tests=("a.py",),
    requests_per_month={"average": 105_600},
)
"""105,600 requests in 22 days of 8 hours, which are 10,560 minutes, are 10 a minute."""


def found(features: Sequence[Feature], *owners: OwnerRecord, growth: str = "", **limits: RateLimits) -> list[Share]:
    """The shares of all models, one model after the other."""
    volumes = Volumes(features=features, growth={"christmas": Decimal(growth)} if growth else {})
    models = {"haiku": HAIKU, "sonnet": SONNET}
    return [
        share
        for own in shares(volumes, record(*owners), {models[name]: each for name, each in limits.items()})
        for share in own
    ]


def test_a_share_is_what_the_mean_of_the_tests_takes_a_minute() -> None:
    """Two tests with 1 and 3 calls: 2 calls a request, and (400 + 1,200) / 2 tokens of input, of which those from the cache count nothing.

    20 requests of 50 are 40%, 8,000 tokens of 16,000 are 50%, and 10 x (60 + 20) / 2 = 400 of output of 8,000 are 5%.
    """
    one = owner("a.py::test_one", group(usage(300, 60, write=80, hour=20, read=9_000), HAIKU))
    other = owner("a.py::test_other", group(usage(1_200, 20), HAIKU, calls=3), group(usage(1, 1), SONNET))
    limits = RateLimits(requests=50, input_tokens=16_000, output_tokens=8_000)
    (share,) = found([TRIAGE], one, other, haiku=limits)
    of = {"model": HAIKU, "scenario": "average", "what": "input tokens", "limit": 16_000}
    assert share == Share(**of, used=Fraction(8_000))
    assert share.percent == 50
    # Features add up; Sonnet has half a call a request, 5 a minute, once its limit is known.
    twice = [TRIAGE, replace(TRIAGE, name="other")]
    both = found(twice, one, other, haiku=limits, sonnet=RateLimits(requests=7))
    assert [(each.model, each.percent) for each in both] == [(SONNET, 143), (HAIKU, 100)]


def test_every_scenario_is_told_with_the_tests_of_its_case() -> None:
    """A minute has 10, 30 and 25 requests at these volumes; the test of `heavy` asks twice: 60. Growth has the tests of its base."""
    one = owner("a.py::test_one", group(usage(300, 60), HAIKU, case="average"))
    heavy = owner("a.py::test_heavy", group(usage(300, 60), HAIKU, calls=2, case="heavy"))
    triage = replace(TRIAGE, requests_per_month={"average": 105_600, "heavy": 316_800})
    told = found([triage], one, heavy, growth="2.5", haiku=RateLimits(requests=50))
    assert [(each.scenario, each.used, each.percent, each.at_least) for each in told] == [
        ("average", 10, 20, False),
        ("heavy", 60, 120, False),
        ("christmas", 25, 50, False),
    ]


def test_a_scenario_that_a_feature_lacks_has_its_average_or_is_a_lower_bound() -> None:
    """10 a minute of triage at its average, which stands in for heavy; the other feature has 5 a minute at heavy only."""
    ran = owner("a.py::test_one", group(usage(300, 60), HAIKU))
    seldom = replace(TRIAGE, name="other", requests_per_month={"heavy": 52_800})
    told = found([TRIAGE, seldom], ran, haiku=RateLimits(requests=50))
    assert [(each.scenario, each.used, each.at_least) for each in told] == [("average", 10, True), ("heavy", 15, False)]
    unseen = replace(TRIAGE, name="other", tests=("b.py",))
    assert [each.at_least for each in found([TRIAGE, unseen], ran, haiku=RateLimits(requests=50))] == [True]


def test_nothing_is_told_without_a_limit_a_volume_or_a_test() -> None:
    ran = owner("a.py::test_one", group(usage(300, 60), HAIKU))
    assert found([TRIAGE], ran, sonnet=RateLimits(requests=50), haiku=RateLimits()) == []
    assert found([replace(TRIAGE, requests_per_month={})], ran, haiku=RateLimits(requests=50)) == []
    assert found([replace(TRIAGE, tests=("b.py",))], ran, haiku=RateLimits(requests=50)) == []


def test_tests_of_the_average_case_stand_for_it() -> None:
    marked = owner("a.py::test_one", group(usage(300, 60), HAIKU, case="average"))
    other = owner("a.py::test_other", group(usage(9, 9), HAIKU, calls=9))
    (share,) = found([TRIAGE], marked, other, haiku=RateLimits(requests=50))
    assert share.used == 10


def test_the_lowest_of_each_limit_holds() -> None:
    parts = [("m", limits_of("50,40000,")), ("m", limits_of("60,30000,8000")), ("a", limits_of("x"))]
    assert lowest(parts) == {"a": RateLimits(), "m": RateLimits(requests=50, input_tokens=30_000, output_tokens=8_000)}


def reported(budget: Budget | None) -> CostReport:
    """One live call of 1,000 tokens of input and 100 of output."""
    answer = Answer(
        status=Status.MEASURED,
        endpoint="messages",
        model=HAIKU,
        usage=Usage(input_tokens=1_000, output_tokens=100),
        rate_limits="50,40000,8000",
    )
    owner_ = Owner(id="a.py::test_one", kind="test", phase="call")
    return report_of([Call(id=1, at=NOON, answer=answer, owner=owner_, labels=Labels(), origin=Origin.LIVE)], budget)


def test_a_line_says_the_share_and_what_is_assumed() -> None:
    """10 a minute are 20% of the requests, 25% of the tokens of input and 12.5% of those of output; times 2.5, 62.5% of input."""
    growth = ProjectionLimits(growth={"christmas": Decimal("2.5")})
    report = reported(Budget(source="claude-budget.yml", features=(TRIAGE,), projection=growth))
    text = (
        f"rate limit of {HAIKU}: 25% of 40,000 input tokens a minute at average volume, 63% at christmas volume, "
        "if a month is spread evenly over 22 days of 8 hours"
    )
    assert text in " ".join(line.text.strip() for line in terminal_lines(report, 80))
    document = json_document(report)
    jsonschema.validate(document, SCHEMA)
    assert document["rate_limits"] == [{"model": HAIKU, "requests": 50, "input_tokens": 40_000, "output_tokens": 8_000}]
    assert document["rate_limits_used"] == [text]
    assert f"- {text.replace(HAIKU, f'`{HAIKU}`')}" in comment(document)
    first = read_report(document, "a.json")
    assert combine([replace(first, run=RunInfo(ids=("a",)))]).sums.rate_limits == report.sums.rate_limits
    quiet = reported(None)
    assert "rate limit" not in " ".join(line.text for line in terminal_lines(quiet, 80))
    assert json_document(quiet)["rate_limits_used"] == []
