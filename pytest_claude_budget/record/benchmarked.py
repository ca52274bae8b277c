"""What a benchmark repeats: as often as the machine is fast, so that the number of calls says nothing of the code.

The record of such a test has one call of each kind, with the mean of what they used.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pytest_claude_budget.calls.call import COUNTS, Usage
from pytest_claude_budget.record.record import Group, Key, OwnerRecord, Record, in_order, joined


def one_of_each(groups: Iterable[Group]) -> list[Group]:
    """One call of each group; what came on top of answers, as often as those."""
    whole = tuple(groups)
    times = {group.request: group.calls for group in whole if group.calls}
    return [_once(group, group.calls or (times.get(group.request, 1) if group.on_top else 1)) for group in whole]


def _once(group: Group, times: int) -> Group:
    return replace(
        group,
        calls=min(group.calls, 1),
        attempts=min(group.attempts, 1),
        live=min(group.live, 1),
        unknown=min(group.unknown, 1),
        usage=_mean(group.usage, times),
        sites=tuple((site, 1) for site, _ in group.sites),
    )


def _mean(usage: Usage, times: int) -> Usage:
    """Of whole tokens, half up."""
    if times < 2:
        return usage
    return Usage(**{name: (2 * getattr(usage, name) + times) // (2 * times) for name in COUNTS})


def with_benchmark(groups: Mapping[Key, Group], repeated: Iterable[Group]) -> dict[Key, Group]:
    """What a test used besides, and one of each of what its benchmark repeated."""
    found = dict(groups)
    for group in one_of_each(repeated):
        known = found.get(group.key)
        found[group.key] = group if known is None else joined(known, group)
    return found


def on_one_footing(before: Record, after: Record) -> tuple[Record, Record]:
    """Both sides, where one of an owner's is of a benchmark and the other is not, with one of each of its calls."""
    other = [
        name
        for name, owner in before.owners.items()
        if (now := after.owners.get(name)) is not None and owner.benchmark != now.benchmark
    ]
    if not other:
        return before, after
    one, two = (
        replace(side, owners={**side.owners, **{name: as_benchmark(side.owners[name]) for name in other}})
        for side in (before, after)
    )
    return one, two


def repeated_before(before: Record, after: Record) -> Iterator[str]:
    """The owners that a benchmark repeated in the baseline alone, and whose record has more than one of each now."""
    for name, now in after.owners.items():
        then = before.owners.get(name)
        if then is not None and then.benchmark and not now.benchmark and as_benchmark(now).calls != now.calls:
            yield name


def as_benchmark(owner: OwnerRecord) -> OwnerRecord:
    """An owner with one of each of its calls; of a benchmark too, whose test may ask the same besides."""
    return replace(owner, groups=in_order(one_of_each(owner.groups)), benchmark=True)
