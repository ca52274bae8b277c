"""Words that the terminal and the Markdown pages share: what moved, what is not known, what a reader can do next."""

from collections.abc import Sequence
from decimal import Decimal

from pytest_claude_budget.base.money import dollars, to_json
from pytest_claude_budget.compare.result import percent
from pytest_claude_budget.record.sums import Stated


def signed(amount: Decimal) -> str:
    """A change for a person: `+$0.02`, `-$0.02`, `unchanged`."""
    return "unchanged" if not amount else f"+{dollars(amount)}" if amount > 0 else dollars(amount)


_FIRST, _THEN = ("run", "projection"), ("max_cost", "max_increase")


def place_of_limit(scope: str, measure: str) -> tuple[int, int]:
    """A key to sort limits by: those of the run, then of months, then of its parts; of the run its dollars, then by how much they grew.

    The heading of a comment, its lists and the last lines of a terminal begin with the same one.
    """
    if scope not in _FIRST:
        return len(_FIRST), 0
    return _FIRST.index(scope), _THEN.index(measure) if measure in _THEN else len(_THEN)


def change_of(change: Decimal, before: Decimal, *limits: Decimal) -> str:
    """A change with its part of what was before: `+$0.0225 (+38.3%)`; of nothing there is no part.

    `limits` are percents that it is not to look over where it is not, or not over where it is.
    """
    return with_part(signed(change), change, before, *limits)


def with_part(shown: str, change: Decimal, before: Decimal, *limits: Decimal) -> str:
    """The same of a change that is shown in other words, such as beside the two amounts that it lies between."""
    part = percent(change, before, *limits)
    if not change or part is None:
        return shown
    return f"{shown} ({'+' if part > 0 else ''}{to_json(part)}%)"


def unsure(change: Decimal, *, before_at_least: bool = False, after_at_least: bool = True) -> str:
    """A change of which a side is a lower bound: `at least +$0.02`, `at most +$0.02` or `not known`, and never a saving."""
    if change <= 0 or (before_at_least and after_at_least):
        return "not known"
    return f"{'at most' if before_at_least else 'at least'} +{dollars(change)}"


def spent_words(spent: Decimal, *, unknown: bool, simulated: bool) -> str:
    """Say what a run was billed, of which its cost at list price says nothing.

    `unknown`: it has live calls of unknown cost. `simulated`: it has calls that cost something and were none of the live ones.
    """
    if unknown:
        return f"spent {f'at least {dollars(spent)}' if spent else 'an unknown amount'} on live calls"
    if spent:
        return f"spent {dollars(spent)} on live calls"
    return f"spent nothing{' (replayed, mocked or local answers)' if simulated else ''}"


def stated_text(stated: Stated) -> str:
    """What gateways say they charge, and the platform of its sessions, beside the list price that is the cost."""
    at_least = "at least " if stated.at_least else ""
    return (
        f"stated by the server: {dollars(stated.cost)} for {stated.calls:,} {'call' if stated.calls == 1 else 'calls'},"
        f" at list price {at_least}{dollars(stated.list_price)}"
    )


def nearness(at: int, close: int, above: int = 0) -> str:
    """Where a run is that warns: at so many limits, close to so many, above so many that only warn."""
    words = [word for word, many in (("at", at), ("close to", close), ("above", above)) if many]
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0] if words else "close to"


def repeated_before_texts(owners: Sequence[str]) -> list[str]:
    """A sentence for each owner that a benchmark repeated in the baseline alone."""
    return [
        f"{owner} was repeated by a benchmark in the baseline: one call of each kind is compared" for owner in owners
    ]


def may_lack(cut: int, *, interrupted: bool) -> str:
    """Behind how many answers are priced: a test that failed had perhaps others to ask for; or all that lack some were interrupted."""
    how = "interrupted" if interrupted else "failed"
    one = f"an {how}" if interrupted else f"a {how}"
    return f" ({f'{one} test' if cut == 1 else f'{how} tests'} may lack some)" if cut else ""


def before_already(*, compared: bool) -> str:
    """Since when a limit is over that this change does not worsen; `compared`: the base's own budget was at hand."""
    return f"{'before this change' if compared else 'on the baseline'} already, and no worse now"


LOOK_FOR_A_MOCK = "see whether a mock or an early return took the place of the call"
"""Of a test that makes no calls any more."""


def before_an_update(ended: str, *, unknown: bool) -> list[str]:
    """What to do before `--claude-budget-update`, by a report of an earlier version, which does not say it."""
    steps = {"failed": ["let the tests pass"], "interrupted": ["run the whole suite again"]}.get(ended, [])
    return [*steps, *(["see to what is not known"] if unknown else [])]


def room_words(capped: Sequence[str]) -> str:
    """How refused calls have room, by what refused them, with names as code."""
    limits = any(text.startswith("the limit ") for text in capped)
    others = any(text.startswith("the cap, ") for text in capped)  # it cannot be held, or a call has no bound
    caps = any(not text.startswith(("the limit ", "the cap, ")) for text in capped)
    named = ["`hard_cap` (or `--claude-budget-cap`, where that is given)"] if caps else []
    named += ["the limit with `enforce: true` that refused them"] if limits else []
    if not named:
        return "do what the message of the failed test says; to raise the cap is no help"
    return (
        f"raise {' and '.join(named)}, or make the refused calls smaller (a lower `max_tokens`, a shorter prompt). "
        "The message of the failed test says how much its call needs"
        f"{', or what else it was refused for' if others else ''}; `claude-budget bound` shows the most that a call can cost"
    )
