"""Which calls of a run are which calls of its baseline: what was asked the same first, then what resembles it most.

Depends on what the groups are, never on their order.
"""

from collections.abc import Callable, Iterable, Sequence

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.fingerprints import read_alike, read_fingerprint
from pytest_claude_budget.record.record import Group, OwnerRecord, in_order, joined


@value_class(frozen=True, kw_only=True, slots=True)
class Pairing:
    """Two sides of one owner."""

    pairs: tuple[tuple[Group, Group], ...]
    added: tuple[Group, ...]
    """Calls that the baseline does not have."""
    gone: tuple[Group, ...]


def pair_up(before: Sequence[Group], after: Sequence[Group]) -> Pairing:
    """Pair the groups of two sides."""
    left, right = _without_labels(before), _without_labels(after)
    pairs: list[tuple[Group, Group]] = []
    for alike in (_same, _same_terms, _same_model, _anything):
        _match(left, right, alike, pairs)
    return Pairing(pairs=tuple(pairs), added=tuple(right), gone=tuple(left))


def _without_labels(groups: Iterable[Group]) -> list[Group]:
    """What the product calls the calls makes no difference here."""
    merged: dict[tuple[object, ...], Group] = {}
    for group in groups:
        key = (group.terms, group.on_top, group.request)
        merged[key] = joined(merged[key], group) if key in merged else group
    return list(in_order(group for group in merged.values() if group.calls or group.on_top))


def _match(
    left: list[Group], right: list[Group], alike: Callable[[Group, Group], bool], pairs: list[tuple[Group, Group]]
) -> None:
    """Move what belongs together from both sides to the pairs, the most alike first."""
    if not left or not right:
        return
    alone = len(left) == len(right) == 1  # as in most owners: nothing else is more alike
    candidates = [
        (0 if alone else -_likeness(one, other), at, to)
        for at, one in enumerate(left)
        for to, other in enumerate(right)
        if alike(one, other)
    ]
    taken: tuple[set[int], set[int]] = (set(), set())
    for _, at, to in sorted(candidates):
        if at not in taken[0] and to not in taken[1]:
            pairs.append((left[at], right[to]))
            taken[0].add(at)
            taken[1].add(to)
    left[:] = [group for at, group in enumerate(left) if at not in taken[0]]
    right[:] = [group for at, group in enumerate(right) if at not in taken[1]]


def _likeness(one: Group, other: Group) -> int:
    alike = read_fingerprint(one.request).likeness(read_fingerprint(other.request))
    return 2 * alike + 20 * read_alike(one.request, other.request) + (one.calls == other.calls)


def _same(one: Group, other: Group) -> bool:
    return one.request == other.request and one.terms == other.terms and one.on_top == other.on_top


def _same_terms(one: Group, other: Group) -> bool:
    return one.terms == other.terms and one.on_top == other.on_top


def _same_model(one: Group, other: Group) -> bool:
    return one.terms.model == other.terms.model and one.on_top == other.on_top


def _anything(one: Group, other: Group) -> bool:
    return bool(one.on_top) == bool(other.on_top)


def requests_of(owner: OwnerRecord) -> tuple[object, ...] | None:
    """What an owner asks, to recognise it by under another id; None where some of it is not known."""
    if len(owner.groups) == 1:  # as most have
        (only,) = owner.groups
        return ((only.request, only.calls),) if only.request and only.calls else None
    asked = sorted((group.request or "", group.calls) for group in owner.groups if group.calls)
    return tuple(asked) if asked and all(request for request, _ in asked) else None
