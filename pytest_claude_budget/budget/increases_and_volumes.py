"""How much dearer things may become, what a month of production may cost, and what stands for it: read from a budget.

The keys `changes`, `features` and `projection` as values. All of it is input that the schema allows already; what the
schema cannot see, such as a scenario that no feature has, is told here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from decimal import Decimal
from typing import Any

from pytest_claude_budget.base.errors import Problem
from pytest_claude_budget.base.globs import Glob, compile_glob
from pytest_claude_budget.base.money import EXACT, ZERO
from pytest_claude_budget.base.places import ValuePath, shown_path
from pytest_claude_budget.base.values import value_class

AVERAGE = "average"
"""The scenario that a single number is for."""
CACHES = ("measured", "warm", "cold")
Locate = Callable[[ValuePath], str]
"""`file:line:column` of a path."""


@value_class(frozen=True, kw_only=True)
class ChangeLimit:
    """How much dearer than the baseline something may become."""

    scope: str
    """`run`, `test` or `feature`."""
    match: str | None = None
    """Which ones of the scope; None is all of them."""
    max_increase: Decimal | None = None
    """0.25 for 25%: an increase above it fails."""
    warn_increase: Decimal | None = None
    """An increase above it warns."""
    ignore_below: Decimal = ZERO
    """US dollars. A change up to this is never held against it."""
    where: str
    """`file:line` of `max_increase`, or of `warn_increase` where that stands alone."""
    path: str
    """The same as a person names it: `changes.test.max_increase`."""
    glob: Glob = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "glob", compile_glob(self.scope, self.match))


@value_class(frozen=True, kw_only=True)
class MonthlyLimit:
    """The most that a month may cost in one scenario."""

    scenario: str
    maximum: Decimal
    """US dollars a month at list price. What equals it is still within."""
    warn_at: Decimal | None = None
    """The part of the maximum from which the run warns: 0.8 for 80%."""
    where: str
    """`file:line` of the maximum."""
    path: str
    """The maximum as a person names it: `projection.max_monthly_cost.average`."""


@value_class(frozen=True, kw_only=True)
class Feature:
    """A feature of the user's product: which tests stand for it, and how often it is asked for."""

    name: str
    tests: tuple[str, ...] = ()
    """Patterns as written."""
    requests_per_month: Mapping[str, int]
    """By scenario, in the order of the file."""
    max_monthly_cost: Mapping[str, MonthlyLimit] = field(default_factory=dict)
    """By scenario."""
    where: str
    """`file:line` of the feature."""
    globs: tuple[Glob, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "globs", tuple(compile_glob("test", pattern) for pattern in self.tests))

    def covers(self, owner: str) -> bool:
        """Whether one of the patterns means this test. Markers assign tests too: ask their labels first."""
        for glob in self.globs:  # noqa: SIM110  # every test is asked about every feature: any() takes twice as long
            if glob.matches(owner):
                return True
        return False

    @property
    def base(self) -> str | None:
        """The scenario that growth starts from: `average`, or the only one; None where that leaves a choice."""
        if AVERAGE in self.requests_per_month:
            return AVERAGE
        return next(iter(self.requests_per_month)) if len(self.requests_per_month) == 1 else None


@value_class(frozen=True, kw_only=True)
class ProjectionLimits:
    """What all features together may cost a month."""

    max_monthly_cost: Mapping[str, MonthlyLimit] = field(default_factory=dict)
    """By scenario, those of `growth` among them."""
    max_monthly_increase: Decimal | None = None
    """0.1 for 10% more than the baseline, in each scenario: an increase above it fails."""
    warn_monthly_increase: Decimal | None = None
    growth: Mapping[str, Decimal] = field(default_factory=dict)
    """More scenarios: what each multiplies a feature's base volume with."""
    cache: str = "measured"
    """Which projection is judged: `measured`, `warm` or `cold`."""
    where: str = ""
    """`file:line` of the maximum of the increase, or of the one that warns."""
    path: str = ""
    """The same as a person names it; empty where there is none."""


