"""A limit, a whole budget file as a value, how it is read from checked YAML, and which limits go before which.

A budget file gives the same kind of Limit as a marker in the code does (`marker_arguments.py`), one for each measure.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from decimal import Decimal
from typing import Any

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.globs import Glob, compile_glob
from pytest_claude_budget.base.places import ValuePath
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.cap_assumes import CapAssumes, read_cap_assumes
from pytest_claude_budget.budget.exempt import KEY as MAY_BE_UNKNOWN
from pytest_claude_budget.budget.exempt import MayBeUnknown
from pytest_claude_budget.budget.increases_and_volumes import (
    ChangeLimit,
    Feature,
    ProjectionLimits,
    percentage,
    read_extras,
)
from pytest_claude_budget.calls.host_rules import Origins, read_origins

COUNTS = ("max_calls", "max_input_tokens", "max_output_tokens", "max_tokens_total", "max_attempts")
DOLLARS = ("max_cost", "max_spent")
MEASURES = (*DOLLARS, *COUNTS)
ENFORCEABLE = (*DOLLARS, "max_calls")
"""Measures of which a call can be told before it is sent."""
CASES = ("light", "average", "heavy")
LABELS = ("feature", "tier", "case")
MAX_DOLLARS = 1_000_000
MAX_COUNT = 10**12


@value_class(frozen=True, kw_only=True)
class Limit:
    """The most that one measure of one scope may come to."""

    scope: str
    """`run`, `test`, `fixture`, `feature`, `tier` or `model`."""
    match: str | None = None
    """Which ones of the scope; None is all of them."""
    measure: str
    """One of MEASURES."""
    maximum: Decimal | int
    """US dollars at list price for `max_cost` and `max_spent`, else a count. What equals it is still within."""
    warn_at: Decimal | None = None
    """The part of the maximum from which the run warns: 0.8 for 80%."""
    where: str
    """`file:line` of the maximum."""
    path: str
    """The maximum as a person names it: `limits[2].max_cost`."""
    enforced: bool = False
    """A live call that could pass it is refused before it is sent."""
    of_marker: bool = False
    """Written at the test itself: `match` is the test's own id, not a pattern, and nothing is more specific."""
    glob: Glob = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        match = None if self.of_marker else self.match
        object.__setattr__(self, "glob", compile_glob(self.scope, match))

    def covers(self, name: str) -> bool:
        """Whether the limit means this owner, feature, tier or model of its scope."""
        if self.of_marker:
            return self.match is None or self.match == name
        return bool(self.glob.matches(name))


@value_class(frozen=True, kw_only=True)
class Budget:
    """A whole budget file."""

    limits: tuple[Limit, ...] = ()
    on_incomplete: str = "fail"
    """`fail` or `warn`."""
    known: str = "warn"
    """What follows from a limit that the baseline was over already, and that a change does not worsen: `warn` or `fail`."""
    may_be_unknown: MayBeUnknown = MayBeUnknown()
    """Whose cost need not be known."""
    rates_file: str | None = None
    """As written: relative to the budget file."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """The user's model names, each with the model whose rates apply."""
    places: Mapping[ValuePath, str] = field(default_factory=dict)
    """`file:line:column` of the file and the aliases of `rates`."""
    changes: tuple[ChangeLimit, ...] = ()
    features: tuple[Feature, ...] = ()
    """In the order of the file."""
    projection: ProjectionLimits = field(default_factory=ProjectionLimits)
    origins: Origins = field(default_factory=Origins)
    """What is said of hosts."""
    cap_assumes: CapAssumes = field(default_factory=CapAssumes)
    """What a cap may assume of calls that it cannot bound, or not well."""
    hard_cap: Decimal | None = None
    """US dollars at list price that no live call of the run may pass; None where there is no cap."""
    hard_cap_at: str = ""
    """`file:line` of it."""
    on_cap: str = "refuse"
    """What follows from a call that has no room: `refuse` it, or `stop` the session too."""
    live_calls: str | None = None
    """Whether calls may leave this machine: `allow` or `deny`; None where nobody said, and then they may."""
    gateway: bool = False
    """Measure other programs than Python too, by a gateway."""
    sites: bool = True
    """Have each call know the line of the user's code that sends it."""
    source: str
    """The budget file as the user should see it."""

    @property
    def holds_back(self) -> bool:
        """Is anything asked before a call leaves?"""
        return self.live_calls is not None or self.has_caps

    @property
    def has_caps(self) -> bool:
        """Is a call charged before it leaves?"""
        return self.hard_cap is not None or any(limit.enforced for limit in self.limits)

    @property
    def tolerates_unknown(self) -> bool:
        """Does a cost that is not known warn, rather than fail?"""
        return self.on_incomplete == "warn"


