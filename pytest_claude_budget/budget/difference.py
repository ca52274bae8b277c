"""What a change does to the budget itself: which limits it adds, removes, raises or lowers, in words."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from pytest_claude_budget.base.money import to_json
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.limits import Budget

_SETTINGS = ("on_incomplete", "known", "may_be_unknown", "rates_file", "aliases", "origins", "cap_assumes", "gateway")
_Limits = Mapping[str, Decimal | None]


@value_class(frozen=True, kw_only=True, slots=True)
class Base:
    """What the base of a change was judged by."""

    budget: Budget | None
    """None where the base has no budget file."""


def differences(base: Base | None, budget: Budget | None) -> tuple[str, ...]:
    """A sentence for each limit that is another one now; nothing where the base's budget is not at hand."""
    if base is None or (budget is None and base.budget is None):
        return ()
    if base.budget is None:
        return ("the base has no budget file",)
    if budget is None:
        return ("the budget file of the base is gone",)
    return (*_limits(dict(_written(base.budget)), dict(_written(budget))), *_others(base.budget, budget))


def _limits(then: _Limits, now: _Limits) -> Iterator[str]:
    for name in dict.fromkeys([*now, *then]):
        was, is_ = then.get(name), now.get(name)
        if was == is_:
            continue
        if was is None or is_ is None:
            yield f"{name} {'added' if was is None else 'removed'}: {_plain(is_ if was is None else was)}"
        else:
            yield f"{name} {'raised' if is_ > was else 'lowered'}: {_plain(was)} → {_plain(is_)}"


def _plain(amount: Decimal | None) -> str:
    return to_json(amount or Decimal(0))


def _written(budget: Budget) -> Iterator[tuple[str, Decimal | None]]:
    """Every maximum, by the words for it; percentages as such."""
    for limit in budget.limits:
        of = _of(limit.scope, limit.match)
        yield f"{limit.measure} for {of}", Decimal(limit.maximum)
    for change in budget.changes:
        of = _of(change.scope, change.match)
        yield from _percent(f"max_increase for {of}, in percent", change.max_increase)
    for feature in budget.features:
        for monthly in feature.max_monthly_cost.values():
            yield f"max_monthly_cost of {feature.name!r}, {monthly.scenario}", monthly.maximum
    for monthly in budget.projection.max_monthly_cost.values():
        yield f"max_monthly_cost, {monthly.scenario}", monthly.maximum
    yield from _percent("max_monthly_increase, in percent", budget.projection.max_monthly_increase)


def _of(scope: str, match: str | None) -> str:
    if scope == "run":
        return "the run"
    return f"each {scope}" if match is None else f"{scope} {match!r}"


def _percent(name: str, part: Decimal | None) -> Iterator[tuple[str, Decimal | None]]:
    if part is not None:
        yield name, part * 100


def _others(then: Budget, now: Budget) -> Iterator[str]:
    """What else differs, by the name of its key."""
    for key in _SETTINGS:
        if getattr(then, key) != getattr(now, key):
            yield f"{key} differs"
    before, after = _warnings(then), _warnings(now)
    if any(before[key] != after[key] for key in before.keys() & after.keys()):
        yield "a limit warns from another part of it on"
    if _volumes(then) != _volumes(now):
        yield "features differ"
    if _month(then) != _month(now):
        yield "projection differs"


def _warnings(budget: Budget) -> Mapping[object, object]:
    """From where on each limit warns, and what it ignores."""
    found: dict[object, object] = {"": budget.projection.warn_monthly_increase}
    found.update({(limit.scope, limit.match, limit.measure): limit.warn_at for limit in budget.limits})
    found.update({(each.scope, each.match): (each.warn_increase, each.ignore_below) for each in budget.changes})
    return found


def _volumes(budget: Budget) -> object:
    return [(feature.name, feature.tests, dict(feature.requests_per_month)) for feature in budget.features]


def _month(budget: Budget) -> object:
    return dict(budget.projection.growth), budget.projection.cache
