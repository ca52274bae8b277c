"""Which tests of a run are tests of the baseline under another id: they ask just what one asked that is gone.

A folder that was renamed may give 10,000 of them that all ask the same, so that none is compared with every other one.
"""

import sys
from bisect import bisect_left
from collections.abc import Sequence

from pytest_claude_budget.compare.pairing import requests_of
from pytest_claude_budget.record.record import OwnerRecord, Record
from pytest_claude_budget.record.selection import Selection

_LAST = chr(sys.maxunicode)
_FEW = 4
"""Names that end alike and are looked through one by one."""


def renamed_owners(before: Record, after: Record, selection: Selection) -> dict[str, str]:
    """The old id of each owner that has a new one.

    The new ids choose in their order, each the old one whose end has the most in common with its own: a test that moved
    keeps its name, one of several its parameter. Of equals, the last by name.
    """
    gone = [owner for name, owner in before.owners.items() if name not in after.owners and selection.is_gone(owner)]
    if not gone:
        return {}
    asked: dict[object, list[str]] = {}
    for owner in gone:
        if (requests := requests_of(owner)) is not None:
            asked.setdefault((owner.kind, requests), []).append(owner.owner)
    wanting: dict[object, list[str]] = {}
    for name in sorted(name for name in after.owners if name not in before.owners):
        wanting.setdefault(_asks(after.owners[name]), []).append(name)
    renamed = {}
    for asks, names in wanting.items():
        if asks in asked:
            renamed.update(_chosen(names, asked[asks]))
    return dict(sorted(renamed.items()))


def _asks(owner: OwnerRecord) -> object:
    return owner.kind, requests_of(owner)


def _chosen(names: Sequence[str], candidates: Sequence[str]) -> dict[str, str]:
    """A candidate for each name, as long as there are any."""
    left = _Left(candidates)
    return {name: left.take(name) for name, _ in zip(names, candidates, strict=False)}


class _Left:
    """The candidates that nobody has taken yet, in the order of their ends: those that end alike lie side by side."""

    def __init__(self, candidates: Sequence[str]) -> None:
        self.ends = sorted(name[::-1] for name in candidates)
        size = len(self.ends)
        self.later = list(range(size + 1))
        """Where the next one is that is left, itself among them; the size where there is none."""
        self.earlier = list(range(size + 1))
        """The same downwards, one further on; 0 where there is none."""
        self.ranked: _Ranks | None = None
        """By name; made when many end alike."""

    def take(self, name: str) -> str:
        """Take the one whose end has the most in common with the name's. There must be one left."""
        end, size = name[::-1], len(self.ends)
        at = bisect_left(self.ends, end)
        low, high = _followed(self.earlier, at) - 1, _followed(self.later, at)
        below = _common(end, self.ends[low]) if low >= 0 else 0
        beyond = high < size and self.ends[high].startswith(end[: below + 1])  # else it has no more in common
        alike = end[: _common(end, self.ends[high]) if beyond else below]
        few = self._few(alike, low, high)
        taken = self._last_by_name(alike) if few is None else max(few, key=lambda each: self.ends[each][::-1])
        self.later[taken], self.earlier[taken + 1] = taken + 1, taken
        if self.ranked is not None:
            self.ranked.remove(taken)
        return self.ends[taken][::-1]

    def _few(self, alike: str, low: int, high: int) -> list[int] | None:
        """Those that are left and end alike, on both sides; None where they are many."""
        found = []
        while low >= 0 and self.ends[low].startswith(alike):
            found.append(low)
            low = _followed(self.earlier, low) - 1
            if len(found) > _FEW:
                return None
        while high < len(self.ends) and self.ends[high].startswith(alike):
            found.append(high)
            high = _followed(self.later, high + 1)
            if len(found) > _FEW:
                return None
        return found

    def _last_by_name(self, alike: str) -> int:
        if self.ranked is None:
            left = [self.later[place] == place for place in range(len(self.ends))]
            self.ranked = _Ranks([end[::-1] for end in self.ends], left)
        behind = alike.rstrip(_LAST)  # the first text behind all that begin so: its last character is the next one
        end = bisect_left(self.ends, behind[:-1] + chr(ord(behind[-1]) + 1)) if behind else len(self.ends)
        return self.ranked.last(bisect_left(self.ends, alike), end)


class _Ranks:
    """Names by their place, of which the last by name is found in any stretch: a tree of maxima.

    At the bottom the rank of each name, -1 where it is taken; above each two the larger one, up to the root at 1.
    """

    def __init__(self, names: Sequence[str], left: Sequence[bool]) -> None:
        self.size = size = len(names)
        self.place = sorted(range(size), key=lambda at: names[at])
        self.tree = [-1] * (2 * size)
        for rank, at in enumerate(self.place):
            self.tree[size + at] = rank if left[at] else -1
        for node in range(size - 1, 0, -1):
            self.tree[node] = max(self.tree[2 * node], self.tree[2 * node + 1])

    def last(self, first: int, end: int) -> int:
        """The place of the last one by name from a place up to an end, where there is one."""
        tree, largest = self.tree, -1
        first, end = first + self.size, end + self.size
        while first < end:
            if first & 1:
                largest = max(largest, tree[first])
                first += 1
            if end & 1:
                end -= 1
                largest = max(largest, tree[end])
            first, end = first >> 1, end >> 1
        return self.place[largest]

    def remove(self, at: int) -> None:
        """Take one out."""
        node = at + self.size
        self.tree[node] = -1
        while node > 1:
            node >>= 1
            self.tree[node] = max(self.tree[2 * node], self.tree[2 * node + 1])


def _followed(links: list[int], at: int) -> int:
    """The end of a chain of links, which becomes shorter on the way."""
    while links[at] != at:
        links[at] = links[links[at]]
        at = links[at]
    return at


def _common(one: str, other: str) -> int:
    """How many characters two texts have in common from their beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
