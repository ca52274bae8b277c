"""The cap of a gateway that is started by hand: that of the budget file, held from its start to its end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_claude_budget.base.errors import InputError, Problem

if TYPE_CHECKING:
    from pytest_claude_budget.budget.limits import Budget
    from pytest_claude_budget.enforce.rules import CapRules
    from pytest_claude_budget.gateway.books import Books


def guard_text(budget: "Budget | None", path: Path | None) -> str:
    """What the books are told to hold calls to; empty where the budget file holds them to nothing."""
    from pytest_claude_budget.enforce.made import text_of
    from pytest_claude_budget.enforce.rules import cap_written
    from pytest_claude_budget.measure.live_guard import Rules

    cap = cap_written(budget)
    return "" if cap is None else Rules(purse=text_of(cap, None if path is None else path.absolute())).as_text()


@contextmanager
def holding(books: "Books") -> Iterator[None]:
    """Hold the cap of books of their own, if there is one. Raises InputError where it cannot be held: then nothing is passed on."""
    from pytest_claude_budget.cap.store import UnavailableError
    from pytest_claude_budget.enforce.made import purse_told

    guard = books.own.guard
    if guard is None or not guard.rules.purse:
        yield
        return
    try:
        purse = purse_told(books.own, guard.rules.purse, makes=True)
    except (UnavailableError, OSError) as error:
        hint = "take the cap out of the budget file, or start the gateway where .pytest_cache can be written"
        raise InputError(Problem(slug="no-cap", where="claude-budget gateway", what=str(error), hint=hint)) from None
    guard.make_purse = lambda: purse
    guard.forgives = True  # all programs behind it are one owner, and a smaller call may have room
    try:
        yield
    finally:
        guard.forget()


def held_words(budget: "Budget | None") -> list[str]:
    """What is held and what is not, for who starts a gateway."""
    from pytest_claude_budget.enforce.rules import cap_written

    cap = cap_written(budget)
    said = [] if cap is None else [f"held: {_cap_words(cap)}; what does not fit is answered with status 403"]
    if budget is not None and budget.live_calls == "deny":
        said.append(f"not held: live_calls: deny in {budget.source} is for tests, and this passes live calls on")
    return said


def _cap_words(cap: "CapRules") -> str:
    from pytest_claude_budget.base.money import exact_dollars

    if cap.cap is None:
        return f"the enforced limits in {cap.cap_by}"
    return f"all calls together cost at most {exact_dollars(cap.cap)} ({cap.cap_by})"
