"""What would make a run cheaper, each with its dollars and what shows it."""

from collections.abc import Iterator

from pytest_claude_budget.base.money import dollars
from pytest_claude_budget.render.comment_values import Document
from pytest_claude_budget.render.html_text import name, plain, table, with_figures
from pytest_claude_budget.render.markdown_text import amount, counted, number

_MOST = 100


def levers(document: Document) -> str:
    """All levers, the largest saving first; nothing where nobody looked, or none was found."""
    found = document.get("levers") or ()
    if not found:
        return ""
    overlap = "<p>Savings may overlap: they do not add up.</p>" if len(found) > 1 else ""
    return "\n".join((overlap, *("\n".join(_lever(each)) for each in found[:_MOST]))).strip()


def _lever(lever: Document) -> Iterator[str]:
    whose = f"{name(lever['feature'], 80)}: " if lever["feature"] else ""
    yield f'<article class="lever">\n<h3>{whose}{plain(lever["do"])}</h3>'
    yield f'<p class="saving">{with_figures(plain(_saving(lever)))}</p>'
    yield f"<p>{plain(lever['text'])}</p>"
    paid = f"{counted(lever['calls'], 'call')} of {name(lever['model'], 80)} in {counted(lever['tests'], 'test')}, which cost"
    rests = "".join(f"<li>{plain(each)}</li>" for each in lever["rests_on"])
    shown = "".join(
        f"<li><code>{name(row['owner'])}</code>, {counted(row['calls'], 'call')}</li>" for row in lever["shown_by"]
    )
    yield f"<details><summary>What shows it</summary>\n<p>{paid} {dollars(amount(lever['paid']))}.</p>"
    yield f"<ul>{shown}{rests}</ul>\n{_options(lever)}</details>\n</article>"


def _saving(lever: Document) -> str:
    """What it saves a run, and a month where its volume is known."""
    if lever["saving"] is None:
        return "What it saves is not known."
    said = [f"Saves {_range(lever['saving'])} a run"]
    months = [
        f"{_range(month)} a month at {month['scenario']} volume ({number(month['requests_per_month'])} requests)"
        for month in lever["month"]
    ]
    unknown = f"; a month: {lever['month_unknown'].rstrip('.')}" if lever["month_unknown"] and not months else ""
    return ", ".join([*said, *months]) + unknown + "."


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
