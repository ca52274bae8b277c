"""What several tests moved for, said once above them and in full."""

from dataclasses import replace
from decimal import Decimal

from pytest_claude_budget.base.money import ZERO
from pytest_claude_budget.compare.result import Baseline, Cause, Comparison, OwnerChange, Standing
from pytest_claude_budget.render.comparison import comparison_lines

BROKEN = "cache reads 2,264 → 0: block 1 of the system prompt changed, before the cached block 2: put what changes after block 2"


def test_what_is_left_out_says_which_way_it_went() -> None:
    """Ten of $0.02 and of $0.01 are shown; of four more, three are $0.001 dearer and one is $0.002 cheaper: +$0.001."""
    many = [replace(dearer(f"test_{at}", "0.01"), causes=(), not_known=None) for at in range(10)]
    more = [replace(each, owner=f"t.py::more_{at}", change=Decimal("0.001")) for at, each in enumerate(many[:3])]
    cheaper = replace(more[0], owner="t.py::cheaper", change=Decimal("-0.002"))
    named = [cause_of(row, at) for at, row in enumerate([*many, *more, cheaper])]
    assert "  and 4 more, +$0.001: 3 dearer (+$0.003), 1 cheaper (-$0.002)" in lines(*named)
    assert "  and 3 more, +$0.003: all dearer" in lines(*named[:-1])


def cause_of(row: OwnerChange, at: int) -> OwnerChange:
    """For a reason that no other has."""
    return replace(row, causes=(Cause(cause=f"kind {at}", amount=row.change, text=f"reason {at}"),))


def test_what_is_not_known_is_named_or_counted() -> None:
    """One by its id; several by what they are."""
    known = dearer("known", "0.01")
    one = replace(known, owner="t.py::lost", change=ZERO, not_known="the test failed", causes=())
    fixture = replace(one, owner="t.py::db", kind="fixture")
    for rows, said in (
        ([one], "the change of t.py::lost is not known"),
        ([known, one], "+$0.01 as far as it is known; the change of t.py::lost is not known"),
        ([one, replace(one, owner="t.py::too")], "the change of 2 tests is not known"),
        ([one, fixture], "the change of 2 tests and fixtures is not known"),
    ):
        comparison = replace(compared(*rows), at_least=True)
        assert comparison_lines(comparison, 120)[0] == f"against claude-budget.lock.json: {said}"


def dearer(name: str, cache: str, calls: str = "0") -> OwnerChange:
    """$0.01 before; dearer by what the cache lost, and by what more calls cost."""
    change = Decimal(cache) + Decimal(calls)
    more = (Cause(cause="calls", amount=Decimal(calls), text="makes 2 calls (was 1)"),) if Decimal(calls) else ()
    return OwnerChange(
        owner=f"t.py::{name}",
        kind="test",
        standing=Standing.CHANGED,
        before=Decimal("0.01"),
        after=Decimal("0.01") + change,
        change=change,
        judged=change,
        causes=(Cause(cause="cache", amount=Decimal(cache), text=BROKEN), *more),
    )


def lines(*rows: OwnerChange) -> list[str]:
    return comparison_lines(compared(*rows), 80)


def compared(*rows: OwnerChange) -> Comparison:
    change = sum((row.change for row in rows), ZERO)
    before = Decimal("0.01") * len(rows)
    return Comparison(
        baseline=Baseline(source="claude-budget.lock.json", kind="lock"),
        before=before,
        after=before + change,
        change=change,
        judged=change,
        owners=rows,
        counts={Standing.CHANGED: len(rows)},
    )


def test_a_long_reason_of_few_tests_stands_once_above_them_with_what_else_moved_each() -> None:
    """0.005 + 0.001 + 0.004 = 0.01, of 0.02 before: 50%."""
    assert lines(dearer("one", "0.005", "0.001"), dearer("two", "0.004")) == [
        "against claude-budget.lock.json: $0.02 → $0.03, +$0.01 (+50%)",
        "  +$0.01 2 tests: cache reads 2,264 → 0: block 1 of the system prompt changed,",
        "         before the cached block 2: put what changes after block 2; also makes 2",
        "         calls (was 1), in 1 of them",
        "         t.py::one",
        "           +$0.006, makes 2 calls (was 1)",
        "         t.py::two",
        "           +$0.004",
        "2 changed",
    ]


def test_many_tests_that_moved_for_two_reasons_say_both() -> None:
    """Four times 0.005 + 0.001 = 0.024: the cache alone has not cost that, and the calls doubled."""
    said = " ".join(" ".join(lines(*(dearer(name, "0.005", "0.001") for name in "abcd"))[1:]).split())
    assert said.startswith(f"+$0.024 4 tests: {BROKEN}; also makes 2 calls (was 1) t.py::a")


def test_a_reason_that_weighs_nothing_is_not_said_beside_the_others() -> None:
    """0.00001 is less than a hundredth of 0.00501."""
    said = " ".join(" ".join(lines(*(dearer(name, "0.005", "0.00001") for name in "abcd"))[1:]).split())
    assert f"{BROKEN} t.py::a" in said


def test_a_long_reason_of_one_test_is_wrapped_and_not_cut() -> None:
    """What to do stands at its end."""
    assert lines(dearer("one", "0.005"))[1:4] == [
        "  +$0.005 t.py::one",
        "          cache reads 2,264 → 0: block 1 of the system prompt changed, before",
        "          the cached block 2: put what changes after block 2",
    ]
