"""What moved and why, in lines for a terminal: tests one by one, and once what many have in common."""

from collections.abc import Iterator, Sequence

from pytest_claude_budget.compare.noise import FEWEST_SAMPLES
from pytest_claude_budget.compare.result import Comparison, OwnerChange, Standing
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
    is_telling,
    of_each,
)
from pytest_claude_budget.render.phrases import signed, unsure
from pytest_claude_budget.render.terminal_text import counted, printable, shortened_id, wrapped

MOST_OWNERS = 10
"""Owners whose change is shown one by one."""
MOST_CAUSES = 3
ALIKE = 3
"""So many that moved for one reason are still shown one by one."""
_LONG = 50
"""Characters of a reason that is said once above few tests, rather than at each."""
_CAUSE = 300
"""Characters of a cause: what to do stands at its end."""


def owner_lines(comparison: Comparison, width: int) -> Iterator[str]:
    """Lay out each owner that moved, or what many have in common, the largest change first."""
    groups = grouped(moved_by(row) for row in comparison.owners if _moved(row))
    rows = {row.owner: row for row in comparison.owners}
    lone = [part for group in groups for part in ([group] if _is_told_once(group) else _one_by_one(group))]
    lone.sort(key=lambda group: (-group.change.copy_abs(), group.rows[0].owner))
    shown = lone[:MOST_OWNERS]
    said = [_change(rows[group.rows[0].owner]) if len(group.rows) == 1 else _together(group) for group in shown]
    indent = 3 + max(map(len, said), default=0)
    for group, change in zip(shown, said, strict=True):
        start = f"  {change} ".ljust(indent)
        if len(group.rows) == 1:
            row = rows[group.rows[0].owner]
            yield start + shortened_id(row.owner, width - indent)
            for reason in reasons(row, width - indent):
                yield from wrapped(reason, width, " " * indent)
        elif len(group.rows) > ALIKE:
            yield from _many(group, start, width)
        else:
            yield from _few(group, [rows[each.owner] for each in group.rows], start, width)
    left = [row for group in lone[MOST_OWNERS:] for row in group.rows]
    if left:
        size, way = directions(left)
        size = size if added(row.change for row in left) else "unchanged"
        yield from wrapped(f"and {len(left):,} more, {size}{f': {way}' * (len(left) > 1)}", width, "  ", "      ")


def _is_told_once(group: Group) -> bool:
    """Many for one reason; or few, where it is a long sentence that all of them have."""
    caused = group.kind not in (NEW, NOISE, NOT_KNOWN, NO_CAUSE)
    long = caused and not group.example and len(group.text) > _LONG
    return len(group.rows) > (1 if long else ALIKE)


def _one_by_one(group: Group) -> list[Group]:
    return [Group(kind=group.kind, text=row.text, rows=(row,)) for row in group.rows]


def _together(group: Group) -> str:
    return unsure(group.change) if group.kind == NOT_KNOWN else signed(group.change)


def _many(group: Group, start: str, width: int) -> Iterator[str]:
    """What many have in common, and the dearest of them."""
    indent = " " * len(start)
    example = f", such as {printable(group.example, 80)}" if group.example else ""
    said = f"{len(group.rows):,} tests: {printable(of_each(group.text), _CAUSE)}{example}{_also(group)}"
    yield from wrapped(said, width, start, indent)
    for row in group.rows[:MOST_CAUSES]:
        yield indent + shortened_id(row.owner, width - len(indent))
    yield f"{indent}and {len(group.rows) - MOST_CAUSES:,} more"


def _few(group: Group, rows: Sequence[OwnerChange], start: str, width: int) -> Iterator[str]:
    """What they have in common in full, then each with what else moved it."""
    indent = " " * len(start)
    said = f"{len(rows):,} tests and fixtures" if any(row.kind != "test" for row in rows) else f"{len(rows):,} tests"
    yield from wrapped(f"{said}: {printable(of_each(group.text), _CAUSE)}{_also(group)}", width, start, indent)
    for row in rows:
        yield indent + shortened_id(row.owner, width - len(indent))
        change = ", ".join([_change(row), *reasons(row, width - len(indent))[1:]])
        yield from wrapped(change, width, f"{indent}  ", f"{indent}    ")


def _also(group: Group) -> str:
    """What else moved the same tests: the sum is of all of it."""
    said = [printable(text, _CAUSE) for text in also_words(group, ALSO)]
    return f"; also {'; '.join(said)}" if said else ""


def moved_by(row: OwnerChange) -> Moved:
    """One owner as a group takes it, by its largest cause."""
    kind, text = NO_CAUSE, "for a reason that is not known"
    if row.not_known:
        kind, text = NOT_KNOWN, row.not_known
    elif row.noise:
        kind, text = NOISE, "within the measured noise"
    elif row.standing is Standing.NEW:
        kind, text = NEW, "new"
    elif row.causes:
        kind, text = row.causes[0].cause, row.causes[0].first or row.causes[0].text
    also = (
        (cause.cause, cause.first or cause.text)
        for cause in row.causes[1:MOST_CAUSES]
        if kind == row.causes[0].cause and is_telling(cause.cause, cause.amount, row.change)
    )
    return Moved(
        owner=row.owner, before=row.before, after=row.after, change=row.change, kind=kind, text=text, also=tuple(also)
    )


def _moved(row: OwnerChange) -> bool:
    if not row.standing.has_calls:
        return False
    renamed = row.standing is Standing.RENAMED and bool(row.change)
    return bool(row.not_known) or renamed or row.standing in (Standing.CHANGED, Standing.NEW)


def _change(row: OwnerChange) -> str:
    if not row.not_known:
        return signed(row.change)
    return unsure(row.change, before_at_least=row.before_at_least, after_at_least=row.after_at_least)


def reasons(row: OwnerChange, width: int) -> list[str]:
    """Why one owner moved, a line each."""
    if row.not_known:
        return [*wrapped(printable(row.not_known, 500), width, ""), *(["new"] if row.standing is Standing.NEW else [])]
    if row.standing is Standing.NEW:
        return ["new"]
    said = [printable(cause.text, _CAUSE) for cause in row.causes[:MOST_CAUSES]]
    if len(row.causes) > MOST_CAUSES:
        said.append(f"and {counted(len(row.causes) - MOST_CAUSES, 'smaller cause')}")
    if row.noise:
        said.append(f"within the noise of {counted(row.samples, 'earlier run')}: not held against the change")
    elif row.judged != row.change:
        said.append(
            f"held against the change: {signed(row.judged)}, without the noise of {counted(row.samples, 'earlier run')}"
        )
    elif 0 < row.samples < FEWEST_SAMPLES:
        said.append(f"{counted(row.samples, 'live run')} so far, too few to tell noise")
    if row.was is not None:
        said.append(f"was {shortened_id(row.was, width - 4)}")
    return said
