"""Levers for people: what `claude-budget advise` prints, and the fold of a pull request's comment. Both are made of the JSON entries."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_claude_budget.base.money import dollars
from pytest_claude_budget.render import markdown_text
from pytest_claude_budget.render.markdown_text import amount, code, details, sentence
from pytest_claude_budget.render.terminal_text import counted, printable, shortened_id, wrapped

WIDTH = 80
NONE = "no lever found: nothing in these calls shows how the same would cost less"
OVERLAP = "Savings may overlap: they do not add up."
_USUAL = "average"
Entry = Mapping[str, Any]


def levers_text(levers: Sequence[Entry]) -> str:
    """The levers, 80 columns wide."""
    if not levers:
        return NONE
    lines: list[str] = []
    for number, lever in enumerate(levers, 1):
        lines += [*_in_text(number, lever), ""]
    return "\n".join([*lines, *wrapped(OVERLAP, WIDTH, "")] if len(levers) > 1 else lines[:-1])


def _in_text(number: int, lever: Entry) -> Iterator[str]:
    of = " · ".join(printable(name, 40) for name in (lever["feature"], lever["model"]) if name is not None)
    yield from wrapped(f"{number}. {of}: {_worth(lever)}", WIDTH, "", "   ")
    yield from wrapped(f"{_capital(printable(lever['text'], 600))}.", WIDTH, "   ")
    yield from wrapped(f"→ {_capital(printable(lever['do'], 600))}.", WIDTH, "   ", "     ")
    for option in lever["options"]:
        yield from wrapped(f"{printable(option['model'])}: {_worth(option)}", WIDTH, "     - ", "       ")
    for said in (*lever["rests_on"], *_no_month(lever)):
        yield from wrapped(printable(said, 600), WIDTH, "   - ", "     ")
    for each in lever["shown_by"]:
        yield f"   {shortened_id(each['owner'], WIDTH - 20)} ({counted(each['calls'], 'call')})"
    if (others := lever["tests"] - len(lever["shown_by"])) > 0:
        yield f"   and {others:,} more"


def _no_month(lever: Entry) -> Iterator[str]:
    if lever["month_unknown"]:
        yield f"no month: {lever['month_unknown']}"


def _worth(lever: Entry) -> str:
    """What it saves, a run and a month; where that is not known, what was paid."""
    if lever["saving"] is None:
        return f"{dollars(amount(lever['paid']))} a run was paid for it"
    said = f"{_range(lever['saving'])} a run"
    month = usual(lever["month"])
    if month is None:
        return f"saves {said}"
    return f"saves {said}, {_range(month)} a month at {printable(month['scenario'], 30)} volume"


def _most_telling(lever: Entry) -> str:
    """What it saves a month where that is known, else a run: a title has room for one of them."""
    month = usual(lever["month"])
    if month is None:
        return f"{_range(lever['saving'])} a run"
    return f"{_range(month)} a month at {printable(month['scenario'], 30)} volume"


def usual(months: Sequence[Entry]) -> Entry | None:
    """The month of the average volume, else the first."""
    return next((month for month in months if month["scenario"] == _USUAL), months[0] if months else None)


def _range(saving: Entry) -> str:
    low, high = amount(saving["low"]), amount(saving["high"])
    if low == high:
        return dollars(low)
    return f"{dollars(low)} to {dollars(high)}"


def levers_markdown(levers: Sequence[Entry]) -> str:
    """The levers as a list of GitHub's Markdown."""
    return "\n".join([*_items(levers, len(levers)), *_together(levers)]) if levers else NONE


def _together(levers: Sequence[Entry]) -> list[str]:
    """Say of several what nobody asks of one."""
    return ["", OVERLAP] if len(levers) > 1 else []


def fold(document: Entry, most: int) -> list[str]:
    """What a reader of a comment unfolds; nothing where there is no lever."""
    levers = document.get("levers") or []
    if not levers:
        return []
    title = f"What would cost less: {markdown_text.counted(len(levers), 'lever')}"
    worth = [lever for lever in levers if lever["saving"] is not None]
    if worth:
        title += f"; {'it' if len(levers) == 1 else 'the first'} saves {sentence(_most_telling(worth[0]), 120)}"
    more = len(levers) - most
    rest = [f"- … and {more:,} more: `claude-budget advise` shows them"] if more > 0 else []
    return details(title, [*_items(levers, most), *rest, *_together(levers)])


def _items(levers: Sequence[Entry], most: int) -> Iterator[str]:
    for lever in levers[:most]:
        of = " ".join(code(name, 60) for name in (lever["feature"], lever["model"]) if name is not None)
        tests = ", ".join(code(each["owner"], 80) for each in lever["shown_by"][:2])
        more = lever["tests"] - min(2, len(lever["shown_by"]))
        where = f" ({tests}{f' and {more:,} more' if more > 0 else ''})" if tests else ""
        options = "; ".join(f"{code(each['model'], 60)} {sentence(_worth(each), 100)}" for each in lever["options"])
        worth = options or sentence(_worth(lever), 120)
        yield f"- {of}: {sentence(lever['text'])}{where}. **{_capital(sentence(lever['do']))}**: {worth}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
