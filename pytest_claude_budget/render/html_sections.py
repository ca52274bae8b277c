"""The sections of a page, in the words of the comment: each is HTML, and empty where there is nothing to say."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from pytest_claude_budget.base.durations import running_time
from pytest_claude_budget.base.money import dollars, exact_dollars
from pytest_claude_budget.compare.result import rounded_percent
from pytest_claude_budget.render import comment_tables as tables
from pytest_claude_budget.render.comment_details import (
    KINDS,
    calls_lines,
    costs_of_kinds,
    failed_lines,
    feature_rows,
    near_window_lines,
    notes_lines,
    projection_lines,
    rest_of,
)
from pytest_claude_budget.render.comment_groups import by_cause
from pytest_claude_budget.render.comment_limits import advice, limits, silence
from pytest_claude_budget.render.comment_remedies import down
from pytest_claude_budget.render.comment_values import Document, cost_not_known, may_lack_calls
from pytest_claude_budget.render.html_sites import lines_table, share_head
from pytest_claude_budget.render.html_text import blocks, name, plain, ranked, share_bar, table
from pytest_claude_budget.render.markdown_text import amount, number

ALL = 1_000
"""Entries of each list, and rows of each small table."""


def chart(id_: str, label: str, as_table: str) -> str:
    """The place where a script draws; the table says the same without one, and to who does not see it."""
    return (
        f'<figure class="chart" id="{id_}" data-label="{plain(label)}"></figure>\n'
        f'<details class="as-table"><summary>{plain(label)}, as a table</summary>\n{as_table}\n</details>'
    )


def verdict(document: Document) -> str:
    """What is over or not known, and what can be done about it."""
    lines = [
        *tables.unknown(document, ALL, ""),
        *limits(document, ALL, ""),
        *silence(document, ALL),
        *tables.not_judged(document, ALL),
        *down(document),
        *advice(document),
    ]
    return blocks(lines)


def causes(document: Document) -> str:
    """What moved, by its reason, and what did not run."""
    lines = [*by_cause(document, ALL), "", tables.counts(document)]
    lines += [*tables.not_run(document, ALL), *tables.renamed(document, ALL)]
    return blocks(lines, "What moved, by its reason")


def steps_table(waterfall: dict[str, Any]) -> str:
    """The waterfall as a table."""
    rows = [(plain(waterfall["before"]["label"]), "", plain(waterfall["before"]["shown"]))]
    rows += [(plain(step["label"]), plain(step["moved"]), plain(step["shown"])) for step in waterfall["steps"]]
    rows.append((plain(waterfall["after"]["label"]), "", plain(waterfall["after"]["shown"])))
    return table(("Cause", "Tests", "Amount"), (False, True, True), rows, "Change by cause")


def features(document: Document) -> str:
    """What each feature costs, and what it did in the baseline."""
    comparison = document.get("comparison")
    if comparison is None or not comparison["by_feature"]:
        return _shares(document, "feature", "Feature")
    costs: dict[str | None, Decimal] = {row["feature"]: amount(row["cost"]) for row in document["by_feature"]}
    whole, said = amount(document["totals"]["cost"]), feature_rows(comparison, ALL)
    values = {
        row["feature"]: [amount(row[key]) for key in ("before", "after", "change")] for row in comparison["by_feature"]
    }
    known = [values.get(label, [None] * 3) for label, _ in said]
    columns = [ranked([plain(cells[at]) for _, cells in said], [each[at] for each in known]) for at in range(3)]
    own = [costs.get(label) for label, _ in said]
    columns.append(ranked([share_bar(cost, whole) for cost in own], own))
    names = ["(no feature)" if label is None else name(label) for label, _ in said]
    head = ("Feature", "Before", "After", "Change", share_head(document))
    return table(
        head, (False, True, True, True, False), zip(names, *columns, strict=True), "Cost by feature", sorts=True
    )


def models(document: Document) -> str:
    """What each model costs."""
    return _shares(document, "model", "Model")


def tiers(document: Document) -> str:
    """What each tier costs."""
    return _shares(document, "tier", "Tier")


def _shares(document: Document, key: str, head: str) -> str:
    rows = document[f"by_{key}"]
    if not rows:
        return ""
    rest, lower = rest_of(document, rows), may_lack_calls(document)
    named = [(name(row[key]), row) for row in rows[:ALL]] + ([(f"(no {key})", rest)] if rest is not None else [])
    named.sort(key=lambda entry: -amount(entry[1]["cost"]))
    whole, own = amount(document["totals"]["cost"]), [row for _, row in named]
    costs, spent = ([amount(row[column]) for row in own] for column in ("cost", "spent"))
    shares = [None if row["at_least"] and not cost else cost for row, cost in zip(own, costs, strict=True)]
    columns = (
        ranked([number(row["calls"]) for row in own], [row["calls"] for row in own]),
        ranked([plain(tables.cost(row, lower=lower)) for row in own], costs),
        ranked([dollars(each) for each in spent], spent),
        ranked([share_bar(each, whole) for each in shares], shares),
    )
    cells = zip((label for label, _ in named), *columns, strict=True)
    heads = (head, "Calls", "Cost", "Spent", share_head(document))
    return table(heads, (False, True, True, True, False), cells, f"Cost by {key}", sorts=True)


def tokens_table(document: Document) -> str:
    """Tokens by kind, each with its share of them all and what it costs to the last digit: these add up to the run."""
    usage, costs = document["totals"]["usage"], costs_of_kinds(document, exact_dollars)
    rows = [(words, kind, usage[kind]) for words, kind in KINDS if usage[kind]]
    whole = sum(count for words, _, count in rows if words != "web searches")
    cells = [
        (
            plain(words),
            number(count),
            f"{rounded_percent(Decimal(count), Decimal(whole), None):f}%" if words != "web searches" else "",
            costs.get(kind, ""),
        )
        for words, kind, count in rows
    ]
    if ran := usage.get("session_microhours", 0):
        cells.append(("running time of sessions", plain(running_time(ran)), "", costs.get("session_microhours", "")))
    if not cells:
        return ""
    head, numbers = ("Kind", "Number", "Share", "Cost"), (False, True, True, True)
    if not costs:
        return table(head[:3], numbers[:3], [row[:3] for row in cells], "Tokens by kind")
    lower = "at least " if cost_not_known(document) else ""
    cells.append(("all", "", "", f"{lower}{exact_dollars(amount(document['totals']['cost']))}"))
    return table(head, numbers, cells, "Tokens by kind")


def calls(document: Document) -> str:
    """Calls and tries in a sentence."""
    return blocks(calls_lines(document["totals"]))


def months(document: Document) -> str:
    """A month by feature and scenario."""
    return blocks(projection_lines(document, ALL), "A month by feature and scenario")


def sites(document: Document, *, drawn: bool) -> str:
    """Which lines of code pay."""
    lines = lines_table(document)
    return chart("flame", "Cost by line of code", lines) if drawn and lines else lines


def failures(document: Document) -> str:
    """Tests that failed, what was not reached, and answers without a price."""
    run = document.get("run") or {}
    cut = run.get("interrupted") or ()
    failed = [test for test in run.get("failed") or () if test not in cut]
    lists = (
        ("Tests that failed: what they would have cost is not known", failed),
        ("Tests that were interrupted: what they would have cost is not known", cut),
        ("Not reached", run.get("not_reached")),
        ("Files that could not be collected", run.get("broken")),
    )
    made = [_list(title, names) for title, names in lists if names]
    if document["unpriced"]:
        rows = [
            (name(row["owner"]), name(row["model"] or "–", 80), name(row["reason"], 300), number(row["calls"]))
            for row in document["unpriced"][:ALL]
        ]
        head = ("Test", "Model", "Why its cost is not known", "Calls")
        made.append(table(head, (False, False, False, True), rows, "Answers whose cost is not known"))
    if lines := failed_lines(document):
        made.append(f"<h3>Failed attempts</h3>\n{blocks(lines)}")
    if lines := near_window_lines(document, ALL):
        made.append(f"<h3>Near the context window</h3>\n{blocks(lines)}")
    return "\n".join(made)


def _list(title: str, names: Sequence[str]) -> str:
    more = [f"<li>and {number(len(names) - ALL)} more</li>"] if len(names) > ALL else []
    items = "".join([*(f"<li><code>{name(each)}</code></li>" for each in names[:ALL]), *more])
    return f"<h3>{plain(title)}</h3>\n<ul>{items}</ul>"


def notes(document: Document, remarks: Iterable[str]) -> str:
    """What a reader should know before trusting the figures."""
    return blocks(_notes(document, remarks))


def _notes(document: Document, remarks: Iterable[str]) -> Iterator[str]:
    yield from remarks
    yield from tables.exempt(document, ALL)
    yield from tables.budget_changes(document, ALL)
    yield from tables.unmet(document, ALL)
    yield from notes_lines(document, ALL)