@value_class(frozen=True, kw_only=True)
class Extras:
    """The three keys together."""

    changes: tuple[ChangeLimit, ...] = ()
    features: tuple[Feature, ...] = ()
    projection: ProjectionLimits = ProjectionLimits()


def change_limit(limits: Iterable[ChangeLimit], scope: str, name: str) -> ChangeLimit | None:
    """The one entry that holds for a named test or feature, or for the run, whatever its name.

    The most specific match wins, as a whole: what it leaves out is not taken from a wider one. Of equals, the later.
    """
    best: ChangeLimit | None = None
    for limit in limits:
        narrower = best is None or limit.glob.rank >= best.glob.rank
        if limit.scope == scope and narrower and limit.glob.matches(name):
            best = limit
    return best


def read_extras(value: Mapping[str, Any], locate: Locate) -> tuple[Extras, list[Problem]]:
    """The three keys of a value that `budget.schema.json` allows, and what is wrong with them."""
    reader = _Reader(locate)
    features = tuple(reader.feature(name, entry) for name, entry in value.get("features", {}).items())
    extras = Extras(
        changes=tuple(reader.changes(value.get("changes", {}))),
        features=features,
        projection=reader.projection(value.get("projection", {})),
    )
    reader.check_changes(extras.changes)
    reader.check_scenarios(features, extras.projection)
    return extras, reader.problems


def percentage(text: str) -> Decimal:
    """The fraction that a percentage is: 0.8 for `80%`."""
    return EXACT.divide(Decimal(text.strip().removesuffix("%")), Decimal(100))


