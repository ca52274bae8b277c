"""A comparison in lines for a terminal: the sentence, what moved and why, and what came and went."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from pytest_claude_budget.base.money import ZERO, dollars, exact, exact_dollars, to_json
from pytest_claude_budget.compare.noise import FEWEST_SAMPLES
from pytest_claude_budget.compare.result import Comparison, OwnerChange, Standing, percent
from pytest_claude_budget.forecast.month_rows import Row
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.record.record import Cost, OwnerRecord, Record, cost_of_owner
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
    grouped,
    is_telling,
)
from pytest_claude_budget.render.phrases import signed, unsure
from pytest_claude_budget.render.terminal_text import columns, counted, printable, shortened_id, wrapped

MOST_OWNERS = 10
"""Owners whose change is shown one by one."""
MOST_CAUSES = 3
ALIKE = 3
"""So many that moved for one reason are still shown one by one."""
_LONG = 50
"""Characters of a reason that is said once above few tests, rather than at each."""
_CAUSE = 300
"""Characters of a cause: what to do stands at its end."""


def change_of(change: Decimal, before: Decimal, *limits: Decimal) -> str:
    """A change with its part of what was before: `+$0.0225 (+38.3%)`; of nothing there is no part.

    `limits` are percents that it is not to look over where it is not, or not over where it is.
    """
    part = percent(change, before, *limits)
    if not change or part is None:
        return signed(change)
    return f"{signed(change)} ({'+' if part > 0 else ''}{to_json(part)}%)"


def comparison_lines(comparison: Comparison, width: int, *limits: Decimal) -> list[str]:
    """Lay a comparison out; `limits` are those on the increase of the run, in percent."""
    sentences = [wrapped(line, width, "", "  ") for line in (_headline(comparison, *limits), *_rest(comparison))]
    return [*sentences[0], *_owners(comparison, width), *(line for lines in sentences[1:] for line in lines)]


def _headline(comparison: Comparison, *limits: Decimal) -> str:
    baseline = comparison.baseline
    source = f"{printable(baseline.source, 60)}{f' at {baseline.commit}' if baseline.commit else ''}"
    if comparison.at_least:
        unknown = sum(bool(row.not_known) for row in comparison.owners)
        of = f"{counted(unknown, 'test or fixture is', 'tests or fixtures are')} not known"
        part = any(row.before_at_least for row in comparison.owners)  # it may have sunk in all
        sunk = any(row.not_known and row.change <= 0 and row.before for row in comparison.owners)
        rises = f"{signed(comparison.change)} as far as it is known" if part or sunk else unsure(comparison.change)
        more = f"{rises}, and " if comparison.change > 0 else "not known: "
        return f"against {source}: {more}{of}"
    silent = comparison.counts.get(Standing.WITHOUT_CALLS)
    if not comparison.change and silent:
        without = counted(silent, "test that makes no calls any more", "tests that make no calls any more")
        return f"against {source}: {dollars(comparison.after)}, unchanged but for {without}"
    if not comparison.change:
        return f"unchanged against {source}: {dollars(comparison.after)}"
    sides = f"{dollars(comparison.before)} → {dollars(comparison.after)}"
    return f"against {source}: {sides}, {change_of(comparison.change, comparison.before, *limits)}"


def _owners(comparison: Comparison, width: int) -> Iterator[str]:
    groups = grouped(_moved_by(row) for row in comparison.owners if _moved(row))
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
    left = sum(len(group.rows) for group in lone[MOST_OWNERS:])
    if left:
        yield f"  and {left:,} more, {signed(added(group.change for group in lone[MOST_OWNERS:]))}"


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
    said = f"{len(group.rows):,} tests: {printable(group.text, _CAUSE)}{example}{_also(group)}"
    yield from wrapped(said, width, start, indent)
    for row in group.rows[:MOST_CAUSES]:
        yield indent + shortened_id(row.owner, width - len(indent))
    yield f"{indent}and {len(group.rows) - MOST_CAUSES:,} more"


def _few(group: Group, rows: Sequence[OwnerChange], start: str, width: int) -> Iterator[str]:
    """What they have in common in full, then each with what else moved it."""
    indent = " " * len(start)
    said = f"{len(rows):,} tests and fixtures" if any(row.kind != "test" for row in rows) else f"{len(rows):,} tests"
    yield from wrapped(f"{said}: {printable(group.text, _CAUSE)}{_also(group)}", width, start, indent)
    for row in rows:
        yield indent + shortened_id(row.owner, width - len(indent))
        change = ", ".join([_change(row), *reasons(row, width - len(indent))[1:]])
        yield from wrapped(change, width, f"{indent}  ", f"{indent}    ")


def _also(group: Group) -> str:
    """What else moved the same tests: the sum is of all of it."""
    said = [printable(text, _CAUSE) for text in also_words(group, ALSO)]
    return f"; also {'; '.join(said)}" if said else ""


def _moved_by(row: OwnerChange) -> Moved:
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


def _rest(comparison: Comparison) -> Iterator[str]:
    """What did not move, came or went, in one sentence; removed and deselected tests are never a saving."""
    counts = dict(comparison.counts)
    unknown = [row for row in comparison.owners if row.not_known]
    for row in unknown:
        counts[row.standing] = counts.get(row.standing, 1) - 1
    said = [f"{counts.get(standing, 0):,} {standing.words}" for standing in Standing if counts.get(standing)]
    said += [f"{len(unknown):,} not known"] if unknown else []
    if said:
        yield ", ".join(said)
    if comparison.not_run:
        gone = [standing.words for standing in Standing if not standing.ran and counts.get(standing)]
        yield f"what was {' or '.join(gone)} cost {dollars(comparison.not_run)}: that is not counted as a saving"
    if comparison.without_calls:
        cost = dollars(comparison.without_calls)
        yield f"what makes no calls any more cost {cost} before: that is not counted as a saving"
    if comparison.not_compared:
        yield f"what is not known cost {dollars(comparison.not_compared)} before: that is not counted as a saving"
    if comparison.price_change:
        yield f"new prices alone: {signed(comparison.price_change)} on the baseline, not part of the change"


def explanation_lines(row: OwnerChange) -> list[str]:
    """One owner's change with all of its causes, which add up to it."""
    before, after = _side(row.before, at_least=row.before_at_least), _side(row.after, at_least=row.after_at_least)
    lines = [f"{printable(row.owner)}: {before} → {after}, {row.standing.words}"]
    lines += [f"not known: {printable(row.not_known, 500)}"] if row.not_known else []
    if row.was is not None:
        lines.append(f"was {printable(row.was)}")
    if row.causes:
        amounts = [_plain(cause.amount) for cause in row.causes] + [_plain(row.change)]
        width = max(map(len, amounts))
        texts = [[cause.text, *(f"also: {text}" for text in cause.more)] for cause in row.causes]
        for said, amount in zip([*texts, ["change"]], amounts, strict=True):
            lines += _beside(said, amount.rjust(width), 78 - width)
    if row.noise:
        lines.append(f"within the noise of {counted(row.samples, 'earlier run')}")
    elif row.judged != row.change:
        without = f"without the noise of {counted(row.samples, 'earlier run')}"
        lines.append(f"held against limits: {_plain(row.judged)}, which is the change {without}")
    return lines


