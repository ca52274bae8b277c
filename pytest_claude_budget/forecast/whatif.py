"""What a run would have cost otherwise: another model, in batches, with its prompts cached, with shorter answers.

The counts of the run are priced again. What they cannot tell is a range: `low` and `high` are the ends of what the stated
assumptions leave open.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, Inexact
from fractions import Fraction

from pytest_claude_budget.base.money import EXACT, ZERO
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.forecast import reprice as repricing
from pytest_claude_budget.forecast.prompt_cache import shared_beginnings
from pytest_claude_budget.forecast.reprice import Repricer, Wish
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.record.record import Group, OwnerRecord, Record, cost_of_group

_MICRO = 1_000_000


@value_class(frozen=True, kw_only=True, slots=True)
class Line:
    """Calls of one model, or all."""

    model: str
    """As it was; empty in the line of all."""
    becomes: str
    """The model that would answer; empty in the line of all."""
    calls: int
    before: Decimal
    """US dollars at list price, exact."""
    low: Decimal
    """US dollars: exact, or rounded down to a whole micro-dollar where that takes endless digits."""
    high: Decimal
    """Exact, or rounded up."""
    at_least: bool = False
    """Something in it is not priced, or not in full: neither is the change known."""


@value_class(frozen=True, kw_only=True, slots=True)
class WhatIf:
    """The answer."""

    lines: tuple[Line, ...]
    """By model, the dearest first; their sums are the total."""
    total: Line
    assumed: tuple[str, ...]
    """What the figures rest on, a sentence each."""
    left_alone: tuple[tuple[str, int], ...]
    """Why calls stay as they were, with their number."""


@dataclass(kw_only=True)
class _Sum:
    """Calls of one model, being added up."""

    becomes: str
    calls: int = 0
    before: Decimal = ZERO
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(0)
    at_least: bool = False


@dataclass(kw_only=True)
class _Book:
    """Takes repriced groups, in any order."""

    sums: dict[str, _Sum] = field(default_factory=dict)
    assumed: set[str] = field(default_factory=set)
    left: Counter[str] = field(default_factory=Counter)

    def enter(self, group: Group, before: Decimal, outcome: repricing.Outcome, *, at_least: bool) -> None:
        """Add one group."""
        into = self.sums.setdefault(group.terms.model, _Sum(becomes=group.terms.model))
        into.becomes = outcome.model if outcome.model != group.terms.model else into.becomes
        into.calls += group.calls
        into.before = EXACT.add(into.before, before)
        into.low += outcome.low
        into.high += outcome.high
        into.at_least = into.at_least or at_least
        self.assumed.update(outcome.assumed)
        for reason in outcome.left_alone:
            self.left[reason] += group.calls

    def lines(self) -> tuple[Line, ...]:
        """The sums, the dearest first."""
        made = [
            Line(
                model=model,
                becomes=own.becomes,
                calls=own.calls,
                before=own.before,
                low=_decimal(own.low, _down),
                high=_decimal(own.high, _up),
                at_least=own.at_least,
            )
            for model, own in self.sums.items()
        ]
        return tuple(sorted(made, key=lambda line: (-line.before, line.model)))


def what_if(record: Record, wish: Wish, rates: RateTable, day: date) -> WhatIf:
    """Price a record again. Both sides are at one table on one day; models are named as the table names them."""
    sharing = shared_beginnings(record, wish.means) if wish.cache else None
    repricer = Repricer(wish=wish, rates=rates, day=day, sharing=sharing)
    book = _Book()
    for owner, group in _groups(record):
        before = cost_of_group(group, rates, day)
        outcome = repricer.reprice(owner.owner, group, Fraction(before.amount))
        book.enter(group, before.amount, outcome, at_least=before.at_least)
    lines = book.lines()
    return WhatIf(
        lines=lines,
        total=_total(lines),
        assumed=tuple(sentence for sentence in repricing.SENTENCES if sentence in book.assumed),
        left_alone=tuple(sorted(book.left.items(), key=lambda entry: (-entry[1], entry[0]))),
    )


def _groups(record: Record) -> list[tuple[OwnerRecord, Group]]:
    return [(owner, group) for owner in record.owners.values() for group in owner.groups if group.calls or group.on_top]


def _total(lines: tuple[Line, ...]) -> Line:
    def added(part: Callable[[Line], Decimal]) -> Decimal:
        amount = ZERO
        for line in lines:
            amount = EXACT.add(amount, part(line))
        return amount

    return Line(
        model="",
        becomes="",
        calls=sum(line.calls for line in lines),
        before=added(lambda line: line.before),
        low=added(lambda line: line.low),
        high=added(lambda line: line.high),
        at_least=any(line.at_least for line in lines),
    )


def _decimal(amount: Fraction, rounded: Callable[[Fraction], int]) -> Decimal:
    try:
        return EXACT.divide(Decimal(amount.numerator), Decimal(amount.denominator))
    except Inexact:
        return EXACT.multiply(Decimal(rounded(amount * _MICRO)), Decimal("0.000001"))


def _down(amount: Fraction) -> int:
    return amount.numerator // amount.denominator


def _up(amount: Fraction) -> int:
    return -(-amount.numerator // amount.denominator)
