"""What `claude-budget project` prints: a month by feature and scenario, with what it rests on."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from pytest_claude_budget.base.money import EXACT, ZERO, dollars, dollars_moved
from pytest_claude_budget.forecast.month_rows import Row
from pytest_claude_budget.forecast.month_totals import ScenarioTotal, totals_by_scenario
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.render.markdown_text import code, sentence, table
from pytest_claude_budget.render.phrases import unsure
from pytest_claude_budget.render.terminal_text import columns, counted, shortened_id, wrapped

WIDTH = 80
MOST_TESTS = 3
"""Tests that are named below a figure."""
NOTHING = "nothing to project: the budget file has no features"
UNKNOWN = "not known"


def months_text(rows: Sequence[Row], rates: RateTable) -> str:
    """The projection, 80 columns wide."""
    if not rows:
        return NOTHING
    head, *body = _table(rows)
    # One layout for all, so that the figures stand below each other with what explains them between.
    laid = iter(columns([head, *body], WIDTH))
    lines = [f"Claude cost a month at list price, judged {_judged_as(rows)}", "", next(laid)]
    for before, row in zip((None, *rows), rows, strict=False):
        told = before is not None and (before.feature, before.tests) == (row.feature, row.tests)
        lines += [next(laid), *_details(row), *([] if told else _tests(row))]
    lines += [*laid, "", f"mean of each feature's tests x requests a month; rates as of {rates.as_of}"]
    return "\n".join(lines)


def months_markdown(rows: Sequence[Row], rates: RateTable) -> str:
    """The projection as a table of GitHub's Markdown."""
    if not rows:
        return NOTHING
    head = ("A month", ">Requests", ">Before", ">After", ">Change", ">Warm", ">Cold", ">Tests", "Cheapest to dearest")
    cells = [
        (f"{code(row.feature)}, {row.scenario_words}", *_figures(row), *_cached(row), f"{row.samples:,}", _spread(row))
        for row in rows
    ]
    totals = totals_by_scenario(rows)
    cells += [(f"**all**, {total.scenario}", "", *_total_figures(total), "", "", "", "") for total in totals]
    lines = [*table(head, cells), "", f"At list price, judged {_judged_as(rows)}. Rates as of {rates.as_of}."]
    unknown = {row.feature: row.reason for row in rows if row.after is None}
    lines += [f"- {code(feature)}: {sentence(reason)}" for feature, reason in unknown.items()]
    return "\n".join(lines)


def _cached(row: Row) -> tuple[str, str]:
    """With a warm and with a cold cache."""
    return (UNKNOWN, UNKNOWN) if row.after is None else (dollars(row.after.warm), dollars(row.after.cold))


def _judged_as(rows: Sequence[Row]) -> str:
    cache = rows[0].judged_as
    return "as measured" if cache == "measured" else f"with a {cache} cache"


def _table(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    yield ("", "requests", "before", "after", "change")
    for row in rows:
        yield (f"{row.feature}, {row.scenario_words}", *_figures(row))
    for total in totals_by_scenario(rows):
        yield (f"all, {total.scenario}", "", *_total_figures(total))


def _figures(row: Row) -> tuple[str, str, str, str]:
    """Requests, before, after and change, as measured: warm and cold stand beside them."""
    if row.before is not None and row.after is not None and not row.at_least:
        return f"{row.requests_per_month:,}", *_sides(row.before.measured, row.after.measured)
    before = "" if row.before is None else _amount(row.before.measured, at_least=row.before.at_least)
    after = UNKNOWN if row.after is None else _amount(row.after.measured, at_least=row.after.at_least)
    return f"{row.requests_per_month:,}", before, after, _moved(row)


def _moved(row: Row) -> str:
    if row.before is None or row.after is None:
        return ""
    sides = {"before_at_least": row.before.at_least, "after_at_least": row.after.at_least}
    return unsure(row.change or ZERO, **sides)


def _total_figures(total: ScenarioTotal) -> tuple[str, str, str]:
    """By the figure that limits judge; the change is of the features that have both sides, or that are new."""
    after = _amount(total.after, at_least=total.after_at_least)
    if total.increase is None:
        return "", after, ""
    base, now = total.increase
    if not total.at_least:
        before, shown, moved = _sides(base, now)
        return before, shown if now == total.after else after, moved
    change = EXACT.subtract(now, base)
    sides = {"before_at_least": total.before_at_least, "after_at_least": total.after_at_least}
    return _amount(base, at_least=total.before_at_least), after, unsure(change, **sides)


def _amount(amount: Decimal, *, at_least: bool) -> str:
    if not amount and at_least:
        return UNKNOWN
    return f"{'at least ' if at_least else ''}{dollars(amount)}"


def _sides(before: Decimal, after: Decimal) -> tuple[str, str, str]:
    """Before, after and the change, in figures that add up."""
    then, now, change = dollars_moved(before, after)
    return then, now, "unchanged" if before == after else change


def _spread(row: Row) -> str:
    if row.low is None or row.high is None:
        return ""
    return dollars(row.low) if row.low == row.high else f"{dollars(row.low)} to {dollars(row.high)}"


def _details(row: Row) -> Iterable[str]:
    """What a figure rests on."""
    if row.after is None:
        return wrapped(row.reason, WIDTH, "    ")
    case = f" marked {row.case}" if row.case is not None else ""
    said = f"{counted(row.samples, 'test')}{case}: {_spread(row)}; warm cache {dollars(row.after.warm)}, cold {dollars(row.after.cold)}"
    if row.left_out:
        said += f"; {counted(len(row.left_out), 'new test is', 'new tests are')} left out"
    return wrapped(said, WIDTH, "    ")


def _tests(row: Row) -> Iterator[str]:
    """The first tests of a figure."""
    yield from (f"    {shortened_id(test, WIDTH - 4)}" for test in row.tests[:MOST_TESTS])
    if len(row.tests) > MOST_TESTS:
        yield f"    and {len(row.tests) - MOST_TESTS:,} more"
