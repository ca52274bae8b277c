"""The purse of a run: what is reserved in it before a call leaves, and what was spent once its answer is stored."""

import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_claude_budget.base.errors import Problem
from pytest_claude_budget.base.money import exact_dollars, to_json
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.bounds.bound import bound
from pytest_claude_budget.bounds.values import Request, Unbounded
from pytest_claude_budget.budget.cap_assumes import CapAssumes
from pytest_claude_budget.budget.limits import Limit
from pytest_claude_budget.budget.marker_arguments import limits_from_marker
from pytest_claude_budget.calls.alike import Alike
from pytest_claude_budget.calls.call import Answer, Origin, Status
from pytest_claude_budget.cap.store import (
    MOST,
    Cap,
    Claim,
    Refused,
    Reservation,
    UnavailableError,
    Unit,
    dollars_of,
    most_nano_dollars,
    nano_dollars,
)
from pytest_claude_budget.enforce.open_batches import OpenBatches
from pytest_claude_budget.enforce.rules import RUN, Held, Names, Rules
from pytest_claude_budget.ledger.outside import system
from pytest_claude_budget.measure.refusals import UNBOUNDED, UNHELD, Refusal
from pytest_claude_budget.pricing.price import price
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.wire.batch_requests import models_asked
from pytest_claude_budget.wire.routes import Kind

if TYPE_CHECKING:
    from pytest_claude_budget.measure.live_guard import PartLimit

_FREE = frozenset((Kind.COUNT_TOKENS, Kind.BATCH_RESULTS, Kind.SESSION))
_CREATION = "batch_create"


@value_class(frozen=True, kw_only=True, slots=True)
class Terms:
    """By what calls are bounded and priced."""

    rates: RateTable
    assumes: CapAssumes = CapAssumes()
    feature_of: Callable[[str], str | None] = lambda owner: None
    """The feature that a budget file gives to a test."""


class Purse:
    """One process's hold on it."""

    def __init__(self, rules: Rules, terms: Terms, cap: Cap, today: Callable[[], date]) -> None:
        self._rules = rules
        self._terms = terms
        self._cap = cap
        self._today = today
        self._batches, self._process = OpenBatches(), system.getpid()

    def reserve(
        self, payer: Any, leaving: Any, own: str = "", parts: "Sequence[PartLimit]" = ()
    ) -> "Reservation | Refusal | None":
        """Charge a call that is about to leave with the most that it can cost; None where it costs nothing.

        `own` is what a test's own mark says, `parts` which parts of the test go on (`measure/live_guard.py`).
        """
        if leaving.route.kind in _FREE:
            return None
        models = models_asked(leaving.body) if leaving.route.kind is Kind.BATCH_CREATE else (leaving.model,)
        names = self._names(payer, *models, own=own)
        asked = Request(route=leaving.route, body=leaving.body, betas=leaving.betas)
        found = bound(asked, self._terms.rates, self._today(), self._terms.assumes.of(names.feature))
        most = MOST if isinstance(found, Unbounded) else nano_dollars(found.amount)
        held = [*self._rules.claims(names, most, len(models)), *self._rules.claims_of_parts(names, parts, most)]
        if isinstance(found, Unbounded) and any(each.claim.unit is Unit.COST for each in held):
            return refusal(payer, leaving, Why(_unknown(found), found.hint, "no-bound", UNBOUNDED))
        if not held:
            return None
        try:
            made = self._cap.reserve([each.claim for each in held])
        except UnavailableError as error:
            return refusal(payer, leaving, cannot_be_held(str(error)))
        if not isinstance(made, Refused):
            if leaving.route.kind is Kind.BATCH_CREATE and models[0] is not None:  # else its requests cannot be counted
                self._batches.asked(made, len(models))
            return made
        over = next(each for each in held if each.claim is made.claim)
        return refusal(payer, leaving, _does_not_fit(made, over))

    def settle(self, reservation: Reservation, answer: Answer, origin: Origin) -> bool:
        """Put what a call did cost in the place of what was reserved, where that is known; False where it stays reserved."""
        cost = self._cost_of(answer, origin)
        if cost is None:
            if answer.endpoint == _CREATION:
                self._batches.created(reservation, answer.batch_id)
            return False
        self._settle(reservation, cost, int(answer.status is Status.MEASURED and origin is Origin.LIVE))
        return True

    def read(self, items: "Sequence[Answer | Alike]", origin: Origin) -> None:
        """Results of batches were read: settle each that this process has created and has read in full."""
        if origin is not Origin.LIVE or system.getpid() != self._process:  # in a fork, its parent may do so
            return
        for reservation, cost, calls in self._batches.read(items, lambda item: self._cost_of(item, origin)):
            self._settle(reservation, cost, calls)

    def free(self, reservation: Reservation) -> None:
        """What left cost nothing, and is no call."""
        self._settle(reservation, 0, 0)

    def _settle(self, reservation: Reservation, cost: int, calls: int) -> None:
        try:
            self._cap.settle(reservation, cost=cost, calls=calls)
        except UnavailableError:
            """It stays charged with more."""

    def charge(self, payer: Any, answer: Answer) -> None:
        """Charge a call that has left unasked with what it did cost."""
        cost = self._cost_of(answer, Origin.LIVE)
        if cost:
            claims = [each.claim for each in self._rules.claims(self._names(payer, answer.model), cost)]
            try:
                made = self._cap.reserve([_with_most(each) for each in claims])
                if isinstance(made, Reservation):
                    self._cap.settle(made, cost=cost)
            except UnavailableError:
                """The next call is refused by the same."""

    def _names(self, payer: Any, *spelled: str | None, own: str = "") -> Names:
        owner, labels = payer.owner, payer.labels
        return Names(
            owner=owner.id,
            kind=owner.kind,
            feature=labels.feature or self._terms.feature_of(owner.id),
            tier=labels.tier,
            own=own_limits(own, owner.id),
            models=tuple(dict.fromkeys(map(self._model_of, dict.fromkeys(filter(None, spelled))))),
        )

    def _model_of(self, spelled: str) -> str:
        model = self._terms.rates.resolve(spelled).model
        return spelled if model is None else model.name

    def passed(self) -> str:
        """Says that more is spent than the cap allows, which happens by answers alone that do not keep to their bounds; else empty."""
        cap = self._rules.cap.cap
        try:
            spent = 0 if cap is None else self._cap.charged(RUN).spent
        except UnavailableError:
            return ""
        if cap is None or spent <= most_nano_dollars(cap):
            return ""
        is_spent = exact_dollars(dollars_of(spent))
        return f"the cap of {exact_dollars(cap)} is passed: {is_spent} is spent, for an answer cost more than was held back for it"

    def close(self) -> None:
        """Let go of the file."""
        self._cap.close()

    def _cost_of(self, answer: Answer, origin: Origin) -> int | None:
        """In nano-dollars; None where it is not known in full, or not yet."""
        if answer.status in (Status.FAILED, Status.FREE) or origin is Origin.SIMULATED:
            is_created = (
                answer.endpoint == _CREATION and answer.status is Status.FREE and origin is not Origin.SIMULATED
            )
            return None if is_created else 0
        if answer.status is not Status.MEASURED or answer.endpoint == _CREATION:
            return None  # a batch is paid when its results are there, whoever reads them
        found = price(answer, self._today(), self._terms.rates)
        return None if found.amount is None or found.at_least else nano_dollars(found.amount)