def together_lines(rows: Sequence[OwnerChange]) -> list[str]:
    """What several owners come to together; nothing of one."""
    if len(rows) < 2:
        return []
    with exact():
        before, after = (sum(amounts, ZERO) for amounts in zip(*((row.before, row.after) for row in rows), strict=True))
    lower = any(row.before_at_least for row in rows), any(row.after_at_least for row in rows)
    sides = _side(before, at_least=lower[0]), _side(after, at_least=lower[1])
    return [f"{len(rows):,} together: {' → '.join(sides)}"]


def _side(amount: Decimal, *, at_least: bool) -> str:
    """All digits of one side; what is not known is not shown as nothing."""
    if not at_least:
        return exact_dollars(amount)
    return f"at least {exact_dollars(amount)}" if amount else "unknown"


def _beside(texts: Sequence[str], amount: str, width: int) -> Iterator[str]:
    """Whole sentences, the amount behind the first line."""
    first, *more = texts
    lines = wrapped(printable(first, 500), width, "  ", "      ") or [""]
    yield f"{lines[0].ljust(width)}  {amount}"
    yield from lines[1:]
    for text in more:
        yield from wrapped(printable(text, 500), width, "    ", "      ")


def _plain(amount: Decimal) -> str:
    """All digits of a change."""
    return f"{'+' if amount > 0 else ''}{to_json(amount)}"


def record_lines(record: Record, rates: RateTable, day: date, width: int) -> list[str]:
    """What a baseline holds, priced on a day, the dearest first."""
    priced = [(owner, cost_of_owner(owner, rates, day)) for owner in record.owners.values()]
    priced.sort(key=lambda row: (-row[1].amount, row[0].owner))
    total = Cost()
    for _, cost in priced:
        total += cost
    rows = [("", "calls", "tokens", "cost")]
    rows += [_record_row(owner.owner, [owner], cost) for owner, cost in priced]
    rows.append(_record_row("total", [owner for owner, _ in priced], total))
    return [*columns(rows, width), f"rates as of {record.rates_as_of}, priced on {day}"]


def _record_row(name: str, owners: Sequence[OwnerRecord], cost: Cost) -> tuple[str, str, str, str]:
    calls, tokens = sum(owner.calls for owner in owners), sum(owner.usage.total_tokens for owner in owners)
    return (name, f"{calls:,}", f"{tokens:,}", f"{'at least ' if cost.at_least else ''}{dollars(cost.amount)}")


def projection_lines(rows: Sequence[Row], width: int) -> list[str]:
    """What a month costs, a line a feature and scenario."""
    if not rows:
        return []
    table = [("a month", "requests", "cost", "change")]
    table += [
        (f"{row.feature}, {row.scenario_words}", f"{row.requests_per_month:,}", _month(row), _monthly_change(row))
        for row in rows
    ]
    return columns(table, width)


def _month(row: Row) -> str:
    if row.after is None or (row.after.at_least and not row.after.measured):
        return "not known"
    return f"{'at least ' if row.after.at_least else ''}{dollars(row.after.measured)}"


def _monthly_change(row: Row) -> str:
    if row.before is None or row.after is None:
        return ""
    if row.change is None or row.at_least:
        return unsure(row.change or ZERO, before_at_least=row.before.at_least, after_at_least=row.after.at_least)
    return change_of(row.change, row.before.measured)
