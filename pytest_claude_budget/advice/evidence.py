"""What adds up to a lever: calls of one feature to one model, with what each could save, by owner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from pytest_claude_budget.advice.lever import MOST_SHOWN, Lever, Month, Saving, Shown
from pytest_claude_budget.advice.look import Look
from pytest_claude_budget.base.money import EXACT, ZERO
from pytest_claude_budget.budget.increases_and_volumes import Feature

_MICRO = 1_000_000
SECONDS_PER_MONTH = 31 * 86_400
"""Of the longest month: in a shorter one requests come closer together."""
NO_VOLUME = "the budget file does not say how often it is asked for"
NO_TEST = "none of these calls was made by a test"


@dataclass(kw_only=True)
class Own:
    """What one owner has to do with a lever."""

    kind: str
    calls: int = 0
    low: Decimal = ZERO
    high: Decimal = ZERO


@dataclass
class Evidence:
    """Takes calls, in any order."""

    owners: dict[str, Own] = field(default_factory=dict)
    paid: Decimal = ZERO

    def add(self, look: Look, low: Decimal = ZERO, high: Decimal | None = None) -> None:
        """Add a call, and what it could save, which may be less than nothing."""
        own = self.owners.get(look.seen.owner)
        if own is None:
            own = self.owners[look.seen.owner] = Own(kind=look.seen.owner_kind)
        own.calls += 1
        own.low = EXACT.add(own.low, low)
        own.high = EXACT.add(own.high, low if high is None else high)
        self.paid = EXACT.add(self.paid, look.cost)

    @property
    def calls(self) -> int:
        """All of them."""
        return sum(own.calls for own in self.owners.values())

    @property
    def saving(self) -> Saving:
        """Of the run."""
        low = high = ZERO
        for own in self.owners.values():
            low, high = EXACT.add(low, own.low), EXACT.add(high, own.high)
        return Saving(low=low, high=max(low, high))

    def shown_by(self) -> tuple[Shown, ...]:
        """The owners with the most to save."""
        by_saving = sorted(self.owners.items(), key=lambda entry: (-entry[1].low, -entry[1].calls, entry[0]))
        return tuple(Shown(owner=owner, calls=own.calls) for owner, own in by_saving[:MOST_SHOWN])


class Volumes:
    """How often production asks for the features of a run, and which tests stand for each."""

    def __init__(self, features: Sequence[Feature], looks: Sequence[Look]) -> None:
        self._features = {feature.name: feature for feature in features}
        self._tests: dict[str | None, dict[str, set[str | None]]] = {}
        for look in looks:
            if look.seen.owner_kind == "test":
                tests = self._tests.setdefault(look.feature, {})
                tests.setdefault(look.seen.owner, set()).add(look.seen.case)

    def scenarios(self, feature: str | None) -> list[tuple[str, int, frozenset[str]]]:
        """Each scenario of a feature with its requests a month and its tests; none where nobody says how many requests."""
        known = None if feature is None else self._features.get(feature)
        tests = self._tests.get(feature, {})
        if known is None or not tests:
            return []
        found = []
        for scenario, volume in known.requests_per_month.items():
            marked = frozenset(test for test, cases in tests.items() if scenario in cases)
            found.append((scenario, volume, marked or frozenset(tests)))
        return found

    def months(self, feature: str | None, owners: Mapping[str, Own]) -> tuple[Month, ...]:
        """What each request saves that a test stands for, as often as production asks: the mean of the feature's tests."""
        found = []
        for scenario, volume, tests in self.scenarios(feature):
            own = [owners[test] for test in tests if test in owners]
            low = sum((Fraction(each.low) for each in own), Fraction(0)) * volume / len(tests)
            high = sum((Fraction(each.high) for each in own), Fraction(0)) * volume / len(tests)
            if low > 0:
                found.append(month_of(scenario, volume, low, high))
        return tuple(found)


def month_of(scenario: str, volume: int, low: Fraction, high: Fraction) -> Month:
    """A month with its amounts rounded down."""
    saving = Saving(low=down(low), high=down(max(low, high)))
    return Month(scenario=scenario, requests_per_month=volume, saving=saving)


def down(amount: Fraction) -> Decimal:
    """Rounded down to a whole micro-dollar."""
    return EXACT.multiply(Decimal(amount.numerator * _MICRO // amount.denominator), Decimal("0.000001"))


@dataclass(kw_only=True)
class Side:
    """The calls of one feature to one model, and what is known around them."""

    feature: str | None
    model: str
    looks: Sequence[Look]
    volumes: Volumes

    def lever(self, kind: str, evidence: Evidence, **words: object) -> Lever:
        """A lever with a saving for each request, unless `words` say otherwise of the saving or the month."""
        months = self.volumes.months(self.feature, evidence.owners)
        fields: dict[str, object] = {"saving": evidence.saving, "month": months}
        fields |= {"month_unknown": "" if months else self.why_no_month(evidence)} | words
        if fields["month"]:
            fields["month_unknown"] = ""
        return Lever(
            kind=kind,
            feature=self.feature,
            model=self.model,
            calls=evidence.calls,
            tests=len(evidence.owners),
            shown_by=evidence.shown_by(),
            paid=evidence.paid,
            **fields,  # type: ignore[arg-type]  # fields of a Lever by name
        )

    def why_no_month(self, evidence: Evidence) -> str:
        """Why nothing is said of a month."""
        has_test = any(own.kind == "test" for own in evidence.owners.values())
        return NO_TEST if not has_test else NO_VOLUME
