"""What `claude-budget explain` prints: each owner with all of its causes, which add up to its change."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from pytest_claude_budget.base.money import ZERO, exact, exact_dollars, to_json
from pytest_claude_budget.compare.result import OwnerChange
from pytest_claude_budget.render.terminal_text import counted, printable, wrapped


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
