"""What an owner's entry in the lock file becomes: live runs add samples to spreads, recorded answers are exact."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pytest_claude_budget.calls.call import COUNTS, Usage
from pytest_claude_budget.calls.fingerprints import read_fingerprint
from pytest_claude_budget.compare.expected import PROMPT, TEXT_TOKENS, asked_the_same, is_later, pairs_of, used_alike
from pytest_claude_budget.compare.noise import (
    CALLS,
    FALSE_ALARMS,
    FEWEST_SAMPLES,
    OUTPUT,
    next_answer,
    value_of,
    with_run,
)
from pytest_claude_budget.compare.pairing import pair_up
from pytest_claude_budget.record.benchmarked import as_benchmark
from pytest_claude_budget.record.record import Group, OwnerRecord, Samples, Terms, in_order

_UNHEARD_OF = 0.0001
"""The chance of an answer, below which it is one to another question. Samples that were lost would leave chance unjudged."""
_SETTLED = 0.05
"""The part of a prompt by which it may differ from earlier runs without being another one."""
_TEXTS = ("system", "tools", "messages")
"""The parts of a recorded request that may hold a date or an id."""
_Used = tuple[int, ...]
_Label = tuple[Terms, str, str | None, str | None, str | None, bool]


def taken_over(old: OwnerRecord | None, new: OwnerRecord) -> OwnerRecord:
    """An owner's entry: as it ran, with the means of the live runs that asked the same.

    The old entry stays as it is where just as much was used and only a date, or the like, in a text is another one; and
    where a benchmark repeated one of the two, and one call of each kind used just as much.
    """
    if old is not None and old.benchmark != new.benchmark:
        if not used_otherwise(old, new):
            return replace(old, owner=new.owner)  # no change of the code, whichever of the two was repeated
        old = None
    if old is None:
        return replace(new, groups=in_order(_sampled(group, None) for group in new.groups))
    if (
        old.kind == new.kind
        and not any(group.live for group in new.groups)
        and _only_texts_vary(old.groups, new.groups)
    ):
        return replace(old, owner=new.owner)
    pairs = list(_earlier(old.groups, new.groups))
    return replace(new, groups=in_order(_sampled(group, earlier) for group, earlier in pairs))


def used_otherwise(there: OwnerRecord, now: OwnerRecord, *, among: int = 1) -> bool:
    """Did a run use something else than an entry has, in more than the spread of live runs? `among` is how many are judged."""
    if there is now or (there.groups == now.groups and there.benchmark == now.benchmark):
        return False
    if there.benchmark != now.benchmark:
        there, now = as_benchmark(there), as_benchmark(now)
    one, other = _used(there.groups), _used(now.groups)
    if one == other:
        return False
    live = all(group.live == group.calls for side in (there, now) for group in side.groups)
    if not live or one.keys() != other.keys():
        return True
    pairing = pair_up(there.groups, now.groups)
    gone = [group for group in pairing.gone if not is_later(group)]
    if pairing.added or gone:
        return True
    return not used_alike(list(pairs_of(pairing)), FALSE_ALARMS / 2 / max(1, among))


def used_no_more(there: OwnerRecord, now: OwnerRecord) -> bool:
    """Did a run use no more than an entry has, of anything that it is priced by?"""
    before = _used(there.groups)
    return all(
        label in before and all(one <= other for one, other in zip(counts, before[label], strict=True))
        for label, counts in _used(now.groups).items()
    )


def _used(groups: Iterable[Group]) -> dict[_Label, _Used]:
    """What was used, by all that it is priced and sorted by, whatever was asked. Failed tries of live calls are chance."""
    found: dict[_Label, _Used] = {}
    for group in groups:
        label = (group.terms, group.on_top, group.feature, group.tier, group.case, group.live > 0)
        tries = 0 if group.live else group.attempts
        counts = (group.calls, tries, group.unknown, *(getattr(group.usage, name) for name in COUNTS))
        known = found.get(label)
        found[label] = counts if known is None else tuple(map(sum, zip(known, counts, strict=True)))
    return found


def _only_texts_vary(old: Sequence[Group], new: Sequence[Group]) -> bool:
    """Are both sides alike group by group, but for texts that read alike, those of tools among them?"""
    if len(old) != len(new):
        return False
    sides = [sorted(groups, key=_reading) for groups in (old, new)]
    return all(
        replace(one, request=None) == replace(other, request=None)
        and read_fingerprint(one.request).reads_alike(read_fingerprint(other.request), _TEXTS)
        for one, other in zip(*sides, strict=True)
    )


def _reading(group: Group) -> tuple[object, ...]:
    """An order in which groups that read alike stand alike, whatever their hashes."""
    read = read_fingerprint(group.request)
    rest = replace(group, request=None, sites=())
    return (repr(rest), read.parts.get("parameters", ""), sorted(read.lengths.items()))


def _earlier(old: Sequence[Group], new: Sequence[Group]) -> Iterator[tuple[Group, Group | None]]:
    """Each group of a run with what the entry has of it, and what the run did not have of conversations that it began."""
    left = {group.key: group for group in old}
    found = {group.key: left.pop(group.key, None) for group in new}
    for group in new:
        earlier = found[group.key]
        if earlier is None:
            alike = (one for one in left.values() if _labels(one) == _labels(group) and asked_the_same(one, group))
            earlier = next(alike, None)
            if earlier is not None:
                del left[earlier.key]
            elif is_later(group):
                earlier = _none_of(group, old)
        yield group, earlier
    for group in left.values():
        if is_later(group) and group.samples is not None and any(_goes_on(one, group) for one in new):
            yield replace(group, calls=0, attempts=0, live=0, usage=Usage(), samples=None), group


def _labels(group: Group) -> tuple[object, ...]:
    return (group.feature, group.tier, group.case)


def _goes_on(root: Group, later: Group) -> bool:
    """Might these be turns of the conversation that a request began?"""
    one, other = read_fingerprint(root.request), read_fingerprint(later.request)
    return root.live > 0 and not one.later and one.parts.get("messages") == other.parts.get("messages")


def _none_of(later: Group, old: Sequence[Group]) -> Group | None:
    """No turns at all, as often as the conversation was begun in earlier runs."""
    root = next((one for one in old if one.samples is not None and _goes_on(one, later)), None)
    if root is None or root.samples is None:
        return None
    nothing = Samples(count=root.samples.count, total=0, squares=0)
    return replace(later, calls=0, attempts=0, live=0, usage=Usage(), samples=nothing)


def _sampled(group: Group, earlier: Group | None) -> Group:
    nothing = not group.calls and earlier is not None and earlier.calls and is_later(group)
    if not nothing and (not group.calls or group.live != group.calls or group.unknown):
        return group
    if earlier is not None and (earlier.samples is None or _begins_anew(earlier, group, earlier.samples)):
        earlier = None
    samples = with_run(earlier, group)
    means = {name: _half_up(total, samples.count) for name, total, _ in samples.others}
    calls = max(1, means.pop(CALLS, group.calls))
    usage = replace(group.usage, output_tokens=_half_up(samples.total, samples.count), **means)
    tries = group.attempts - group.calls
    return replace(group, samples=samples, usage=usage, calls=calls, attempts=calls + tries, live=calls)


def _half_up(total: int, count: int) -> int:
    return (2 * total + count) // (2 * count)


def _begins_anew(earlier: Group, run: Group, samples: Samples) -> bool:
    """Is this something else than the earlier runs had, so that their spread says nothing of it?"""
    if is_later(run):
        return False
    settled = samples.count >= FEWEST_SAMPLES
    if settled and earlier.calls != run.calls and samples.of(CALLS) is None:
        return True
    then, now = earlier.usage.prompt_tokens, run.usage.prompt_tokens
    widths = [found[1] ** 0.5 for name in PROMPT if (found := samples.of(name)) is not None]
    known = settled or earlier.request != run.request
    widths += [] if earlier.request == run.request else [TEXT_TOKENS * run.calls]
    if known and earlier.calls == run.calls and abs(now - then) > _SETTLED * then + 4 * sum(widths):
        return True
    if not settled or earlier.request == run.request:
        return False
    spread = next_answer(samples, samples.mean, samples.variance)
    return not spread.has(value_of(run, OUTPUT), _UNHEARD_OF)