class _Reader:
    """Reads, and notes what is wrong on the way."""

    def __init__(self, locate: Locate) -> None:
        self.locate = locate
        self.problems: list[Problem] = []
        self.places: dict[str, ValuePath] = {}
        """Of what has a `path`, to point at it later."""

    def line(self, path: ValuePath) -> str:
        return self.locate(path).rpartition(":")[0]

    def problem(self, slug: str, path: ValuePath, what: str, hint: str) -> None:
        self.problems.append(Problem(slug=slug, where=self.locate(path), what=f"{shown_path(path)}: {what}", hint=hint))

    def changes(self, value: Mapping[str, Any]) -> Iterator[ChangeLimit]:
        for scope, written in value.items():
            if isinstance(written, list):
                yield from (self.change(scope, entry, ("changes", scope, at)) for at, entry in enumerate(written))
            else:
                yield self.change(scope, written, ("changes", scope))

    def change(self, scope: str, entry: Mapping[str, Any], path: ValuePath) -> ChangeLimit:
        maximum, warn = self.increases(entry, path, "max_increase", "warn_increase")
        place = (*path, "warn_increase" if maximum is None else "max_increase")
        self.places[shown_path(place)] = place
        return ChangeLimit(
            scope=scope,
            match=entry.get("match"),
            max_increase=maximum,
            warn_increase=warn,
            ignore_below=Decimal(entry.get("ignore_below", 0)),
            where=self.line(place),
            path=shown_path(place),
        )

    def increases(
        self, entry: Mapping[str, Any], path: ValuePath, most: str, warning: str
    ) -> tuple[Decimal | None, Decimal | None]:
        """The increases that fail and that warn; a warning that would come too late is a mistake."""
        maximum, warn = (percentage(entry[key]) if key in entry else None for key in (most, warning))
        if maximum is not None and warn is not None and warn >= maximum:
            what = f"expected less than {most}, which is {entry[most].strip()}, got {entry[warning].strip()}"
            self.problem("bad-percentage", (*path, warning), what, f"write a smaller percentage, or remove {warning}")
        return maximum, warn

    def feature(self, name: str, entry: Mapping[str, Any]) -> Feature:
        written = entry["requests_per_month"]
        volumes = written if isinstance(written, dict) else {AVERAGE: written}
        return Feature(
            name=name,
            tests=tuple(entry.get("tests", ())),
            requests_per_month={scenario: int(volume) for scenario, volume in volumes.items()},
            max_monthly_cost=self.monthly(entry, ("features", name)),
            where=self.line(("features", name)),
        )

    def monthly(self, entry: Mapping[str, Any], path: ValuePath) -> dict[str, MonthlyLimit]:
        if "max_monthly_cost" not in entry:
            return {}
        written, path = entry["max_monthly_cost"], (*path, "max_monthly_cost")
        amounts = written if isinstance(written, dict) else {AVERAGE: written}
        limits = {}
        for scenario, amount in amounts.items():
            place = (*path, scenario) if isinstance(written, dict) else path
            self.places[shown_path(place)] = place
            limits[scenario] = MonthlyLimit(
                scenario=scenario,
                maximum=Decimal(amount),
                warn_at=percentage(entry["warn_at"]) if "warn_at" in entry else None,
                where=self.line(place),
                path=shown_path(place),
            )
        return limits

    def projection(self, value: Mapping[str, Any]) -> ProjectionLimits:
        path: ValuePath = ("projection",)
        keys = ("max_monthly_increase", "warn_monthly_increase")
        maximum, warn = self.increases(value, path, *keys)
        place = next(((*path, key) for key in keys if key in value), None)
        return ProjectionLimits(
            max_monthly_cost=self.monthly(value, path),
            max_monthly_increase=maximum,
            warn_monthly_increase=warn,
            growth={name: Decimal(factor) for name, factor in value.get("growth", {}).items()},
            cache=value.get("cache", CACHES[0]),
            where="" if place is None else self.line(place),
            path="" if place is None else shown_path(place),
        )

    def check_changes(self, limits: Iterable[ChangeLimit]) -> None:
        first: dict[tuple[str, str | None], ChangeLimit] = {}
        for limit in limits:
            earlier = first.setdefault((limit.scope, limit.match), limit)
            if earlier is not limit:
                covered = limit.scope if limit.match is None else f"{limit.scope} {limit.match!r}"
                line = earlier.where.rpartition(":")[2]
                what = f"changes of {covered} are already limited on line {line}, as {earlier.path}"
                hint = "keep one of the two, or give one a narrower match"
                self.problem("duplicate-limit", self.places[limit.path], what, hint)

    def check_scenarios(self, features: Iterable[Feature], projection: ProjectionLimits) -> None:
        """Every scenario that is named must be one that something gives a volume to."""
        known = dict.fromkeys(scenario for feature in features for scenario in feature.requests_per_month)
        for name in projection.growth:
            place: ValuePath = ("projection", "growth", name)
            if name in known:
                what = "a feature has a scenario of this name already, with a volume of its own"
                self.problem("duplicate-scenario", place, what, "give one of the two another name")
                continue
            for feature in features:
                if feature.base is None:
                    has = ", ".join(feature.requests_per_month)
                    what = f"expected feature {feature.name!r} to have the scenario {AVERAGE} or a single one, it has {has}"
                    self.problem("no-base", place, what, f"add {AVERAGE}: to its requests_per_month, or remove growth")
        for limit in projection.max_monthly_cost.values():
            self.check_scenario(limit, (*known, *projection.growth), "no feature has this scenario")
        for feature in features:
            own = (*feature.requests_per_month, *projection.growth)
            for limit in feature.max_monthly_cost.values():
                self.check_scenario(limit, own, f"feature {feature.name!r} has no such scenario")

    def check_scenario(self, limit: MonthlyLimit, known: tuple[str, ...], what: str) -> None:
        if limit.scenario in known:
            return
        listed = f"{what}, expected one of {', '.join(known)}" if known else "there are no features with a volume"
        from pytest_claude_budget.base.schema_errors import suggestion

        near = suggestion(limit.scenario, known)
        hint = near or "give it a volume: features: {NAME: {requests_per_month: {" + limit.scenario + ": 50_000}}}"
        self.problem("unknown-scenario", self.places[limit.path], listed, hint)
