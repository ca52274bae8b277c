"""What a runner repeats: fixtures that each worker sets up, tests that are run again. No change of the code.

A run's sums have all of it. Its record, which is compared and becomes the lock file, has one of each.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from pytest_claude_budget.base.money import ZERO
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.record.record import Group, Key

BENCHMARK = " benchmark"
"""Ends the phase of a test that a benchmark repeats: `call 1 benchmark`."""
OF = " of "
"""In the name of a child process, before that of the worker which it belongs to."""


class Turn(NamedTuple):
    """Which time it is that a fixture is set up, or that a test runs. A tuple, since each call looks it up twice."""

    place: str
    """The module, class or folder that a fixture is set up for; empty for a session's, and for tests."""
    worker: str
    """The process; of a child process, the one that it belongs to."""
    number: int
    """From 1, in that worker."""


@lru_cache(maxsize=8192)
def turn_of(kind: str, phase: str, process: str) -> Turn:
    """Read a turn off what the ledger has: `call 2` is of a second run, `setup 1 tests/test_a.py` a fixture's set-up."""
    worker = process.partition(OF)[2] if OF in process else "" if process.startswith("child") else process
    _, _, rest = phase.partition(" ")
    number, _, place = rest.partition(" ")
    count = int(number) if number.isdecimal() else 1
    return Turn(place if kind == "fixture" else "", worker, 1 if kind == "outside" else count)


class Taken:
    """What one turn used so far."""

    __slots__ = ("amount", "benchmark", "groups", "unknown")

    def __init__(self) -> None:
        self.groups: dict[Key, Group] = {}
        self.benchmark: dict[Key, Group] = {}
        """What a benchmark repeated."""
        self.amount = ZERO
        """US dollars at list price, of what is priced."""
        self.unknown = False


@value_class(frozen=True, kw_only=True, slots=True)
class Repeat:
    """How often a fixture was set up for one place, or a test ran, and which of it is compared."""

    owner: str
    kind: str
    place: str = ""
    times: int
    workers: int
    """In how many workers of one run; 0 where several runs were combined."""
    least: Decimal
    """US dollars, of the cheapest time."""
    most: Decimal
    at_least: bool = False
    """One of them is not known in full."""
    benchmark: int = 0
    """Calls that a benchmark repeated."""
    groups: tuple[Group, ...] = ()
    """What is compared, of a fixture: shards may set it up too."""


Turns = Mapping[Turn, Taken]


def chosen(kind: str, turns: Turns) -> Iterator[tuple[str, Taken]]:
    """Choose what is compared, by place.

    Of a test that was run again it is the last time, since the earlier ones failed. Of what several workers did, it is
    the dearest, as the one worker of a plain run pays for a prompt cache that the next ones find.
    """
    if len(turns) == 1:
        ((turn, taken),) = turns.items()
        yield turn.place, taken
    elif kind == "outside":
        yield "", _most_of_each(turns.values())
    elif kind == "test":
        last: dict[str, Turn] = {}
        for turn in turns:
            if turn.worker not in last or last[turn.worker].number < turn.number:
                last[turn.worker] = turn
        yield "", _dearest({turn: turns[turn] for turn in last.values()})
    else:
        for place, own in by_place(turns).items():
            yield place, _dearest(own)


def by_place(turns: Turns) -> dict[str, dict[Turn, Taken]]:
    """Sort the turns of a fixture by what it was set up for."""
    found: dict[str, dict[Turn, Taken]] = {}
    for turn in sorted(turns, key=_in_order):
        found.setdefault(turn.place, {})[turn] = turns[turn]
    return found


def most_of_each(sides: Iterable[Iterable[Group]]) -> dict[Key, Group]:
    """Of what was done outside of tests, as modules are imported by each worker: the most of each kind of call."""
    found: dict[Key, Group] = {}
    for groups in sides:
        for group in groups:
            known = found.get(group.key)
            if known is None or _size(known) < _size(group):
                found[group.key] = group
    return found


def _most_of_each(sides: Iterable[Taken]) -> Taken:
    taken = Taken()
    taken.groups = most_of_each(side.groups.values() for side in sides)
    return taken


def _dearest(turns: Turns) -> Taken:
    return turns[
        max(turns, key=lambda turn: (turns[turn].amount, turns[turn].unknown, *_sizes(turns[turn]), turn.worker))
    ]


def _sizes(taken: Taken) -> tuple[int, int, int]:
    groups = (*taken.groups.values(), *taken.benchmark.values())
    return (
        sum(group.usage.total_tokens for group in groups),
        sum(group.calls for group in groups),
        sum(group.attempts for group in groups),
    )


def _size(group: Group) -> tuple[int, int, int]:
    return group.calls, group.usage.total_tokens, group.attempts


def _in_order(turn: Turn) -> tuple[str, str, int]:
    return turn.place, turn.worker, turn.number
