"""A budget file from what a run used: limits a little above, for the run, its tests and its models."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction

from pytest_claude_budget.base.money import dollars, to_json
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.limits import MAX_COUNT, MAX_DOLLARS
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.record.record import Record
from pytest_claude_budget.record.totals import Totals
from pytest_claude_budget.record.totals_by_scope import scoped_totals

MOST_OUTLIERS = 50
"""Tests with limits of their own. Where more stick out, the limit of all is raised until no more do."""
_LONGEST_MATCH = 500
_FAR = 3
"""A test sticks out that uses more than this many times what the middle one does."""
_ROUNDED = Context(prec=2, rounding=ROUND_CEILING)
FOR_EDITORS = (
    "# For completion in an editor: claude-budget schema budget > claude-budget.schema.json, beside this file.",
    "# yaml-language-server: $schema=claude-budget.schema.json",
)
"""What a new budget file begins with: a relative path is right on every machine."""


@value_class(frozen=True, kw_only=True, slots=True)
class Draft:
    """What a draft is made of."""

    record: Record
    rates: RateTable
    day: date
    headroom: Decimal
    """0.2 for 20% above what was used."""
    source: str
    """The report as the user knows it."""
    early: Sequence[str] = ()
    """Sentences about tests that ended early, and may need more."""


def readable_dollars(used: Decimal, headroom: Decimal) -> Decimal:
    """An amount with its headroom, rounded up to two digits that a person can read; never less than either."""
    exact = Fraction(used) * (1 + Fraction(headroom))
    if not exact:
        return Decimal(0)
    rounded = _ROUNDED.divide(Decimal(exact.numerator), Decimal(exact.denominator))
    return min(rounded.normalize(_ROUNDED), Decimal(MAX_DOLLARS))


def readable_count(used: int, headroom: Decimal) -> int:
    """A count with its headroom, rounded up."""
    exact = Fraction(used) * (1 + Fraction(headroom))
    return min(-(-exact.numerator // exact.denominator), MAX_COUNT)


def draft_budget(draft: Draft) -> str:
    """The text of a budget file that the run is within."""
    scoped = scoped_totals(draft.record.owners.values(), draft.rates, draft.day)
    return "\n".join([*_head(draft), *_run(scoped["run"][""], draft), *_tests(scoped, draft), *_models(scoped, draft)])


def _head(draft: Draft) -> Iterator[str]:
    yield from FOR_EDITORS
    yield f"# Limits from what a run used ({_line(draft.source)}), plus {percent_text(draft.headroom)}, rounded up."
    yield "# Costs are US dollars at list price. Read the limits, and lower what you can."
    yield from (f"# {_line(text)}." for text in draft.early)
    yield "version: 1"
    yield ""
    yield "limits:"


def _run(totals: Totals, draft: Draft) -> Iterator[str]:
    yield f"  # The whole run: {dollars(totals.cost)} in {_calls(totals.calls)}."
    yield "  - scope: run"
    yield f"    max_cost: {_amount(totals.cost, draft)}"
    yield ""


def _tests(scoped: Mapping[str, Mapping[str, Totals]], draft: Draft) -> Iterator[str]:
    tests = {name: totals for name, totals in scoped.get("test", {}).items() if totals.calls}
    if not tests:
        return
    usual_cost = _usual({name: Fraction(totals.cost) for name, totals in tests.items()})
    usual_calls = _usual({name: Fraction(totals.calls) for name, totals in tests.items()})
    cost = max(totals.cost for totals in tests.values() if Fraction(totals.cost) <= usual_cost)
    calls = max(totals.calls for totals in tests.values() if totals.calls <= usual_calls)
    yield f"  # Each test by itself: the dearest cost {dollars(cost)}, the busiest made {_calls(calls)}."
    yield "  - scope: test"
    yield f"    max_cost: {_amount(cost, draft)}"
    yield f"    max_calls: {readable_count(calls, draft.headroom)}"
    yield ""
    outliers = {name: own for name, own in tests.items() if own.cost > cost or own.calls > calls}
    if outliers:
        yield "  # Tests that use far more than the others."
    for name, own in sorted(outliers.items()):
        yield "  - scope: test"
        yield f"    match: {_quoted(name)}"
        if own.cost > cost:
            yield f"    max_cost: {_amount(own.cost, draft)}"
        if own.calls > calls:
            yield f"    max_calls: {readable_count(own.calls, draft.headroom)}"
    if outliers:
        yield ""


def _models(scoped: Mapping[str, Mapping[str, Totals]], draft: Draft) -> Iterator[str]:
    models = {name: own for name, own in scoped.get("model", {}).items() if own.calls and _fits(name)}
    if models:
        yield "  # Each model by itself."
    for name, own in sorted(models.items()):
        yield "  - scope: model"
        yield f"    match: {_quoted(name)}"
        yield f"    max_cost: {_amount(own.cost, draft)}"
    yield ""
    yield "# What a run ends with when a call could not be priced: fail or warn."
    yield "on_incomplete: fail"
    yield ""


def _usual(used: Mapping[str, Fraction]) -> Fraction:
    """The most that counts as usual: what is above gets a limit of its own, if its id fits in one."""
    amounts = sorted(used.values())
    usual = max(amount for amount in amounts if amount <= _FAR * _middle(amounts))
    unnameable = [amount for name, amount in used.items() if not _fits(name)]
    rest = amounts[: max(0, len(amounts) - MOST_OUTLIERS)]
    return max([usual, *unnameable, *rest[-1:]])


def _middle(amounts: Sequence[Fraction]) -> Fraction:
    return amounts[len(amounts) // 2]


def _amount(used: Decimal, draft: Draft) -> str:
    return to_json(readable_dollars(used, draft.headroom))


def _calls(number: int) -> str:
    return f"{number:,} call{'' if number == 1 else 's'}"


def percent_text(part: Decimal) -> str:
    """A fraction as a percentage: 0.2 as `20%`."""
    return f"{to_json(part * 100)}%"


def _fits(name: str) -> bool:
    """Can a limit name it?"""
    return len(name) <= _LONGEST_MATCH and not any("\ud800" <= character <= "\udfff" for character in name)


def _quoted(text: str) -> str:
    """A text in YAML's double quotes, whatever is in it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    shown = (one if one.isprintable() else f"\\U{ord(one):08x}" for one in escaped)
    return f'"{"".join(shown)}"'


def _line(text: str) -> str:
    """Text that came from elsewhere, kept inside of a comment."""
    return "".join(character if character.isprintable() else "?" for character in text)
