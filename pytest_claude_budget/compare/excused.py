"""How much of each owner's change is noise, judged for a whole run: what one owner may vary by depends on how many there are."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from pytest_claude_budget.base.money import ZERO
from pytest_claude_budget.compare.expected import Expected, pool_of
from pytest_claude_budget.compare.noise import FALSE_ALARMS, quantile, summed_spread
from pytest_claude_budget.record.record import Group, Record

_WRITES = ("cache_creation_5m_input_tokens", "cache_creation_1h_input_tokens")
_Pool = tuple[str, str]


def excused(by_owner: Mapping[str, Expected], before: Record, after: Record) -> dict[str, Decimal]:
    """What of each owner's change is noise, in US dollars; negative where it drew less than expected."""
    calm = {name: one for name, one in by_owner.items() if one.parts}
    within = _within(calm)
    pools = {moved.pool for one in by_owner.values() for moved in one.moved}
    steady = _no_more_written(pools, before, after) if pools else set()
    found = {}
    for name, one in by_owner.items():
        amounts = [part.excess for part in one.parts] if name in within else []
        amounts += [moved.excess for moved in one.moved if moved.pool in steady]
        if amounts:
            found[name] = sum(amounts, ZERO)
    return found


def _within(by_owner: Mapping[str, Expected]) -> set[str]:
    """Owners whose draw is no more than noise: each by itself, and all together, since a drift of all hides in each.

    Half of all false alarms are left to the sum over the run, which is judged alone: a drift shows there first. Owners
    that asked something else are a family of their own, so that one of them is not held to the bound of thousands.
    """
    within: set[str] = set()
    for changed in (False, True):
        family = [name for name, one in by_owner.items() if one.changed is changed]
        chance = FALSE_ALARMS / 2 / max(1, len(family))
        within.update(name for name in family if by_owner[name].spread.has(by_owner[name].drawn, chance))
    together = [by_owner[name] for name in sorted(within)]
    if together:
        _, most = summed_spread([one.spread for one in together]).bounds(FALSE_ALARMS / 2)
        if sum(one.drawn for one in together) > most:
            return set()
    return within


def _no_more_written(pools: set[_Pool], before: Record, after: Record) -> set[_Pool]:
    """Of prefixes that several tests cache: those of which no more was written in all, whoever wrote it."""
    then, now = _written(pools, before), _written(pools, after)
    return {pool for pool in pools if now[pool][0] <= then[pool][0] + _leeway(then[pool])}


def _written(pools: Iterable[_Pool], record: Record) -> dict[_Pool, tuple[int, float, int]]:
    """Tokens that were written, their variance over earlier runs, and how many those were."""
    found = dict.fromkeys(pools, (0, 0.0, 0))
    for owner in record.owners.values():
        for group in owner.groups:
            pool = pool_of(group)
            if pool in found:
                written, variance, samples = found[pool]
                own, count = _variance(group)
                tokens = sum(getattr(group.usage, name) for name in _WRITES)
                found[pool] = (written + tokens, variance + own, max(samples, count))
    return found


def _variance(group: Group) -> tuple[float, int]:
    if group.samples is None:
        return 0.0, 0
    varied: Sequence[float] = [found[1] for name in _WRITES if (found := group.samples.of(name)) is not None]
    return sum(varied), group.samples.count


def _leeway(written: tuple[int, float, int]) -> float:
    _, variance, samples = written
    return quantile(1 - FALSE_ALARMS / 2, samples - 1) * variance**0.5 if variance and samples > 1 else 0.0