def own_limits(told: str, owner: str) -> dict[str, Limit]:
    """What the mark of a test allows, by measure; nothing where it is another test's."""
    if not told:
        return {}
    test, place, arguments = json.loads(told)
    found = limits_from_marker(json.loads(arguments), place, test).limits if test == owner and arguments else ()
    return {limit.measure: limit for limit in found}


class Why(NamedTuple):
    """Why a call is refused."""

    said: str
    hint: str
    slug: str
    ended: str
    """What refuses it, as its user knows it."""


def cannot_be_held(why: str) -> Why:
    """There is a cap, and nobody knows how much of it is left."""
    return Why(
        why,
        "see that the run's files in .pytest_cache are left alone and its database can be reached; or run without the cap",
        "no-cap",
        UNHELD,
    )


def refusal(payer: Any, leaving: Any, why: Why) -> Refusal:
    """Of a call that is not sent."""
    model = leaving.model or "a model that the request does not name"
    what = f"a call to Claude ({model}, at {leaving.url.host}) was not sent: {why.said}"
    owner = payer.owner
    text = str(Problem(slug=why.slug, where=owner.id, what=what, hint=why.hint))
    return Refusal(owner.id, owner.kind, owner.phase, text, why.ended)


def _with_most(claim: Claim) -> Claim:
    return Claim(account=claim.account, unit=claim.unit, amount=claim.amount, most=MOST)


def _unknown(found: Unbounded) -> str:
    return f"the most that it can cost is not known, for {found.reason}"


def _does_not_fit(refused: Refused, over: Held) -> Why:
    charged, claim = refused.charged, refused.claim
    smaller = "make it smaller (claude-budget bound shows the sum; max_tokens and cap_assumes lower it)"
    if claim.unit is Unit.CALLS:
        made = charged.spent + charged.reserved
        batch = f"it is a batch of {claim.amount:,}, and " if claim.amount > 1 else ""
        why = f"{batch}of {over.name} ({over.by}) {made:,} {'is' if made == 1 else 'are'} made"
        needed = over.raise_it.format(made + claim.amount)
        return Why(why, f"make fewer calls, or let it be sent by {needed}", "over-cap", over.name)
    spent, reserved, most = dollars_of(charged.spent), dollars_of(charged.reserved), dollars_of(claim.amount)
    under = f" and {exact_dollars(reserved)} reserved for calls whose cost is not known, or not yet" if reserved else ""
    why = f"it can cost up to {exact_dollars(most)}, and of {over.name} ({over.by}) {exact_dollars(spent)} is spent{under}"
    needed = over.raise_it.format(to_json(spent + reserved + most))
    ended = "" if over.is_part else over.name
    later = "; it fits once those calls are settled, where they cost less" if refused.fits_later and reserved else ""
    return Why(why, f"{smaller}, or let it be sent by {needed}{later}", "over-cap", ended)
