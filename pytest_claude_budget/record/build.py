"""From the calls of a run to its record: groups of calls that were asked alike and are priced alike."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any

from pytest_claude_budget.calls.call import Answer, Call, Origin, Status
from pytest_claude_budget.calls.fingerprints import later_turn, read_fingerprint, together, without_follows
from pytest_claude_budget.pricing.in_force import InForce, Refusal
from pytest_claude_budget.pricing.portions import take_apart
from pytest_claude_budget.pricing.price import Price
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.record.benchmarked import with_benchmark
from pytest_claude_budget.record.record import Group, Key, OwnerRecord, Record, Sites, Terms, in_order, joined
from pytest_claude_budget.record.repeats import BENCHMARK, Repeat, Taken, Turn, by_place, chosen, turn_of
from pytest_claude_budget.record.sites import site_in_lock

# Python 3.11 searches an enum's class at each look.
_FREE, _LIVE = Status.FREE, Origin.LIVE
MOST_GROUPS = 24
"""Of one owner. Where there are more, those that are priced alike become one: files stay small enough to read."""
_NO_OTHERS = {
    "web_search_requests": 0,
    "web_fetch_requests": 0,
    "code_execution_requests": 0,
    "session_microhours": 0,
}
"""Counts that are no tokens."""


class RecordBuilder:
    """Takes the settled calls of a run, in any order."""

    def __init__(self, rates: RateTable) -> None:
        self._rates = rates
        self._owners: dict[tuple[str, str], dict[Turn, Taken]] = {}
        self._benchmarks: set[tuple[str, str]] = set()
        """Those of the owners that have one."""
        self._terms: dict[int, tuple[InForce, Terms]] = {}

    def add(self, call: Call, cost: Price) -> None:
        """Take one call with its price. Free answers leave no trace."""
        paying = call.owner
        if call.answer.status is _FREE:
            return
        owner = (paying.id, paying.kind)
        turns = self._owners.get(owner)
        if turns is None:
            turns = self._owners[owner] = {}
        turn = turn_of(paying.kind, paying.phase, call.process)
        taken = turns.get(turn)
        if taken is None:
            taken = turns[turn] = Taken()
        amount, groups = cost.amount, taken.groups
        if amount is None or cost.at_least:
            taken.unknown = True
        if amount is not None:
            taken.amount += amount
        if paying.kind == "test" and paying.phase.endswith(BENCHMARK):
            groups = taken.benchmark
            self._benchmarks.add(owner)
        if cost.only is not None:
            self._add_plain(groups, call, cost.only)
            return
        for group in _groups_of(call, self._rates):
            _add_to(groups, group.key, group)

    def _add_plain(self, groups: dict[Key, Group], call: Call, rates: InForce) -> None:
        """Add the one group of nearly every call, made in one go: a run may have 100,000 of them."""
        held = self._terms.get(id(rates))
        if held is None:  # the rates are kept beside it: nothing else has their id then
            held = self._terms[id(rates)] = (rates, _terms_of(rates))
        terms, count, labels, answer = held[1], call.count, call.labels, call.answer
        request, feature, tier, case = answer.request, labels.feature, labels.tier, labels.case
        live = count if call.origin is _LIVE else 0
        sites, usage = () if call.site is None else _sites_of(call), answer.usage
        group = Group(terms, "", request, feature, tier, case, count, count, live, 0, usage, None, sites)
        _add_to(groups, (terms, "", request, feature, tier, case, live > 0), group)

    def record(self) -> Record:
        """What was taken so far, without what the runner repeated."""
        once = {owner: _once(owner[1], turns) for owner, turns in self._owners.items()}
        shared = self._shared(once)
        made = [
            OwnerRecord(
                owner=name,
                kind=kind,
                groups=_whole(groups, shared),
                benchmark=(name, kind) in self._benchmarks,
            )
            for (name, kind), groups in once.items()
        ]
        return Record(
            rates_as_of=self._rates.as_of, owners={owner.owner: owner for owner in sorted(made, key=_by_name)}
        )

    def repeats(self) -> tuple[Repeat, ...]:
        """How often each fixture was set up, and which tests ran more than once."""
        found: list[Repeat] = []
        shared: list[Group] | None = None
        again = [
            (owner, turns)
            for owner, turns in self._owners.items()
            if len(turns) > 1 or owner[1] == "fixture" or owner in self._benchmarks
        ]
        for (owner, kind), turns in sorted(again, key=itemgetter(0)):
            if kind == "fixture":
                if shared is None:
                    shared = self._shared({each: _once(each[1], own) for each, own in self._owners.items()})
                one = dict(chosen(kind, turns))
                for place, own in by_place(turns).items():
                    groups = _whole(one[place].groups, shared)
                    found.append(_repeat(owner, kind, own, place=place, groups=groups))
            elif kind == "test":
                found.append(_repeat(owner, kind, turns))
        return tuple(found)

    @staticmethod
    def _shared(once: Mapping[tuple[str, str], Mapping[Key, Group]]) -> list[Group]:
        """What fixtures asked: a test may go on with a conversation that one of them began."""
        return [group for (_, kind), groups in once.items() if kind != "test" for group in groups.values()]


def _add_to(groups: dict[Key, Group], key: Key, group: Group) -> None:
    known = groups.setdefault(key, group)
    if known is not group:
        groups[key] = joined(known, group)


def _sites_of(call: Call) -> Sites:
    site = None if call.site is None else site_in_lock(call.site, call.owner.id)
    return () if site is None else ((site, call.count),)


def _once(kind: str, turns: Mapping[Turn, Taken]) -> Mapping[Key, Group]:
    """The groups of an owner, without what the runner repeated."""
    if len(turns) == 1:
        return _used(next(iter(turns.values())))
    groups: dict[Key, Group] = {}
    for _, taken in chosen(kind, turns):
        for key, group in _used(taken).items():
            groups[key] = joined(groups[key], group) if key in groups else group
    return groups


def _used(taken: Taken) -> Mapping[Key, Group]:
    return with_benchmark(taken.groups, taken.benchmark.values()) if taken.benchmark else taken.groups


def _whole(groups: Mapping[Key, Group], shared: Iterable[Group]) -> tuple[Group, ...]:
    return in_order(fold(with_failed_tries(_conversations(groups, shared))))


def _repeat(owner: str, kind: str, turns: Mapping[Turn, Taken], **more: Any) -> Repeat:
    amounts = [taken.amount for taken in turns.values()]
    return Repeat(
        owner=owner,
        kind=kind,
        times=len(turns),
        workers=len({turn.worker for turn in turns}),
        least=min(amounts),
        most=max(amounts),
        at_least=any(taken.unknown for taken in turns.values()),
        benchmark=sum(group.calls for taken in turns.values() for group in taken.benchmark.values()),
        **more,
    )


def _by_name(owner: OwnerRecord) -> str:
    return owner.owner


def _conversations(groups: Mapping[Key, Group], shared: Iterable[Group]) -> Collection[Group]:
    """The groups of an owner, with those turns as one that follow a live answer of this run.

    Such a turn repeats what was answered before, another text at each run. The answer may be one that a fixture was
    given.
    """
    for group in groups.values():  # any() takes three times as long
        if group.request is not None and _OPENING in group.request:
            break
    else:
        return groups.values()
    began = {_asked(group.request): group.request for group in (*shared, *groups.values()) if _is_live(group)}
    merged: dict[Key, Group] = {}
    for group in groups.values():
        if group.request is not None:
            root = _root(group.request, began) if _is_live(group) or not group.calls else None
            said = without_follows(group.request) if root is None else later_turn(group.request, root)
            group = replace(group, request=said)  # noqa: PLW2901  # the same calls
        known = merged.setdefault(group.key, group)
        if known is not group:
            merged[group.key] = joined(known, group)
    return merged.values()


_OPENING = '"opening":'
"""Stands in the text form of requests that hold an answer."""


def _is_live(group: Group) -> bool:
    return group.live > 0 and group.live == group.calls


def _asked(request: str | None) -> str:
    return read_fingerprint(request).parts.get("messages", "")


def _root(request: str, began: Mapping[str, str | None]) -> str | None:
    """The request that began the conversation, of a turn that follows a live answer; None of any other."""
    root, seen = None, {""}
    follows = read_fingerprint(request).follows
    while follows not in seen and (earlier := began.get(follows)) is not None:
        seen.add(follows)
        root, follows = earlier, read_fingerprint(earlier).follows
    return root


def with_failed_tries(groups: Iterable[Group]) -> Collection[Group]:
    """Failed tries know the request, not how its answer was priced: they join the group that was asked the same."""
    whole = tuple(groups)
    failed = [group for group in whole if not group.calls and not group.on_top]
    if not failed:
        return whole
    answered = {group.key: group for group in whole if group.calls or group.on_top}
    homes = in_order(answered.values())
    for tries in failed:
        home = next((group.key for group in homes if _asked_alike(group, tries)), None)
        if home is None:
            answered[tries.key] = tries
        else:
            answered[home] = replace(answered[home], attempts=answered[home].attempts + tries.attempts)
    return answered.values()


def _asked_alike(group: Group, failed: Group) -> bool:
    alike = group.request == failed.request and group.terms.model == failed.terms.model
    return alike and not group.on_top and not group.terms.long_prompt


def fold(groups: Collection[Group]) -> Collection[Group]:
    """Where an owner has too many groups, make one of those that differ only in what was asked."""
    if len(groups) <= MOST_GROUPS:
        return groups
    alike: dict[Key, list[Group]] = {}
    for group in in_order(groups):
        alike.setdefault(replace(group, request=None).key, []).append(group)
    return [_folded(own) for own in alike.values()]


def _folded(groups: list[Group]) -> Group:
    one = groups[0]
    for other in groups[1:]:
        one = joined(one, other)
    return replace(one, request=together((group.request, group.calls) for group in groups))


def _groups_of(call: Call, rates: RateTable) -> Iterator[Group]:
    """The groups of an answer that is more than one portion at low rates, or less."""
    answer, count = call.answer, call.count
    labels = call.labels
    own = partial(
        Group, request=answer.request, feature=labels.feature, tier=labels.tier, case=labels.case
    )  # what all groups of a call share
    live = count if call.origin is Origin.LIVE else 0
    if answer.status is Status.FAILED:
        yield own(terms=Terms(model=_spelled_terms(answer, rates).model), attempts=count)
        return
    own = partial(own, sites=_sites_of(call))
    unmeasured = answer.status is Status.UNMEASURED
    parts = None if unmeasured else take_apart(answer, _day_of(int(call.at // 86_400)), rates)
    if parts is None or isinstance(parts, Refusal):
        terms = _spelled_terms(answer, rates)
        yield own(terms=terms, attempts=count, calls=count, live=live, unknown=count, usage=answer.usage)
        return
    unknown = 0 if answer.status is Status.MEASURED and not parts.gaps else count
    others = {name: getattr(answer.usage, name) for name in _NO_OTHERS}
    for portion in parts.portions:
        yield own(
            terms=_terms_of(portion.rates, long_prompt=portion.side is portion.rates.high),
            on_top=portion.label.removesuffix(f" {portion.rates.model.name}"),
            attempts=count,
            calls=count,
            live=live,
            unknown=unknown,
            usage=portion.usage if portion.usage is answer.usage else replace(portion.usage, **others),
        )
        count = live = unknown = 0  # an answer is counted once, in its first portion
        others = _NO_OTHERS


def _terms_of(held: InForce, *, long_prompt: bool = False) -> Terms:
    speed, geo, tier, batch, regional = held.conditions
    return Terms(
        model=held.model.name,
        speed=speed if speed == "fast" else None,
        geo=geo if geo == "us" else None,
        tier=tier if tier not in ("standard", "batch") else None,
        batch=batch,
        regional=regional,
        long_prompt=long_prompt,
    )


def _spelled_terms(answer: Answer, rates: RateTable) -> Terms:
    spelled = answer.model or ""
    found = rates.resolve(spelled)
    return Terms(
        model=spelled if found.model is None else found.model.name,
        speed="fast" if answer.speed == "fast" or found.fast else None,
        geo="us" if answer.inference_geo == "us" else None,
        batch=answer.batch,
        regional=answer.regional or found.regional,
    )


@lru_cache(maxsize=64)
def _day_of(days: int) -> date:
    return date.fromordinal(date(1970, 1, 1).toordinal() + days)
