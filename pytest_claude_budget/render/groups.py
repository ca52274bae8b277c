"""What moved for one reason, and what is over one limit, put together: a change in fifty tests is one line.

The terminal and the Markdown pages both group with this; each reads its own form of a report into these values.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from pytest_claude_budget.base.money import EXACT, ZERO, dollars_moved
from pytest_claude_budget.base.values import value_class

NOISE, NEW, NOT_KNOWN, NO_CAUSE = "noise", "new", "not known", ""
ALSO = 3
"""Kinds of causes that are named beside the largest one."""
_CALLS = re.compile(r"makes ([\d,]{1,20}) calls? \(was ([\d,]{1,20})\)", re.ASCII)
_MOVED = re.compile(r" ([\d,]{1,20}) → ([\d,]{1,20})", re.ASCII)
_ALIKE = {
    "calls": "another number of calls, or other calls",
    "system": "another system prompt",
    "tools": "other tools",
    "messages": "other messages",
    "parameters": "other parameters",
    "input": "another length of the input",
    "cache": "another use of the prompt cache",
    "output": "another length of the output",
    "service_tier": "other terms of price",
    "web_search": "another number of web searches",
    "session_time": "another running time",
    "attempts": "another number of failed tries",
    "model": "another model",
    NEW: "new tests",
    NOISE: "measured noise",
    NOT_KNOWN: "what is not known",
    NO_CAUSE: "reasons that are not known",
}
"""What to say of tests that moved for causes of one kind with different numbers."""
_MORE = {
    "calls": "more calls",
    "system": "a longer system prompt",
    "tools": "more or longer tools",
    "messages": "longer messages",
    "input": "a longer prompt",
    "output": "longer answers",
    "web_search": "more web searches",
    "session_time": "a longer running time",
}
"""The same, where each of them grew by its own sentence."""


@value_class(frozen=True, kw_only=True, slots=True)
class Moved:
    """One owner whose cost moved, or may have."""

    owner: str
    is_test: bool = True
    before: Decimal
    after: Decimal
    change: Decimal
    """US dollars; of what is not known, what is certain of an increase."""
    kind: str = NO_CAUSE
    """Of the largest cause, as in `Cause`; or `noise`, `new`, `not known`."""
    text: str = ""
    """The sentence of the largest cause alone; the reason of what is not known."""
    also: tuple[tuple[str, str], ...] = ()
    """Kind and sentence of each of its other causes that weigh something."""
    before_at_least: bool = False
    after_at_least: bool = False


@value_class(frozen=True, kw_only=True, slots=True)
class Group:
    """Owners that moved for one reason, in one direction."""

    kind: str
    text: str
    """The sentence that all have in common, or one that names only the kind of the cause."""
    rows: tuple[Moved, ...]
    """The largest change first."""
    example: str = ""
    """The sentence of the first, where each has one of its own."""

    @property
    def change(self) -> Decimal:
        """Of all together."""
        return added(row.change for row in self.rows)

    @property
    def before(self) -> Decimal:
        """Of all together."""
        return added(row.before for row in self.rows)


def added(amounts: Iterable[Decimal]) -> Decimal:
    """Add amounts up exactly."""
    total = ZERO
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


_TELLING = 100
"""A cause that answers for less than this part of a change is only counted."""


def is_telling(kind: str, amount: Decimal, change: Decimal) -> bool:
    """Is a cause worth a line? Failed tries are: they cost time, and no money."""
    return kind == "attempts" or amount.copy_abs() * _TELLING >= change.copy_abs()


def also_words(group: Group, most: int) -> list[str]:
    """What else moved the same owners, in a few words each, what moved most of them first."""
    texts: dict[str, list[str]] = {}
    for row in group.rows:
        for kind, text in row.also:
            texts.setdefault(kind, []).append(text)
    said = []
    for kind, own in sorted(texts.items(), key=lambda entry: -len(entry[1]))[:most]:
        some = f", in {len(own):,} of them" if len(own) < len(group.rows) else ""
        said.append(f"{kind_words(kind, own)}{some}")
    return said


def kind_words(kind: str, texts: Iterable[str]) -> str:
    """Say in a few words what causes of one kind have in common; the sentence itself where all have the same."""
    each = set(texts)
    return each.pop() if len(each) == 1 else word_of(kind, each)


def word_of(kind: str, texts: Iterable[str]) -> str:
    """Say a kind of causes in a few words, and that there is more of it where every sentence says so."""
    if kind in _MORE and all(map(has_grown, texts)):
        return _MORE[kind]
    return _ALIKE.get(kind, kind)


def directions(rows: Iterable[Moved]) -> tuple[str, str]:
    """What owners moved by together, and which way single ones went: `19 dearer (+$0.01), 2 cheaper (-$0.002)`, or `all dearer`."""
    ways: dict[str, list[Moved]] = {"dearer": [], "cheaper": [], "unchanged": [], NOT_KNOWN: []}
    for row in rows:
        way = "dearer" if row.change > 0 else "cheaper" if row.change else "unchanged"
        ways[NOT_KNOWN if row.kind == NOT_KNOWN else way].append(row)
    there = [(way, own) for way, own in ways.items() if own]
    sums = [added(row.change for row in own) for _, own in there]
    _, _, whole, *each = dollars_moved(ZERO, added(sums), *sums)
    if len(there) == 1:
        return whole, f"{'all ' if len(there[0][1]) > 1 else ''}{there[0][0]}"
    said = (
        f"{len(own):,} {way}" + (f" ({shown})" if way in ("dearer", "cheaper") else "")
        for (way, own), shown in zip(there, each, strict=True)
    )
    return whole, ", ".join(said)


def has_grown(text: str) -> bool:
    """Does the sentence of a cause say that there is more of something than there was?"""
    calls, moved = _CALLS.match(text), _MOVED.search(text)
    if calls is not None:
        return _number(calls[1]) > _number(calls[2])
    return _number(moved[2]) > _number(moved[1]) if moved is not None else " +" in text


def _number(text: str) -> int:
    return int(text.replace(",", "") or 0)


def of_each(text: str) -> str:
    """The sentence of one test, said of several."""
    return f"each {text}" if text.startswith("makes ") else text


def grouped(moved: Iterable[Moved]) -> list[Group]:
    """Put owners together by their cause; the largest change in either direction first, then what is not known."""
    by_key: dict[tuple[str, str, bool], list[Moved]] = {}
    for row in moved:
        own_text = row.text if row.kind in ("model", NOT_KNOWN) else ""
        by_key.setdefault((row.kind, own_text, row.change > 0), []).append(row)
    groups = [_group(kind, rows) for (kind, *_), rows in by_key.items()]
    return sorted(groups, key=lambda group: (-group.change.copy_abs(), group.kind != NOT_KNOWN, group.rows[0].owner))


def _group(kind: str, rows: Sequence[Moved]) -> Group:
    ordered = tuple(sorted(rows, key=lambda row: (-row.change.copy_abs(), row.owner)))
    texts = {row.text for row in rows}
    if len(texts) == 1:
        return Group(kind=kind, text=ordered[0].text, rows=ordered)
    return Group(kind=kind, text=_ALIKE.get(kind, "other causes"), rows=ordered, example=ordered[0].text)
