"""What would make a run cheaper, each with its dollars and what shows it."""

from collections.abc import Iterator

from pytest_claude_budget.base.money import dollars
from pytest_claude_budget.render.comment_values import Document
from pytest_claude_budget.render.html_text import name, plain, table, with_figures
from pytest_claude_budget.render.levers import OVERLAP
from pytest_claude_budget.render.markdown_text import amount, counted, number, visible

_MOST, _SENTENCE = 100, 600


def levers(document: Document) -> str:
    """All levers, the largest saving first; nothing where nobody looked, or none was found."""
    found = document.get("levers") or ()
    shown = ["\n".join(_lever(each)) for each in found[:_MOST]]
    return "\n".join([*shown, *([f"<p>{OVERLAP}</p>"] if len(shown) > 1 else [])])


def _lever(lever: Document) -> Iterator[str]:
    whose = " · ".join(name(each, 80) for each in (lever["feature"], lever["model"]) if each is not None)
    yield f'<article class="lever">\n<p class="of-what">{whose}</p>\n<h3>{_sentence(lever["do"]).removesuffix(".")}</h3>'
    yield f'<p class="saving">{with_figures(plain(_saving(lever)))}</p>'
    yield f"<p>{_sentence(lever['text'])}</p>"
    shown = [f"<code>{name(row['owner'])}</code>, {counted(row['calls'], 'call')}" for row in lever["shown_by"]]
    if (others := lever["tests"] - len(shown)) > 0:
        shown.append(f"and {number(others)} more")
    rests = [_sentence(each) for each in lever["rests_on"]]
    paid = f"{counted(lever['calls'], 'call')} in {counted(lever['tests'], 'test')}, which cost {dollars(amount(lever['paid']))} a run:"
    yield f"<details><summary>What shows it</summary>\n<p>{paid}</p>"
    yield f"<ul>{''.join(f'<li>{each}</li>' for each in (*shown, *rests))}</ul>\n{_options(lever)}</details>\n</article>"


def _sentence(text: str) -> str:
    """Our own words, with a capital and a full stop."""
    said = plain(visible(text, _SENTENCE))
    return f"{said[:1].upper()}{said[1:].removesuffix('.')}."


def _saving(lever: Document) -> str:
    """What it saves a run, and a month where its volume is known."""
    if lever["saving"] is None:
        return f"{dollars(amount(lever['paid']))} a run was paid for it."
    said = [f"Saves {_range(lever['saving'])} a run"]
    said += [
        f"{_range(month)} a month at {visible(month['scenario'], 40)} volume ({number(month['requests_per_month'])} requests)"
        for month in lever["month"]
    ]
    unknown = (
        f"; no month: {visible(lever['month_unknown'], _SENTENCE).removesuffix('.')}" if lever["month_unknown"] else ""
    )
    return ", ".join(said) + unknown + "."


def _range(saving: Document) -> str:
    low, high = dollars(amount(saving["low"])), dollars(amount(saving["high"]))
    return low if low == high else f"{low} to {high}"


def _options(lever: Document) -> str:
    rows = [
        (
            name(option["model"], 80),
            _range(option["saving"]),
            "<br>".join(plain(_range(month)) for month in option["month"]),
        )
        for option in lever["options"]
    ]
    head = ("Model", "Saves a run", "Saves a month")
    return table(head, (False, True, True), rows, f"Models for {lever['text'][:80]}") if rows else ""
