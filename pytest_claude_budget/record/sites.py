"""Sums by the line of the user's code that sends calls, and by the stack of the user's own frames above it."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from heapq import nsmallest

from pytest_claude_budget.base.money import ZERO
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.record.totals import Totals, added

Frame = tuple[str, str, int]
"""File, relative to the rootdir; qualified name of the function; line."""
Lines = Mapping[tuple[str, str], int]
"""The line of each file and function that sends calls, the dearest of several."""
MOST_STACKS = 1_000
"""Of a report: what the others cost is added to the stack of their site alone."""


@value_class(frozen=True, kw_only=True, slots=True)
class SiteTotals:
    """What the calls cost that one line sends."""

    site: Frame
    tests: int
    """Whose calls these are."""
    totals: Totals


@value_class(frozen=True, kw_only=True, slots=True)
class StackTotals:
    """What the calls cost that were sent with one stack."""

    frames: tuple[Frame, ...]
    """The user's own, the innermost first: that is the site."""
    calls: int = 0
    cost: Decimal = ZERO
    """US dollars at list price."""
    spent: Decimal = ZERO
    """The part of it that reached a remote host."""
    at_least: bool = False
    """The cost is a lower bound."""


@lru_cache(maxsize=16_384)
def frames_of(text: str) -> tuple[Frame, ...]:
    """The frames of a call's site as the ledger has it; none of a line that was not written so."""
    return tuple(frame for line in text.split("\n") if (frame := _frame(line)) is not None)


@lru_cache(maxsize=16_384)
def _frame(line: str) -> Frame | None:
    place, _, function = line.rpartition(" ")
    file, _, number = place.rpartition(":")
    return (file, function, int(number)) if file and number.isdecimal() else None


@lru_cache(maxsize=16_384)
def site_in_lock(text: str, owner: str) -> str | None:
    """A call's site as lock files name it, without its line; None where it is in the file of the very test that pays."""
    frames = frames_of(text)
    if not frames or frames[0][0] == owner.partition("::")[0]:
        return None
    return f"{frames[0][0]} {frames[0][1]}"


class SiteBook:
    """Takes the totals of each owner's calls by their site, and sums them up by line and by stack."""

    def __init__(self) -> None:
        self._tests: dict[Frame, set[str]] = {}
        self._parts: dict[Frame, list[Totals]] = {}
        self._stacks: list[StackTotals] = []

    def enter(self, site: str, owner: str, kind: str, totals: Totals) -> None:
        """Enter what one owner's calls from one site came to."""
        frames = frames_of(site)
        if not frames or not totals.attempts:
            return
        tests = self._tests.setdefault(frames[0], set())
        if kind == "test":
            tests.add(owner)
        self._parts.setdefault(frames[0], []).append(totals)
        if totals.calls:
            self._stacks.append(_stack(frames, totals))

    def by_site(self) -> tuple[SiteTotals, ...]:
        """By line, the dearest first."""
        rows = (
            SiteTotals(site=site, tests=len(self._tests[site]), totals=added(parts))
            for site, parts in self._parts.items()
        )
        return sites_in_order(rows)

    def stacks(self) -> tuple[StackTotals, ...]:
        """By stack, the dearest first."""
        return stacks_in_order(self._stacks)


def _stack(frames: tuple[Frame, ...], totals: Totals) -> StackTotals:
    return StackTotals(
        frames=frames, calls=totals.calls, cost=totals.cost, spent=totals.spent, at_least=totals.at_least
    )


def lines_of(rows: Iterable[SiteTotals]) -> Lines:
    """Where the functions of a run send their calls, of rows in their order."""
    lines: dict[tuple[str, str], int] = {}
    for row in rows:
        file, function, line = row.site
        lines.setdefault((file, function), line)
    return lines


def sites_in_order(rows: Iterable[SiteTotals]) -> tuple[SiteTotals, ...]:
    """Rows as every report has them: the dearest first, each by its place where they cost the same."""
    return tuple(sorted(rows, key=lambda row: (-row.totals.cost, row.site)))


def joined_sites(rows: Iterable[SiteTotals]) -> tuple[SiteTotals, ...]:
    """One row for each line, of the rows of several reports that have no test in common."""
    own: dict[Frame, list[SiteTotals]] = {}
    for row in rows:
        own.setdefault(row.site, []).append(row)
    return sites_in_order(
        SiteTotals(site=site, tests=sum(row.tests for row in each), totals=added(row.totals for row in each))
        for site, each in own.items()
    )


def stacks_in_order(rows: Iterable[StackTotals]) -> tuple[StackTotals, ...]:
    """One row for each stack, the dearest first; of those beyond the most, one for each site."""
    whole = _by_frames([(row.frames, row) for row in rows])
    dearest = nsmallest(MOST_STACKS, whole.values(), key=_place)  # sorted, in half the time where there are 10,000
    if len(dearest) == len(whole):
        return tuple(dearest)
    for row in dearest:
        del whole[row.frames]
    named = [*((row.frames, row) for row in dearest), *((row.frames[:1], row) for row in whole.values())]
    return tuple(sorted(_by_frames(named).values(), key=_place))


def _by_frames(rows: Iterable[tuple[tuple[Frame, ...], StackTotals]]) -> dict[tuple[Frame, ...], StackTotals]:
    """One row for each of the stacks that rows are to be of."""
    whole: dict[tuple[Frame, ...], list[StackTotals]] = {}
    for frames, row in rows:
        whole.setdefault(frames, []).append(row)
    return {frames: _together(frames, own) for frames, own in whole.items()}


def _together(frames: tuple[Frame, ...], rows: Sequence[StackTotals]) -> StackTotals:
    if len(rows) == 1 and rows[0].frames == frames:
        return rows[0]
    return StackTotals(
        frames=frames,
        calls=sum([row.calls for row in rows]),
        cost=sum([row.cost for row in rows], ZERO),
        spent=sum([row.spent for row in rows], ZERO),
        at_least=any(row.at_least for row in rows),
    )


def _place(row: StackTotals) -> tuple[Decimal, tuple[Frame, ...]]:
    return -row.cost, row.frames
