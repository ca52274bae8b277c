"""What a lever is: calls that show how the same would cost less, how much less, and what that rests on."""

from collections.abc import Sequence
from decimal import Decimal

from pytest_claude_budget.base.money import ZERO
from pytest_claude_budget.base.values import value_class

CONVERSATION, PREFIX, NEVER_READ, AFTER_CHANGE, LIFETIME, AGAIN, CUT, MODEL, BATCH, UNUSED_TOOLS, TWICE = KINDS = (
    "conversation-uncached",
    "prefix-uncached",
    "cache-never-read",
    "cache-after-change",
    "cache-lifetime",
    "asked-again",
    "cut-answers",
    "cheaper-model",
    "batch",
    "unused-tools",
    "sent-twice",
)


@value_class(frozen=True, kw_only=True, slots=True)
class Saving:
    """How much less something would cost, in US dollars."""

    low: Decimal
    """What the counts prove."""
    high: Decimal
    """What they may come to; the same as `low` where the counts leave nothing open."""


@value_class(frozen=True, kw_only=True, slots=True)
class Month:
    """The saving in a month of production, in one scenario of the budget file."""

    scenario: str
    requests_per_month: int
    saving: Saving
    """Rounded down to whole micro-dollars."""


@value_class(frozen=True, kw_only=True, slots=True)
class Shown:
    """One owner whose calls show the lever."""

    owner: str
    calls: int


@value_class(frozen=True, kw_only=True, slots=True)
class Option:
    """Another model that the same calls would cost less with."""

    model: str
    saving: Saving
    month: Sequence[Month] = ()


@value_class(frozen=True, kw_only=True, slots=True)
class Lever:
    """One way to pay less, of the calls of one feature to one model. Savings of several levers may overlap."""

    kind: str
    """One of `KINDS`."""
    feature: str | None
    model: str
    """As the rate table names it."""
    calls: int
    """Those that show it."""
    tests: int
    """Owners of these calls, fixtures among them."""
    shown_by: Sequence[Shown]
    """The owners with the most to save, at most `MOST_SHOWN`."""
    paid: Decimal
    """US dollars that these calls cost now, in the run."""
    saving: Saving | None = None
    """Of the run; None where the calls do not tell it."""
    month: Sequence[Month] = ()
    month_unknown: str = ""
    """Why there is no month; empty where there is one."""
    text: str
    """What the calls show: a sentence with nothing in it that somebody else wrote."""
    do: str
    """What to do about it."""
    rests_on: Sequence[str] = ()
    options: Sequence[Option] = ()
    """Of `cheaper-model` only, the cheapest last."""


MOST_SHOWN = 5


AVERAGE = "average"


def place(lever: Lever) -> tuple[bool, Decimal, Decimal, str, str, str]:
    """Where it stands among others: the most proven saving first, of a month where that is known; those without one last."""
    saved = ZERO if lever.saving is None else lever.saving.low
    months = {month.scenario: month.saving.low for month in lever.month}
    month = months.get(AVERAGE, next(iter(months.values()), ZERO))
    named = (lever.kind, lever.feature or "", lever.model)
    return (lever.saving is None, month.copy_negate(), saved.copy_negate(), *named)
