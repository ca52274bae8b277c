"""What moved, by cause: the table of a comment. A change in fifty tests is one row of it."""

from collections import Counter
from collections.abc import Mapping, Sequence

from pytest_claude_budget.compare.not_compared import reasons
from pytest_claude_budget.render.comment_limit_words import (
    limit_phrase,
    limits_by_owner,
    spared_by_owner,
    spared_phrase,
)
from pytest_claude_budget.render.comment_tables import most_allowed, telling
from pytest_claude_budget.render.comment_values import Document, ran, short
from pytest_claude_budget.render.groups import (
    ALSO,
    NEW,
    NO_CAUSE,
    NOISE,
    NOT_KNOWN,
    Group,
    Moved,
    added,
    also_words,
    directions,
    grouped,
    of_each,
    word_of,
)
from pytest_claude_budget.render.markdown_text import amount, code, counted, sentence, share, signed, table
from pytest_claude_budget.render.phrases import unsure
from pytest_claude_budget.render.raising import listed

_HEAD = (">Change", "Why")
_NAME, _SENTENCE = 40, 150
"""Characters of a name and of a cause that are shown."""
_WORDS = 5
"""Kinds of causes that are named of changes that share a row."""
_SMALL = 100
"""What is less than this part of all that moved is put together with what else is so small."""
_Spared = Mapping[str, Document]
_Limits = Mapping[str, Sequence[tuple[str, Document]]]


def moved_of(comparison: Document) -> list[Moved]:
    """Every owner that ran and whose cost moved or may have, or that changed at no cost."""
    return [_moved(row) for row in comparison["owners"] if ran(row) and _worth_it(row)]


def _worth_it(row: Document) -> bool:
    return bool(amount(row["change"]) or row["at_least"] or row.get("not_known") or row["causes"])


def _moved(row: Document) -> Moved:
    causes = telling(row)
    kind, text = NO_CAUSE, "for a reason that is not known"
    if row.get("not_known") or row["at_least"]:
        kind, text = NOT_KNOWN, row.get("not_known") or "an answer is not priced in full"
    elif row["noise"]:
        kind, text = NOISE, "within the measured noise"
    elif row["status"] == "new":
        kind, text = NEW, "new"
    elif causes:
        kind, text = causes[0]["cause"], _first_of(causes[0])
    known = kind in (NOT_KNOWN, NOISE, NEW)
    return Moved(
        owner=row["owner"],
        is_test=row["kind"] == "test",
        before=amount(row["before"]),
        after=amount(row["after"]),
        change=amount(row["change"]),
        kind=kind,
        text=text,
        also=() if known else tuple((cause["cause"], _first_of(cause)) for cause in causes[1:]),
        before_at_least=bool(row.get("before_at_least")),
        after_at_least=bool(row.get("after_at_least", row["at_least"])),
    )


def _first_of(cause: Document) -> str:
    """The sentence of a cause without the number of others that it stands for."""
    return str(cause.get("first") or cause["text"])


def by_cause(document: Document, most: int) -> list[str]:
    """Lay out what moved, the dearest group first, in at most `most` rows."""
    comparison = document.get("comparison")
    groups = [] if comparison is None else _not_told(document, grouped(moved_of(comparison)))
    if not groups:
        return []
    limits = limits_by_owner(document)
    shown, rest = _split(groups, most, limits)
    names = Counter(short(row.owner, _NAME) for group in groups for row in group.rows)
    spared = spared_by_owner(document)
    cells = [[_change(group, limits), _why(group, names, limits, spared)] for group in shown]
    cells += [_further(rest, limits, spared)] if rest else []
    return ["", *table(_HEAD, cells)]


def _not_told(document: Document, groups: Sequence[Group]) -> list[Group]:
    """Without a lone test of unknown cost, where nothing else moved: what is not known is listed with its reason above."""
    told = " ".join(reasons(document))
    lone = [group for group in groups if group.kind == NOT_KNOWN and len(group.rows) == 1 and not group.change]
    above = all(group.text in told and group.rows[0].owner in told for group in lone)
    return [] if above and len(lone) == len(groups) else list(groups)


