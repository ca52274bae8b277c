"""A budget file from what a run used, and maxima brought down in place."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude_budget.base.places import YamlDocument
from pytest_claude_budget.budget.draft import Draft, draft_budget, readable_count, readable_dollars
from pytest_claude_budget.budget.limits import Budget
from pytest_claude_budget.budget.tighten import Edited, Used, edited, wanted_edits
from pytest_claude_budget.budget.which_limit import Limits
from pytest_claude_budget.files.budget_file import load_budget
from pytest_claude_budget.judge.verdict import Outcome, evaluate
from pytest_claude_budget.record.record import Record
from pytest_claude_budget.record.totals_by_scope import scoped_totals
from tests.builders.priced import TABLE, TODAY
from tests.builders.records import HAIKU, SONNET, group, owner, record, usage
from tests.builders.tries import tries

A_FIFTH = Decimal("0.2")


def load(folder: Path, text: str) -> tuple[Budget, YamlDocument]:
    path = folder / "claude-budget.yml"
    path.write_bytes(text.encode())
    return load_budget(path, "b.yml")


def draft(told: Record, headroom: Decimal = A_FIFTH, source: str = "out.json") -> str:
    return draft_budget(Draft(record=told, rates=TABLE, day=TODAY, headroom=headroom, source=source))


def limits_of(budget: Budget) -> Limits:
    return Limits(budget=budget, markers={}, spellings=TABLE.spellings)


def outcome(budget: Budget, told: Record) -> Outcome:
    return evaluate(limits_of(budget), scoped_totals(told.owners.values(), TABLE, TODAY), []).outcome


def maxima(budget: Budget) -> list[tuple[str, str | None, str, Decimal | int]]:
    return [(limit.scope, limit.match, limit.measure, limit.maximum) for limit in budget.limits]


@pytest.mark.parametrize(
    ("used", "headroom", "expected"),
    [
        ("0.0369", "0.2", "0.045"),  # 0.04428
        ("0.01", "0", "0.01"),
        ("0.0101", "0", "0.011"),
        ("99.1", "0", "100"),
        ("12345", "0.2", "15000"),  # 14814
        ("0", "5", "0"),
        ("999999", "1", "1000000"),
    ],
)
def test_amounts_are_rounded_up_to_two_digits(used: str, headroom: str, expected: str) -> None:
    """A person can read them, and none is below what was used."""
    assert readable_dollars(Decimal(used), Decimal(headroom)) == Decimal(expected)


def test_counts_are_rounded_up() -> None:
    """3 and a fifth are 3.6: 4 calls."""
    assert (readable_count(3, A_FIFTH), readable_count(5, A_FIFTH), readable_count(0, A_FIFTH)) == (4, 6, 0)


def test_a_draft_limits_run_tests_outliers_and_models(tmp_path: Path) -> None:
    """Tests of $0.003, $0.0036 and $0.03 (ten calls): the third sticks out. Haiku $0.001 x 1.2 = $0.0012."""
    told = record(
        owner("t.py::a", group(usage(1000))),
        owner("t.py::b", group(usage(1200))),
        owner("t.py::c[x]", group(usage(10_000), calls=10)),
        owner("fix (fixture)", group(usage(1000), HAIKU), kind="fixture"),
    )
    budget, _ = load(tmp_path, draft(told))

    # run: 0.003 + 0.0036 + 0.03 + 0.001 = 0.0376, x 1.2 = 0.04512; Sonnet 0.0366 x 1.2 = 0.04392; 0.0036 x 1.2 = 0.00432
    assert maxima(budget) == [
        ("run", None, "max_cost", Decimal("0.046")),
        ("test", None, "max_cost", Decimal("0.0044")),
        ("test", None, "max_calls", 2),
        ("test", "t.py::c[x]", "max_cost", Decimal("0.036")),
        ("test", "t.py::c[x]", "max_calls", 12),
        ("model", HAIKU, "max_cost", Decimal("0.0012")),
        ("model", SONNET, "max_cost", Decimal("0.044")),
    ]
    assert outcome(budget, told) is Outcome.WITHIN


def test_at_most_fifty_tests_get_limits_of_their_own(tmp_path: Path) -> None:
    """Where more stick out, the limit of all is raised."""
    told = record(
        *(owner(f"t.py::small{at:03}", group(usage(1))) for at in range(100)),
        *(owner(f"t.py::large{at:03}", group(usage(1000 + at))) for at in range(60)),
    )
    budget, _ = load(tmp_path, draft(told))

    assert sum(limit.match is not None and limit.scope == "test" for limit in budget.limits) == 50
    assert outcome(budget, told) is Outcome.WITHIN


IDS = st.text(st.characters(), min_size=1, max_size=12).map(lambda text: f"t.py::test[{text}]")
RUNS = st.dictionaries(
    st.one_of(IDS, st.just("t.py::" + "x" * 600)),
    st.tuples(st.integers(0, 10**7), st.integers(1, 30), st.sampled_from([SONNET, HAIKU])),
    min_size=1,
    max_size=8,
)
HEADROOMS = st.decimals(0, 2, places=2)


def run_of(tests: dict[str, tuple[int, int, str]]) -> Record:
    return record(
        *(owner(name, group(usage(fresh), model, calls=calls)) for name, (fresh, calls, model) in tests.items())
    )


@given(RUNS, HEADROOMS, st.text(max_size=20))
@settings(max_examples=tries(150), deadline=None)
def test_the_run_that_a_draft_is_from_is_within_it(
    tmp_path_factory: Any, tests: Any, headroom: Decimal, source: str
) -> None:
    """Whatever the tests are called and cost."""
    told = run_of(tests)
    budget, _ = load(tmp_path_factory.getbasetemp(), draft(told, headroom, source))

    assert outcome(budget, told) is Outcome.WITHIN


WRITTEN = """\
# Ours.
version: 1
limits:
  - scope: run           # all of it
    max_cost: 2.00       # dollars
    warn_at: 80%
  - {scope: test, max_cost: "0.50", max_calls: 1_000}
  - scope: test
    match: "tests/none/**"
    max_cost: 9
  - scope: model
    match: "claude-haiku-*"
    max_input_tokens: 100
