"""The table of the dearest tests: parameters that came to the same share a row where there are many."""

from decimal import Decimal

from pytest_claude_budget.budget.limits import Budget, Limit
from pytest_claude_budget.files.load import Terms, sums_of
from pytest_claude_budget.judge.report import RunFacts, judge
from pytest_claude_budget.record.record import Record
from pytest_claude_budget.render.dearest_table import dearest_table
from tests.builders.priced import TABLE, TODAY
from tests.builders.records import HAIKU, group, owner, record, usage


def taking(**tokens: int) -> Record:
    """Tests that ask Haiku once, each with so many tokens of input."""
    return record(*(owner(f"t.py::{name}", group(usage(count), HAIKU)) for name, count in tokens.items()))


def table(used: Record) -> list[list[str]]:
    """Its rows: name, calls, tokens, cost."""
    budget = Budget(
        source="claude-budget.yml",
        limits=(Limit(scope="run", measure="max_cost", maximum=Decimal(9), where="b:1", path="run"),),
    )
    sums = sums_of(used, Terms(budget=budget, rates=TABLE, day=TODAY))
    report = judge(sums, used, RunFacts(rates=TABLE, day=TODAY, budget=budget))
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in dearest_table(report, 80)]


def test_many_parameters_of_one_test_that_cost_the_same_share_a_row_with_their_sum() -> None:
    """Twelve of 10,000 tokens are 12 cents on Haiku, before one of 20,000 at two; a parameter of another cost stands alone."""
    alike = {f"test_a[{at}]": 10_000 for at in range(12)}
    assert table(taking(test_b=20_000, **alike, **{"test_a[other]": 5_000})) == [
        ["calls", "tokens", "cost"],
        ["t.py::test_a, 12 of the same cost", "12", "120,000", "$0.12"],
        ["t.py::test_b", "1", "20,000", "$0.02"],
        ["t.py::test_a[other]", "1", "5,000", "$0.005"],
        ["total", "14", "145,000", "$0.145"],
    ]


def test_what_is_over_ten_rows_shares_the_last() -> None:
    """Eleven tests of 1,000 to 11,000 tokens, and four alike of 100: the smallest is left with them, at $0.001 and $0.0004."""
    others = {f"test_{at:02}": at * 1_000 for at in range(1, 12)}
    rows = table(taking(**others, **{f"test_a[{at}]": 100 for at in range(4)}))
    assert rows[1] == ["t.py::test_11", "1", "11,000", "$0.011"]
    assert rows[-2:] == [["5 more", "5", "1,400", "$0.0014"], ["total", "15", "66,400", "$0.0664"]]


def test_where_there_is_room_each_has_its_row() -> None:
    rows = table(taking(**{f"test_a[{at}]": 1_000 for at in range(10)}))
    assert [row[0] for row in rows[1:-1]] == [f"t.py::test_a[{at}]" for at in range(10)]


def test_as_many_tokens_at_another_price_are_not_the_same() -> None:
    """Six parameters of 1,000 tokens of input are $0.006 on Haiku, six of 1,000 of output $0.03."""
    said = {f"t.py::test_a[{at}]": usage(1_000) for at in range(6)}
    said |= {f"t.py::test_a[{at}]": usage(0, 1_000) for at in range(6, 12)}
    rows = table(record(*(owner(name, group(used, HAIKU)) for name, used in said.items())))
    assert [row[-1] for row in rows[1:]] == ["$0.03", "$0.006", "$0.036"]


def test_a_row_of_so_few_would_save_nothing() -> None:
    few = {f"test_a[{at}]": 9_000 for at in range(3)} | {f"test_{at:02}": at * 1_000 for at in range(1, 9)}
    assert ["t.py::test_a[2]", "1", "9,000", "$0.009"] in table(taking(**few))