def by_rank(limits: Iterable[Limit]) -> tuple[Limit, ...]:
    """Limits with the most specific first: of those that cover a name, the first is the one that holds.

    A marker goes before any pattern, then the longer text before the first wildcard, then a name without wildcards, then
    more literal characters, then fewer `**`; of equals, the one that comes later.
    """
    return tuple(sorted(limits, key=_rank)[::-1])


def _rank(limit: Limit) -> tuple[bool, tuple[int, bool, int, int]]:
    return limit.of_marker, limit.glob.rank


def parse_budget(value: Mapping[str, Any], locate: Callable[[ValuePath], str], source: str) -> Budget:
    """A budget of a value that `budget.schema.json` allows; `locate` gives `file:line:column` of a path in it.

    Raises InputError where two limits set the same maximum, and where something is named that is not there.
    """
    limits = tuple(
        limit for index, entry in enumerate(value.get("limits", ())) for limit in _limits_of_entry(entry, index, locate)
    )
    extras, problems = read_extras(value, locate)
    origins, of_hosts = read_origins(value, locate)
    problems += [*_duplicates(limits, value, locate), *of_hosts]
    if problems:
        raise InputError(*sorted(problems, key=_place))
    rates = value.get("rates", {})
    return Budget(
        limits=limits,
        on_incomplete=value.get("on_incomplete", "fail"),
        known=value.get("known", "warn"),
        may_be_unknown=_may_be_unknown(value.get(MAY_BE_UNKNOWN, ()), locate),
        rates_file=rates.get("file"),
        aliases=dict(rates.get("aliases", {})),
        places={path: locate(path) for path in _named_in(rates)},
        changes=extras.changes,
        features=extras.features,
        projection=extras.projection,
        origins=origins,
        cap_assumes=read_cap_assumes(value),
        hard_cap=Decimal(value["hard_cap"]) if "hard_cap" in value else None,
        hard_cap_at=locate(("hard_cap",)).rpartition(":")[0] if "hard_cap" in value else "",
        on_cap=value.get("on_cap", "refuse"),
        live_calls=value.get("live_calls"),
        gateway=value.get("gateway", False),
        sites=value.get("sites", "on") == "on",
        source=source,
    )


def _may_be_unknown(patterns: Sequence[str], locate: Callable[[ValuePath], str]) -> MayBeUnknown:
    places = (locate((MAY_BE_UNKNOWN, at)).rpartition(":")[0] for at in range(len(patterns)))
    return MayBeUnknown(patterns=tuple(patterns), places=tuple(places))


def _named_in(rates: Mapping[str, Any]) -> Iterator[ValuePath]:
    """The values that are looked up elsewhere."""
    if "file" in rates:
        yield ("rates", "file")
    for alias in rates.get("aliases", ()):
        yield ("rates", "aliases", alias)


def _limits_of_entry(entry: Mapping[str, Any], index: int, locate: Callable[[ValuePath], str]) -> Iterable[Limit]:
    warn_at = entry.get("warn_at")
    for measure in MEASURES:
        if measure in entry:
            yield Limit(
                scope=entry["scope"],
                match=entry.get("match"),
                measure=measure,
                maximum=Decimal(entry[measure]) if measure in DOLLARS else int(entry[measure]),
                warn_at=None if warn_at is None else percentage(warn_at),
                enforced=measure in ENFORCEABLE and entry.get("enforce", False),
                where=locate(("limits", index, measure)).rpartition(":")[0],
                path=f"limits[{index}].{measure}",
            )


def _place(problem: Problem) -> list[int]:
    return [int(part) for part in problem.where.rsplit(":", 2)[1:]]


def _duplicates(limits: Iterable[Limit], value: Mapping[str, Any], locate: Callable[[ValuePath], str]) -> list[Problem]:
    first: dict[tuple[str, str | None, str], Limit] = {}
    problems: list[Problem] = []
    places: Iterable[ValuePath] = (
        ("limits", index, measure)
        for index, entry in enumerate(value.get("limits", ()))
        for measure in MEASURES
        if measure in entry
    )
    for limit, place in zip(limits, places, strict=True):
        earlier = first.setdefault((limit.scope, limit.match, limit.measure), limit)
        if earlier is not limit:
            covered = limit.scope if limit.match is None else f"{limit.scope} {limit.match!r}"
            line = earlier.where.rpartition(":")[2]
            what = f"{limit.path}: {limit.measure} of {covered} is already on line {line}, as {earlier.path}"
            hint = "keep one of the two, or give one a narrower match"
            problems.append(Problem(slug="duplicate-limit", where=locate(place), what=what, hint=hint))
    return problems