"""


def bring_to(folder: Path, text: str, told: Record, *, only_lower: bool, headroom: Decimal = A_FIFTH) -> Edited:
    budget, document = load(folder, text)
    used = Used(scoped=scoped_totals(told.owners.values(), TABLE, TODAY), headroom=headroom, only_lower=only_lower)
    return edited(text, document, wanted_edits(limits_of(budget), budget, used))


TOLD = record(
    owner("t.py::a", group(usage(1000))),
    owner("t.py::b", group(usage(10_000), calls=900), group(usage(200), HAIKU)),
)


def test_a_ratchet_lowers_what_is_too_high_and_touches_nothing_else(tmp_path: Path) -> None:
    """Run $0.0332 x 1.2 = $0.03984; dearest test $0.0302 x 1.2 = $0.03624; 901 calls x 1.2 = 1,081.2 is no lowering."""
    found = bring_to(tmp_path, WRITTEN, TOLD, only_lower=True)

    assert found.text == WRITTEN.replace("2.00 ", "0.04 ").replace('"0.50"', '"0.037"')
    assert [(edit.where, edit.path, edit.was, edit.becomes) for edit in found.edits] == [
        ("b.yml:5", "limits[0].max_cost", Decimal("2.00"), Decimal("0.04")),
        ("b.yml:7", "limits[1].max_cost", Decimal("0.50"), Decimal("0.037")),
    ]


def test_written_budgets_follow_the_run_both_ways(tmp_path: Path) -> None:
    """Counts keep their grouping; what held for nothing stays."""
    found = bring_to(tmp_path, WRITTEN, TOLD, only_lower=False)

    expected = WRITTEN.replace("2.00 ", "0.04 ").replace('"0.50"', '"0.037"').replace("1_000", "1_082")
    assert found.text == expected.replace("max_input_tokens: 100\n", "max_input_tokens: 240\n")


def test_numbers_behind_aliases_are_told_and_kept(tmp_path: Path) -> None:
    """One edit there would change another limit too."""
    text = "version: 1\nlimits:\n- {scope: run, max_cost: &c 2}\n- {scope: test, max_cost: *c}\n"
    found = bring_to(tmp_path, text, TOLD, only_lower=True)

    assert (found.text, found.edits) == (text, ())
    assert [edit.path for edit in found.kept] == ["limits[0].max_cost", "limits[1].max_cost"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\x85", "\u2028"])
def test_lines_are_counted_as_yaml_counts_them(tmp_path: Path, ending: str) -> None:
    """Whatever ends them, and behind characters of several bytes."""
    text = ending.join(["# é😀", "version: 1", "limits:", "- {scope: run, max_cost: 2}", ""])
    found = bring_to(tmp_path, text, TOLD, only_lower=True)

    assert found.text == text.replace("max_cost: 2", "max_cost: 0.04")


MAXIMA = st.one_of(st.decimals(0, 100, places=4), st.integers(0, 100)).map(str)


@given(RUNS, st.lists(MAXIMA, min_size=3, max_size=3), HEADROOMS)
@settings(max_examples=tries(150), deadline=None)
def test_a_ratchet_never_raises_a_limit(
    tmp_path_factory: Any, tests: Any, written: list[str], headroom: Decimal
) -> None:
    """And is done after one turn."""
    run, test, calls = written
    text = (
        f"version: 1\nlimits:\n- {{scope: run, max_cost: {run}}}\n"
        f"- {{scope: test, max_cost: '{test}', max_calls: {calls.partition('.')[0]}}}\n"
    )
    folder, told = tmp_path_factory.getbasetemp(), run_of(tests)
    before, _ = load(folder, text)
    found = bring_to(folder, text, told, only_lower=True, headroom=headroom)
    after, _ = load(folder, found.text)

    assert all(new.maximum <= old.maximum for old, new in zip(before.limits, after.limits, strict=True))
    assert not found.kept
    assert bring_to(folder, found.text, told, only_lower=True, headroom=headroom).text == found.text
