"""A comparison in lines for a terminal: the sentence, what moved and why, and what came and went."""

from collections.abc import Iterator
from decimal import Decimal

from pytest_claude_budget.base.money import dollars, dollars_moved
from pytest_claude_budget.compare.result import Comparison, Standing
from pytest_claude_budget.render.moved_owners import owner_lines
from pytest_claude_budget.render.phrases import signed, unsure, with_part
from pytest_claude_budget.render.terminal_text import counted, printable, wrapped


def comparison_lines(comparison: Comparison, width: int, *limits: Decimal) -> list[str]:
    """Lay a comparison out; `limits` are those on the increase of the run, in percent."""
    sentences = [wrapped(line, width, "", "  ") for line in (_headline(comparison, *limits), *_rest(comparison))]
    return [*sentences[0], *owner_lines(comparison, width), *(line for lines in sentences[1:] for line in lines)]


def _headline(comparison: Comparison, *limits: Decimal) -> str:
    baseline = comparison.baseline
    source = f"{printable(baseline.source, 60)}{f' at {baseline.commit}' if baseline.commit else ''}"
    if comparison.at_least:
        part = any(row.before_at_least for row in comparison.owners)  # it may have sunk in all
        sunk = any(row.not_known and row.change <= 0 and row.before for row in comparison.owners)
        rises = f"{signed(comparison.change)} as far as it is known" if part or sunk else unsure(comparison.change)
        return f"against {source}: {f'{rises}; ' if comparison.change > 0 else ''}{_not_known(comparison)}"
    silent = comparison.counts.get(Standing.WITHOUT_CALLS)
    if not comparison.change and silent:
        without = counted(silent, "test that makes no calls any more", "tests that make no calls any more")
        return f"against {source}: {dollars(comparison.after)}, unchanged but for {without}"
    if not comparison.change:
        return f"unchanged against {source}: {dollars(comparison.after)}"
    before, after, change = dollars_moved(comparison.before, comparison.after, percents=limits)
    moved = with_part(change, comparison.change, comparison.before, *limits)
    return f"against {source}: {before} → {after}, {moved}"


def _not_known(comparison: Comparison) -> str:
    """`the change of 2 tests is not known`; of one by its id."""
    rows = [row for row in comparison.owners if row.not_known]
    if len(rows) == 1:
        return f"the change of {printable(rows[0].owner, 120)} is not known"
    if not rows:
        return "the change is not known"
    kinds = {row.kind for row in rows}
    things = f"{kinds.pop()}s" if kinds in ({"test"}, {"fixture"}) else "tests and fixtures"
    return f"the change of {len(rows):,} {things} is not known"


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
