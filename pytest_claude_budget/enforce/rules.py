"""What holds calls back: the cap of a run, and limits that are enforced. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from decimal import Decimal
from typing import TYPE_CHECKING

from pytest_claude_budget.base.money import exact_dollars, to_json
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.limits import DOLLARS, Budget, Limit
from pytest_claude_budget.budget.which_limit import Limits
from pytest_claude_budget.cap.store import Claim, Unit, most_nano_dollars

if TYPE_CHECKING:
    from pytest_claude_budget.measure.live_guard import PartLimit

RUN = "run"


@value_class(frozen=True, kw_only=True, slots=True)
class CapRules:
    """What was written, besides limits."""

    cap: Decimal | None = None
    """US dollars at list price, of all calls of the run that reach a remote host."""
    cap_by: str = ""
    """Who says so: `hard_cap in claude-budget.yml:3`."""
    stops: bool = False
    """The first refusal ends the session, rather than its test alone."""


def cap_written(budget: Budget | None) -> CapRules | None:
    """What a budget file holds calls to before they leave; None where that is nothing."""
    if budget is None or not budget.has_caps:
        return None
    by = f"hard_cap in {budget.hard_cap_at}" if budget.hard_cap is not None else budget.source
    return CapRules(cap=budget.hard_cap, cap_by=by, stops=budget.on_cap == "stop")


@value_class(frozen=True, kw_only=True, slots=True)
class Names:
    """What a call belongs to, by the scopes of limits; None where it belongs to nothing of one."""

    owner: str
    kind: str
    """`test`, `fixture` or `outside`."""
    feature: str | None = None
    tier: str | None = None
    own: Mapping[str, Limit] = field(default_factory=dict)
    """By measure, what the test's own mark allows: it goes before each limit of a file for tests, and is held where that is."""
    models: tuple[str, ...] = ()
    """Of one call one; a batch may have several."""

    def of(self, scope: str) -> Iterable[str]:
        """The names of it in one scope."""
        if scope == "run":
            return ("",)
        if scope == "model":
            return self.models
        if scope in ("test", "fixture"):
            return (self.owner,) if self.kind == scope else ()
        named: str | None = getattr(self, scope)
        return () if named is None else (named,)


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
    is_part: bool = False
    """It holds a part of a test: what it refuses fails that test, and is no end of the run's."""


class Rules:
    """All that a call may be held back by."""

    def __init__(self, cap: CapRules, limits: Limits | None = None) -> None:
        self.cap = cap
        self._finders: list[tuple[str, str, Callable[[str], Limit | None]]] = []
        written = () if limits is None or limits.budget is None else limits.budget.limits
        for scope, measure in sorted({(limit.scope, limit.measure) for limit in written if limit.enforced}):
            if limits is not None:
                self._finders.append((scope, measure, limits.finder(scope, measure)))

    def claims(self, names: Names, amount: int, calls: int = 1) -> Iterator[Held]:
        """What `calls` sent as one are to be charged with before they leave; `amount` is the most they can cost, in nano-dollars."""
        rules = self.cap
        if rules.cap is not None:
            claim = Claim(account=RUN, unit=Unit.COST, amount=amount, most=most_nano_dollars(rules.cap))
            how = "--claude-budget-cap={}" if rules.cap_by.startswith("--") else "hard_cap: {}"
            yield Held(claim=claim, name=f"the cap of {exact_dollars(rules.cap)}", by=rules.cap_by, raise_it=how)
        for scope, measure, finder in self._finders:
            for name in names.of(scope):
                limit = finder(name)
                if limit is not None and limit.enforced:
                    held = names.own.get(measure, limit) if scope == "test" else limit
                    yield _of_limit(held, f"{limit.path} {name}", amount if measure in DOLLARS else calls)

    def claims_of_parts(self, names: Names, parts: "Sequence[PartLimit]", amount: int) -> Iterator[Held]:
        """The same for parts of a test, each in dollars, where the test is held to that measure."""
        for part in parts:
            for measure, most in part.dollars.items():
                if any(self._holds(names, measure, *each) for each in self._finders):
                    claim = Claim(account=f"part {part.number} {measure}", amount=amount, most=most_nano_dollars(most))
                    name = f"claude_budget.limit({measure}={to_json(most)})"
                    yield Held(claim=claim, name=name, by=part.where, raise_it=f"{measure}={{}}", is_part=True)

    @staticmethod
    def _holds(names: Names, measure: str, scope: str, held: str, finder: Callable[[str], Limit | None]) -> bool:
        limit = finder(names.owner) if (scope, held, names.kind) == ("test", measure, "test") else None
        return limit is not None and limit.enforced


def _of_limit(limit: Limit, account: str, amount: int) -> Held:
    if limit.measure in DOLLARS:
        unit, most = Unit.COST, most_nano_dollars(Decimal(limit.maximum))
    else:
        unit, most = Unit.CALLS, int(limit.maximum)
    covered = "the run" if limit.scope == "run" else f"each {limit.scope}"
    if limit.match is not None:
        covered = f"{limit.scope} {limit.match}"
    said = f"the limit {limit.measure} {to_json(Decimal(limit.maximum))} for {covered}"
    claim = Claim(account=account, unit=unit, amount=amount, most=most)
    return Held(
        claim=claim, name=said, by=limit.where, raise_it=f"{limit.measure}{'=' if limit.of_marker else ': '}{{}}"
    )


def cap_text(rules: CapRules) -> dict[str, object]:
    """For an environment variable."""
    return {"cap": None if rules.cap is None else to_json(rules.cap), "by": rules.cap_by, "stops": rules.stops}
