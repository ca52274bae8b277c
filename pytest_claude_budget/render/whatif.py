"""What `claude-budget whatif` prints: before and after by model, and what the figures rest on."""

from collections.abc import Iterator
from decimal import Decimal

from pytest_claude_budget.base.money import EXACT, dollars, to_json
from pytest_claude_budget.compare.result import percent
from pytest_claude_budget.forecast.whatif import Line, WhatIf
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.render.markdown_text import code, sentence, table
from pytest_claude_budget.render.terminal_text import columns, counted, printable, wrapped

WIDTH = 80
UNKNOWN = "not known"


def otherwise_text(found: WhatIf, rates: RateTable) -> str:
    """The answer, 80 columns wide."""
    rows = [("", "calls", "before", "after", "change")]
    rows += [(_name(line), *_cells(line)) for line in (*found.lines, found.total)]
    lines = [*columns(rows, WIDTH), "", f"at list price, rates as of {rates.as_of}"]
    for said in _sentences(found):
        lines += wrapped(f"- {said}", WIDTH, "", "  ")
    return "\n".join(lines)


def otherwise_markdown(found: WhatIf, rates: RateTable) -> str:
    """The answer as a table of GitHub's Markdown."""
    cells = [(code(_name(line)) if line.model else "**all**", *_cells(line)) for line in (*found.lines, found.total)]
    lines = [*table(("Model", ">Calls", ">Before", ">After", ">Change"), cells), ""]
    lines += [f"At list price, rates as of {rates.as_of}.", "", *(f"- {sentence(said)}" for said in _sentences(found))]
    return "\n".join(lines).rstrip("\n")


def otherwise_entry(found: WhatIf, rates: RateTable) -> dict[str, object]:
    """The answer as plain JSON values; money is a string."""
    return {
        "schema_version": 1,
        "rates_as_of": rates.as_of.isoformat(),
        "total": _entry(found.total),
        "by_model": [{"model": line.model, "becomes": line.becomes, **_entry(line)} for line in found.lines],
        "assumed": list(found.assumed),
        "left_alone": [{"reason": reason, "calls": calls} for reason, calls in found.left_alone],
    }


def _entry(line: Line) -> dict[str, object]:
    low, high = _changes(line)
    return {
        "calls": line.calls,
        "before": to_json(line.before),
        "after": {"low": to_json(line.low), "high": to_json(line.high)},
        "change": None if line.at_least else {"low": to_json(low), "high": to_json(high)},
        "at_least": line.at_least,
    }


def _sentences(found: WhatIf) -> Iterator[str]:
    others = {line.becomes for line in found.lines if line.becomes != line.model}
    for model in sorted(others):
        of = " and ".join(line.model for line in found.lines if line.becomes == model != line.model)
        yield f"{printable(of)} answered by {printable(model)}"
    yield from found.assumed
    for reason, calls in found.left_alone:
        yield f"{counted(calls, 'call')} left as {'it is' if calls == 1 else 'they are'}: {printable(reason)}"
    if found.total.at_least:
        yield "some calls have no price, or not in full: before and after are lower bounds, and the change is not known"


def _name(line: Line) -> str:
    return line.model or "all"


def _cells(line: Line) -> tuple[str, str, str, str]:
    least = "at least " if line.at_least else ""
    after = dollars(line.low) if line.low == line.high else f"{dollars(line.low)} to {dollars(line.high)}"
    return f"{line.calls:,}", f"{least}{dollars(line.before)}", f"{least}{after}", _change(line)


def _changes(line: Line) -> tuple[Decimal, Decimal]:
    return EXACT.subtract(line.low, line.before), EXACT.subtract(line.high, line.before)


def _change(line: Line) -> str:
    if line.at_least:
        return UNKNOWN
    low, high = (percent(change, line.before) for change in _changes(line))
    if low is None or high is None:
        return "unchanged" if line.low == line.high == line.before else UNKNOWN
    if not low and not high:
        return "unchanged"
    return _signed(low) if low == high else f"{_signed(low)} to {_signed(high)}"


def _signed(part: Decimal) -> str:
    return f"{'+' if part > 0 else ''}{to_json(part)}%"