def _split(groups: Sequence[Group], most: int, limits: _Limits) -> tuple[list[Group], list[Group]]:
    """Those with a row of their own, and those that share one: too many, or too small to matter."""
    whole = added(group.change.copy_abs() for group in groups)
    small = [
        group
        for group in groups
        if 0 < group.change.copy_abs() * _SMALL < whole and not any(row.owner in limits for row in group.rows)
    ]
    large = [group for group in groups if group not in small] if len(small) > 1 else list(groups)
    if len(large) + (len(large) < len(groups)) > most:
        large = large[: max(most - 1, 0)]
    return large, [group for group in groups if group not in large]


def _further(groups: Sequence[Group], limits: _Limits, spared: _Spared) -> list[str]:
    rows = [row for group in groups for row in group.rows]
    unknown = any(group.kind == NOT_KNOWN for group in groups)
    texts: dict[str, list[str]] = {}
    for row in rows:
        texts.setdefault(row.kind, []).append(row.text)
    what = [word_of(kind, own) for kind, own in texts.items()]
    what = [*what[: _WORDS - 1], "more"] if len(what) > _WORDS else what
    size, way = directions(rows)
    size = unsure(added(group.change for group in groups)) if unknown else size
    whose = f"and {counted(len(groups), 'further change')}, in {counted(len(rows), 'test')}: {listed(what)}"
    over = _reached(rows, limits)
    return [size, f"{whose}; {way}{f'; {over}' if over else ''}{_spared(rows, spared)}"]


def _change(group: Group, limits: _Limits) -> str:
    if group.kind == NOT_KNOWN:
        lower = any(row.before_at_least for row in group.rows), any(row.after_at_least for row in group.rows)
        return unsure(group.change, before_at_least=lower[0], after_at_least=lower[1])
    if not group.change:
        return "unchanged"
    if group.kind == NEW or not group.before:
        return signed(group.change)
    most = most_allowed(limits.get(group.rows[0].owner, ()), "max_increase") if len(group.rows) == 1 else []
    return f"{signed(group.change)} ({share(group.change, group.before, *most)})"


def _reached(rows: Sequence[Moved], limits: _Limits) -> str:
    """The limits of single tests that these are over or close to; empty where there are none."""
    hit: dict[str, int] = {}
    for row in rows:
        for text in dict.fromkeys(limit_phrase(word, breach) for word, breach in limits.get(row.owner, ())):
            hit[text] = hit.get(text, 0) + 1
    said = [text if tests == len(rows) else f"{tests:,} of them {text}" for text, tests in hit.items()]
    return "; ".join([*said[:2], *([f"{len(said) - 2:,} more"] if len(said) > 2 else [])])


def _spared(rows: Sequence[Moved], spared: _Spared) -> str:
    """A limit that some of them would be over, and why it is not held against them."""
    said = dict.fromkeys(spared_phrase(spared[row.owner]) for row in rows if row.owner in spared)
    first = next(filter(None, said), "")
    return f"; {first}" if first else ""


def _why(group: Group, names: Mapping[str, int], limits: _Limits, spared: _Spared) -> str:
    first = group.rows[0]
    who = short(first.owner, _NAME)
    who = code(first.owner, 2 * _NAME) if names[who] > 1 else who
    over = _reached(group.rows, limits)
    behind = f"{f'; {over}' if over else ''}{_spared(group.rows, spared)}"
    if len(group.rows) > 1:
        return f"{_why_many(group, who)}{behind}"
    if group.kind in (NEW, NOISE):
        return f"{who} is {group.text}{behind}"
    return f"{who}: {_cause(group, group.text)}{_also(group)}{behind}"


def _why_many(group: Group, first: str) -> str:
    tests = all(row.is_test for row in group.rows)
    many = f"{len(group.rows):,} {'tests' if tests else 'tests and fixtures'}"
    if group.kind == NEW:
        return f"{len(group.rows):,} new {'tests' if tests else 'tests and fixtures'}, the dearest {first}"
    if group.kind == NOISE:
        return f"{many} are {group.text}"
    example = f", such as {first}: {sentence(group.example, _SENTENCE)}" if group.example else ""
    return f"{many}: {_cause(group, of_each(group.text))}{example}{_also(group)}"


def _cause(group: Group, text: str) -> str:
    """The one thing of a row that the eye is to find."""
    said = sentence(text, _SENTENCE)
    return said if group.kind in (NOT_KNOWN, NO_CAUSE) else f"**{said}**"


def _also(group: Group) -> str:
    """What else moved the same tests: a step against each may be advised below."""
    said = [sentence(text, _SENTENCE) for text in also_words(group, ALSO)]
    return f"; also {'; '.join(said)}" if said else ""
