"""What `claude-budget rates` prints: the table in force on a day, or one answer priced by hand with its sum."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

from pytest_claude_budget.base.money import exact_dollars, to_json
from pytest_claude_budget.calls.call import Answer
from pytest_claude_budget.pricing.price import Explanation, Term, explain_price
from pytest_claude_budget.pricing.rates import CELLS, Cells, Model, RateTable, Row
from pytest_claude_budget.render.terminal_text import columns, printable, wrapped

WIDTH = 80
_UNITS = {1_000_000: "million", 1000: "1,000"}
_HEAD = ("model", "input", "write 5m", "write 1h", "read", "output", "us", "reg")


def rates_table(table: RateTable, day: date) -> str:
    """The rows in force on a day, 80 columns wide; a model that has none on that day is left out."""
    rows: list[tuple[str, ...]] = [_HEAD]
    for model in table.models.values():
        rows += _model_rows(model, day)
    lines = [
        f"Claude list rates on {day}, US dollars per million tokens",
        f"as of {table.as_of}, from {printable(table.source, WIDTH - 23)}",
        "",
        *columns(rows, WIDTH),
        "",
        *_legend(table),
    ]
    return "\n".join(lines)


def _legend(table: RateTable) -> Iterator[str]:
    yield f"us: x with inference_geo us   reg: x at regional endpoints   batch: x {to_json(table.batch)}"
    yield f"web search: {exact_dollars(table.web_search_per_1000)} per 1,000, never discounted"
    yield f"sessions of Managed Agents: {exact_dollars(table.session_per_hour)} for each hour that one runs"


def model_rates(model: Model, day: date, table: RateTable) -> str:
    """The rates of one model on a day, and the days on which it has others."""
    rows = list(_model_rows(model, day))
    lines = [f"{printable(model.name)} on {day}, US dollars per million tokens", f"list rates as of {table.as_of}"]
    names = table.spellings(model.name)
    lines += (
        wrapped(f"also called {', '.join(printable(name, 60) for name in names)}", WIDTH, "", "  ") if names else []
    )
    lines += ["", *(columns([_HEAD, *rows], WIDTH) if rows else [f"unpriced: it has no rates on {day}"]), ""]
    lines += _legend(table) if rows else []
    for words, dated in (("rates", model.rows), ("fast rates", model.fast_rows)):
        if dated:
            lines += wrapped(f"{words}: {', '.join(map(_days, dated))}", WIDTH, "", "  ")
    lines += [f"note: {printable(model.note)}"] if model.note else []
    return "\n".join(lines)


def hand_price(answer: Answer, day: date, rates: RateTable) -> str:
    """One answer priced by hand: each term with its factors, and the sum."""
    explained = explain_price(answer, day, rates)
    lines = [_headline(answer, day, rates), "", *_sum(explained), *(f"note: {note}" for note in explained.price.notes)]
    return "\n".join(lines)


def _days(row: Row) -> str:
    return f"from {row.since} " + ("on" if row.until is None else f"to {row.until - timedelta(days=1)}")


def _model_rows(model: Model, day: date) -> Iterator[tuple[str, ...]]:
    row = model.row(day)
    if row is not None:
        us, regional = (_factor(factor) for factor in (model.us_geo_multiplier, model.regional_multiplier))
        yield (model.name, *_cells(row.rates), us, regional)
        yield from _long_row("", row)
    fast = model.row(day, fast=True)
    if fast is not None:
        yield ("  fast" if row is not None else f"{model.name} fast", *_cells(fast.rates), "", "")
        yield from _long_row("fast, ", fast)


def _long_row(before: str, row: Row) -> Iterator[tuple[str, ...]]:
    if row.long_prompt is not None:
        label = f"  {before}above {row.long_prompt.threshold_tokens:,} tokens"
        yield (label, *_cells(row.long_prompt.rates), "", "")


def _cells(cells: Cells) -> Iterator[str]:
    return (exact_dollars(getattr(cells, cell)).removeprefix("$") for cell in CELLS)


def _factor(factor: Decimal | None) -> str:
    return "-" if factor is None else to_json(factor)


def _headline(answer: Answer, day: date, rates: RateTable) -> str:
    spelled = answer.model or "no model"
    model = rates.find(spelled)
    name = spelled if model is None or model.name == spelled else f"{spelled} = {model.name}"
    return f"{printable(name, 120)} on {day}, list rates as of {rates.as_of}"


def _sum(explained: Explanation) -> list[str]:
    price = explained.price
    if price.amount is None:
        return [f"unpriced: {price.reason}"]
    label, amount = "cost at least" if price.at_least else "cost", exact_dollars(price.amount)
    lines = _aligned([*map(_term, explained.terms), (label, "", "", amount)])
    if explained.terms:
        lines.insert(-1, ("-" * len(amount)).rjust(len(lines[-1])))
    return [*lines, *([f"at least: {price.reason}"] if price.at_least else [])]


def _term(term: Term) -> tuple[str, str, str, str]:
    factors = "".join(f" x {to_json(factor)} {name}" for name, factor in term.factors)
    rate = f"x {exact_dollars(term.rate)} per {_UNITS[term.per]}{factors}"
    return term.label, f"{term.count:,}", rate, exact_dollars(term.amount)


def _aligned(rows: Sequence[tuple[str, str, str, str]]) -> list[str]:
    """Labels and rates flush left, counts and amounts flush right."""
    label, count, rate, amount = (max(len(row[at]) for row in rows) for at in range(4))
    return [
        f"  {row[0]:<{label}}  {row[1]:>{count}} {row[2]:<{rate}} {'=' if row[2] else ' '} {row[3]:>{amount}}"
        for row in rows
    ]
