"""What holds calls back: the cap of a run, and limits that are enforced. Pure."""

from collections.abc import Iterator
from decimal import Decimal

from pytest_claude_budget.base.money import exact_dollars, to_json
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.cap.store import Claim, Unit, nano_dollars

RUN = "run"


@value_class(frozen=True, kw_only=True, slots=True)
class CapRules:
    """What was written."""

    cap: Decimal | None = None
    """US dollars at list price, of all calls of the run that reach a remote host."""
    cap_by: str = ""
    """Who says so: `hard_cap in claude-budget.yml:3`."""
    stops: bool = False
    """The first refusal ends the session, rather than its test alone."""


@value_class(frozen=True, kw_only=True, slots=True)
class Held:
    """One claim with the words for it."""

    claim: Claim
    name: str
    """As its user knows it: `the cap of $5.00`."""
    by: str
    """Where it stands."""
    raise_it: str
    """How to raise it: `hard_cap: 5.12`, with the amount to be filled in at `{}`."""


def claims_of(rules: CapRules, amount: int) -> Iterator[Held]:
    """What a call is to be charged with before it leaves; `amount` is the most that it can cost, in nano-dollars."""
    if rules.cap is not None:
        claim = Claim(account=RUN, unit=Unit.COST, amount=amount, most=nano_dollars(rules.cap))
        option = rules.cap_by.startswith("--")
        how = "--claude-budget-cap={}" if option else "hard_cap: {}"
        yield Held(claim=claim, name=f"the cap of {exact_dollars(rules.cap)}", by=rules.cap_by, raise_it=how)


def cap_text(rules: CapRules) -> dict[str, object]:
    """For an environment variable."""
    return {"cap": None if rules.cap is None else to_json(rules.cap), "by": rules.cap_by, "stops": rules.stops}
