"""What was written in a budget and covers nothing of a whole run: most likely a typing error, so a limit that never holds."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import field

from pytest_claude_budget.base.globs import compile_glob
from pytest_claude_budget.base.schema_errors import suggestion
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.limits import Budget
from pytest_claude_budget.pricing.model_hints import unmet_match
from pytest_claude_budget.pricing.rates import RateTable

_MOST_LOOKED_AT = 5_000
"""Names that are compared with one that was not found."""
_OF_TESTS = ("test", "fixture")


@value_class(frozen=True, kw_only=True, slots=True)
class Names:
    """What there is in a run."""

    tests: Collection[str]
    """Tests and fixtures, whether or not they made calls."""
    named: Mapping[str, Collection[str]]
    """By scope: features, tiers and models of its calls."""
    aliases: Mapping[str, bool] = field(default_factory=dict)
    """Names of `rates.aliases`, and whether a call had it."""


def unmet(budget: Budget, names: Names, rates: RateTable) -> Iterator[str]:
    """A sentence for each match, pattern and alias that covers nothing, with what it may have meant."""
    written: dict[tuple[str, str | None], str] = {}
    for limit in budget.limits:
        written.setdefault((limit.scope, limit.match), limit.where)
    for change in budget.changes:
        written.setdefault((change.scope, change.match), change.where)
    for (scope, match), where in written.items():
        if match is not None and (said := _of_match(scope, match, names, rates, budget)):
            yield f"{where}: {said}"
    for feature in budget.features:
        for pattern in feature.tests:
            if said := _of_match("test", pattern, names, rates, budget):
                yield f"{feature.where}: feature {feature.name!r}: {said}"
    for pattern, where in zip(budget.may_be_unknown.patterns, budget.may_be_unknown.places, strict=False):
        if said := _of_match("test", pattern, names, rates, budget):
            yield f"{where}: may_be_unknown: {said}"
    yield from _aliases(budget, names, rates)


def _aliases(budget: Budget, names: Names, rates: RateTable) -> Iterator[str]:
    """A name of the user's own that no call had; one that has no rates may be what was meant."""
    unknown = sorted(name for name in names.named.get("model", ()) if rates.find(name) is None)
    for alias in budget.aliases:
        if names.aliases.get(alias, True):
            continue
        where = budget.places["rates", "aliases", alias].rpartition(":")[0]
        near = suggestion(alias, unknown[:_MOST_LOOKED_AT])
        what = f"rates.aliases: no call of this run has the model {alias[:100]!r}"
        yield f"{where}: {what}{f': {near}' if near else ''}"


def _of_match(scope: str, match: str, names: Names, rates: RateTable, budget: Budget) -> str:
    """What to say of a match; empty where it covers something. A model that is known and not used may be guarded against."""
    known = names.tests if scope in _OF_TESTS else set(names.named.get(scope, ()))
    if scope == "feature":
        known = {*known, *(feature.name for feature in budget.features)}
    glob = compile_glob(scope, match)
    if any(glob.matches(name) for name in known):
        return ""
    if scope == "model":
        return unmet_match(match, rates) or ""
    near = suggestion(match, sorted(_like(known) if scope in _OF_TESTS else known)[:_MOST_LOOKED_AT])
    return f"no {scope} of this run is called {match[:100]!r}{f': {near}' if near else ''}"


def _like(tests: Collection[str]) -> set[str]:
    """Tests, their files, and patterns for all in their folders."""
    files = {test.partition("::")[0] for test in tests}
    folders = {file[: at + 1] for file in files for at, sign in enumerate(file) if sign == "/"}
    return {*tests, *files, *(f"{folder}**" for folder in folders)}
