"""The keys `changes`, `features` and `projection` of a budget file: what they become, and what is said of mistakes."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.budget.increases_and_volumes import ChangeLimit, Feature, MonthlyLimit, change_limit
from pytest_claude_budget.budget.limits import Budget
from pytest_claude_budget.files.budget_file import load_budget
from tests.builders.tries import tries

WHOLE = """\
version: 1
changes:
  run: {max_increase: 10%, ignore_below: 0.01}
  test:
    - {max_increase: 25%, warn_increase: 12.5%, ignore_below: "0.002"}
    - match: "tests/rag/**"
      warn_increase: 50%
features:
  triage:
    tests: ["tests/triage/**", tests/test_inbox.py]
    requests_per_month: {light: 20_000, average: 50_000}
    max_monthly_cost: {light: 100}
  reply:
    requests_per_month: 7
projection:
  max_monthly_cost: {average: 1500, double: "4000.50"}
  warn_at: 80%
  max_monthly_increase: 10%
  growth: {double: 2.5}
  cache: cold
"""


def load(tmp_path: Path, text: str) -> Budget:
    """The budget in a file with that text."""
    path = tmp_path / "budget.yml"
    path.write_text(text, encoding="utf-8")
    return load_budget(path, "b.yml")[0]


def refusal(tmp_path: Path, text: str) -> str:
    """The error of a file with that text below its version."""
    with pytest.raises(InputError) as caught:
        load(tmp_path, f"version: 1\n{text}")
    return str(caught.value)


def test_limits_on_change_are_exact_and_know_their_lines(tmp_path: Path) -> None:
    """A mapping or a list of entries; percentages as fractions; dollars to the last digit."""
    expected = (
        ChangeLimit(
            scope="run", max_increase=Decimal("0.1"), ignore_below=Decimal("0.01"), where="b.yml:3",
            path="changes.run.max_increase",
        ),
        ChangeLimit(
            scope="test", max_increase=Decimal("0.25"), warn_increase=Decimal("0.125"), ignore_below=Decimal("0.002"),
            where="b.yml:5", path="changes.test[0].max_increase",
        ),
        ChangeLimit(
            scope="test", match="tests/rag/**", warn_increase=Decimal("0.5"), where="b.yml:7",
            path="changes.test[1].warn_increase",
        ),
    )  # fmt: skip
    assert expected == load(tmp_path, WHOLE).changes


def test_features_keep_patterns_and_volumes_in_the_order_of_the_file(tmp_path: Path) -> None:
    """One number is the volume of scenario average."""
    own = MonthlyLimit(
        scenario="light", maximum=Decimal(100), where="b.yml:12", path="features.triage.max_monthly_cost.light"
    )
    triage, reply = load(tmp_path, WHOLE).features

    assert triage == Feature(
        name="triage",
        tests=("tests/triage/**", "tests/test_inbox.py"),
        requests_per_month={"light": 20_000, "average": 50_000},
        max_monthly_cost={"light": own},
        where="b.yml:10",
    )
    assert list(triage.requests_per_month) == ["light", "average"]
    assert (reply.tests, dict(reply.requests_per_month)) == ((), {"average": 7})


def test_projection_limits_know_scenarios_growth_and_the_projection_that_counts(tmp_path: Path) -> None:
    """`warn_at` is for each amount of a month."""
    found = load(tmp_path, WHOLE).projection
    average = found.max_monthly_cost["average"]

    assert (average.maximum, average.warn_at, average.where) == (Decimal(1500), Decimal("0.8"), "b.yml:16")
    assert found.max_monthly_cost["double"].maximum == Decimal("4000.50")
    assert (found.max_monthly_increase, found.where) == (Decimal("0.1"), "b.yml:18")
    assert found.path == "projection.max_monthly_increase"
    assert (dict(found.growth), found.cache) == ({"double": Decimal("2.5")}, "cold")


def test_without_the_keys_nothing_is_limited(tmp_path: Path) -> None:
    """No limit exists unless someone wrote it; the run as measured is what counts."""
    budget = load(tmp_path, "version: 1\n")
    assert (budget.changes, budget.features, dict(budget.projection.max_monthly_cost)) == ((), (), {})
    assert (budget.projection.max_monthly_increase, budget.projection.cache) == (None, "measured")


@pytest.mark.parametrize(
    ("pattern", "test", "expected"),
    [
        ("tests/triage/**", "tests/triage/test_a.py::test_b[x]", True),
        ("tests/triage", "tests/triage/test_a.py::test_b", True),
        ("tests/triage", "tests/triage2/test_a.py::test_b", False),
        ("tests/*/test_a.py", "tests/x/test_a.py::test_b", True),
    ],
)
def test_patterns_of_features_mean_what_those_of_limits_mean(pattern: str, test: str, expected: bool) -> None:
    """A path stands for all below it."""
    assert Feature(name="x", tests=(pattern,), requests_per_month={}, where="").covers(test) is expected


def test_the_most_specific_entry_holds_as_a_whole() -> None:
    """Wherever it stands; of equals, the later one; other scopes stay out."""

    def entry(match: str | None, scope: str = "test") -> ChangeLimit:
        return ChangeLimit(scope=scope, match=match, max_increase=Decimal(1), where="", path="")

    wide, narrow, same, run = entry(None), entry("tests/rag/**"), entry("tests/rag/**"), entry(None, "run")

    assert narrow is change_limit((narrow, wide, run), "test", "tests/rag/test_a.py::t")
    assert same is change_limit((narrow, same, wide), "test", "tests/rag/test_a.py::t")
    assert wide is change_limit((narrow, wide), "test", "tests/test_a.py::t")
    assert run is change_limit((narrow, run), "run", "")
    assert None is change_limit((narrow, run), "feature", "triage")


VOLUME = "hint: write a whole number, for example"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("changes: 5",
         "2:10: changes: expected a mapping with run, test or feature, got 5\n"
         "hint: write for example test: {max_increase: 25%, ignore_below: 0.002}   [bad-value]"),
        ("changes: {tests: {max_increase: 5%}}",
         "2:11: changes.tests: unknown key, expected one of run, test, feature\n"
         "hint: did you mean 'test'?   [unknown-key]"),
        ("changes:\n  test: {max_increas: 5%}",
         "3:10: changes.test.max_increas: unknown key, expected one of match, max_increase, warn_increase, "
         "ignore_below\nhint: did you mean 'max_increase'?   [unknown-key]"),
        ("changes:\n  test: {ignore_below: 1}",
         "3:9: changes.test: the entry limits nothing: expected max_increase, warn_increase or both\n"
         "hint: add one, for example max_increase: 25%   [no-measure]"),
        ("changes: {test: {max_increase: 0.25}}",
         "2:32: changes.test.max_increase: expected a percentage from 0% to 10000% such as 25%, got 0.25\n"
         "hint: write it so, for example max_increase: 25%   [bad-percentage]"),
        ("changes: {test: {max_increase: -5%}}",
         "2:32: changes.test.max_increase: expected a percentage from 0% to 10000% such as 25%, got '-5%'\n"
         "hint: write it so, for example max_increase: 25%   [bad-percentage]"),
        ("changes: {test: {max_increase: 10001%}}",
         "2:32: changes.test.max_increase: expected a percentage from 0% to 10000% such as 25%, got '10001%'\n"
         "hint: write it so, for example max_increase: 25%   [bad-percentage]"),
        ("changes: {test: {max_increase: 10%, warn_increase: 10%}}",
         "2:52: changes.test.warn_increase: expected less than max_increase, which is 10%, got 10%\n"
         "hint: write a smaller percentage, or remove warn_increase   [bad-percentage]"),
        ("changes: {test: {max_increase: 10%, ignore_below: -1}}",
         "2:51: changes.test.ignore_below: expected dollars from 0 to 1,000,000, got -1\n"
         "hint: write a number, for example ignore_below: 0.25   [bad-amount]"),
        ("changes:\n  run: {match: x, max_increase: 10%}",
         "3:9: changes.run.match: a limit of the run covers everything and takes no match\n"
         "hint: remove match, or write it under test   [match-of-run]"),
        ("changes:\n  run: [{max_increase: 10%}]",
         "3:8: changes.run: expected a mapping with max_increase, warn_increase or both, got a list\n"
         "hint: write for example {max_increase: 25%, ignore_below: 0.002}   [bad-value]"),
        ("changes:\n  test:\n  - max_increase: 10%\n  - max_increase: 20%",
         "5:19: changes.test[1].max_increase: changes of test are already limited on line 4, as "
         "changes.test[0].max_increase\nhint: keep one of the two, or give one a narrower match   [duplicate-limit]"),
        ("features: {triage: {tests: [a]}}",
         "2:20: features.triage.requests_per_month: expected this key, which is missing\n"
         "hint: add it, for example requests_per_month: 50_000   [missing-key]"),
        ("features: {triage: {tests: a, requests_per_month: 1}}",
         "2:28: features.triage.tests: expected a list of at most 1,000 patterns, got 'a'\n"
         "hint: write for example tests: [\"tests/triage/**\"]   [bad-value]"),
        ("features: {triage: {requests_per_month: -1}}",
         "2:41: features.triage.requests_per_month: expected a whole number from 0 to 1,000,000,000,000, got -1\n"
         f"{VOLUME} requests_per_month: 50_000   [bad-count]"),
        ("features: {triage: {requests_per_month: {average: 1.5}}}",
         "2:51: features.triage.requests_per_month.average: expected a whole number of requests such as 50_000, got 1.5\n"
         f"{VOLUME} average: 50_000   [bad-count]"),
        ("features: {triage: {requests_per_month: {}}}",
         "2:41: features.triage.requests_per_month: expected a mapping of 1 to 20 scenarios, each with its number of "
         "requests, got a mapping\nhint: write for example {average: 50_000, heavy: 120_000}   [bad-value]"),
        ("features: {' ': {requests_per_month: 1}}",
         "2:12: features[' ']: expected the name of a feature, 1 to 200 printable characters, got ' '\n"
         "hint: write the name that the tests' markers have, for example triage   [bad-value]"),
        ("features: {triage: {requests_per_month: {'a b': 1}}}",
         "2:42: features.triage.requests_per_month['a b']: expected the name of a scenario, such as average: letters, "
         "digits, _ and -, got 'a b'\nhint: write for example average   [bad-value]"),
        ("features: {t: {requests_per_month: {average: 1, heavy: 2}}}\nprojection: {max_monthly_cost: {havy: 4}}",
         "3:39: projection.max_monthly_cost.havy: no feature has this scenario, expected one of average, heavy\n"
         "hint: did you mean 'heavy'?   [unknown-scenario]"),
        ("features: {t: {requests_per_month: {heavy: 2}, max_monthly_cost: 5}}",
         "2:66: features.t.max_monthly_cost: feature 't' has no such scenario, expected one of heavy\n"
         "hint: give it a volume: features: {NAME: {requests_per_month: {average: 50_000}}}   [unknown-scenario]"),
        ("projection: {max_monthly_cost: 5}",
         "2:32: projection.max_monthly_cost: there are no features with a volume\n"
         "hint: give it a volume: features: {NAME: {requests_per_month: {average: 50_000}}}   [unknown-scenario]"),
        ("features: {t: {requests_per_month: {light: 1, heavy: 2}}}\nprojection: {growth: {double: 2}}",
         "3:31: projection.growth.double: expected feature 't' to have the scenario average or a single one, it has "
         "light, heavy\nhint: add average: to its requests_per_month, or remove growth   [no-base]"),
        ("features: {t: {requests_per_month: {double: 1}}}\nprojection: {growth: {double: 2}}",
         "3:31: projection.growth.double: a feature has a scenario of this name already, with a volume of its own\n"
         "hint: give one of the two another name   [duplicate-scenario]"),
        ("projection: {growth: {double: 0}}",
         "2:31: projection.growth.double: expected a factor above 0 and up to 1,000, got 0\n"
         "hint: write a number, for example double: 2.5   [bad-factor]"),
        ("projection: {max_monthly_cost: cheap}",
         "2:32: projection.max_monthly_cost: expected dollars a month such as 1500, got 'cheap'\n"
         "hint: write a number, for example max_monthly_cost: 1500   [bad-amount]"),
        ("projection: {cache: warn}",
         "2:21: projection.cache: expected one of measured, warm, cold, got 'warn'\n"
         "hint: did you mean 'warm'?   [bad-value]"),
    ],
    ids=lambda part: None if "hint" in part else part,
)  # fmt: skip
def test_a_mistake_is_told_at_its_place(tmp_path: Path, text: str, expected: str) -> None:
    """What, where, what was allowed and what next."""
    assert f"b.yml:{expected}" == refusal(tmp_path, text)


def test_mistakes_of_meaning_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Whichever key comes first."""
    text = (
        "projection: {max_monthly_cost: 5}\n"
        "limits: [{scope: run, max_cost: 1}, {scope: run, max_cost: 2}]\n"
        "changes: {test: {max_increase: 10%, warn_increase: 20%}}"
    )
    found = [line.split(":")[1] for line in refusal(tmp_path, text).splitlines() if line.startswith("b.yml")]
    assert found == ["2", "3", "4"]


PIECES = st.sampled_from(["\n", ":", "- ", "*a", "~", "-1", "1e9", "[", "{", "'", "%", "average", "10000%", "x" * 300])


@given(st.lists(st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 12), PIECES), min_size=1, max_size=4))
@settings(max_examples=tries(300), deadline=None)
def test_no_change_of_a_valid_file_gives_a_traceback(
    tmp_path_factory: Any, changes: list[tuple[int, int, str]]
) -> None:
    """Characters lost, doubled, or replaced anywhere."""
    text = WHOLE
    for start, length, piece in changes:
        text = text[:start] + piece + text[start + length :]
    try:
        budget = load(tmp_path_factory.getbasetemp(), text)
        places = [one.where for one in (*budget.changes, *budget.features)]
    except InputError as error:
        places = [problem.where for problem in error.problems] or ["an error without a problem"]

    assert [] == [place for place in places if not place.startswith("b.yml")]
