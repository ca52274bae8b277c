"""What a report says to GitHub besides its Markdown: outputs and annotations."""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import PurePosixPath
from posixpath import normpath
from typing import Any

from pytest_claude_budget.base.money import exact, to_json
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.compare.not_compared import missed, reasons
from pytest_claude_budget.judge.increases import INCREASES
from pytest_claude_budget.render.comment_values import is_at, not_known, only_warns
from pytest_claude_budget.render.phrases import nearness
from pytest_claude_budget.render.product_code import product_changes, site_sentence, sites_of_owners
from pytest_claude_budget.render.terminal_text import printable

MOST_ANNOTATIONS = 10
NOT_COMPARED = "Claude cost: not compared"
_PLACE = re.compile(r"(?P<file>.+?):(?P<line>[1-9]\d{0,8})(?::\d+)?")


@value_class(frozen=True, kw_only=True, slots=True)
class Annotation:
    """A line of text at a line of a file."""

    level: str
    """`error` or `warning`."""
    text: str
    title: str
    file: str | None = None
    """Below the workspace; None where the text belongs to no file of it."""
    line: int | None = None


def annotations_of(document: Mapping[str, Any], folder: str) -> list[Annotation]:
    """At the code that is over, and at the limit that it is over; the largest first, ten in all.

    The code is the line of the product that moved the cost most, where it is known, else the test's. `folder` is where the run's paths begin, relative to the workspace.
    """
    verdict = document["verdict"]
    unknown = [
        Annotation(level="error", text=printable(reason, 500), title="Claude cost: not known in full")
        for reason in (reasons(document) if verdict["outcome"] == "incomplete" else ())
    ]
    unknown += [
        Annotation(level="error", text=printable(text, 500), title="Claude cost: calls were refused")
        for text in verdict.get("capped") or ()
    ]
    apart = missed(document)
    if apart is not None:
        level = "error" if verdict["outcome"] == "incomplete" else "warning"
        text = "; ".join(filter(None, (apart["why"], apart["next"])))
        unknown.append(Annotation(level=level, text=printable(text, 500), title=NOT_COMPARED))
    places = _Places(document)
    found = [
        annotation
        for level, breaches in (("error", verdict["breaches"]), ("warning", verdict["warnings"]))
        for breach in sorted(breaches, key=_excess, reverse=True)
        for annotation in _of_breach(breach, level, places, folder)
    ]
    return [*found, *unknown][:MOST_ANNOTATIONS]


class _Places:
    """Where the code is that a breach is about, with what is said of it. A line of the product has one annotation."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._tests = {row["owner"]: row.get("place", "") for row in document["by_owner"]}
        self._of_owners = sites_of_owners(document)
        rows = {(row["file"], row["function"]): row for row in product_changes(document)}
        self._whole = {key: row for key, row in rows.items() if row["line"] is not None}
        self._said: set[tuple[str, str]] = set()

    def of(self, breach: Mapping[str, Any]) -> tuple[str, str]:
        """`file:line` and what to say first: of the product, else of the test; both empty where nobody knows."""
        site = self._of_owners.get(breach["name"])
        if site is None and breach["scope"] == "run" and breach["measure"] in INCREASES:
            site = next((row for row in self._whole.values() if not row["change"].startswith("-")), None)
        key = ("", "") if site is None else (site["file"], site["function"])
        row = self._whole.get(key)
        if row is None or key in self._said:
            return self._tests.get(breach["name"], ""), ""
        self._said.add(key)
        return f"{row['file']}:{row['line']}", f"{site_sentence(row)}; "


def _of_breach(breach: Mapping[str, Any], level: str, places: _Places, folder: str) -> Iterator[Annotation]:
    code, said = places.of(breach)
    text = printable(breach["text"], 500)
    title = f"Claude cost: {'over' if level == 'error' else nearness(is_at(breach), 0, only_warns(breach))} a limit"
    for place in dict.fromkeys((code, breach["where"])):
        file, line = located(place, folder)
        if file is not None or place == breach["where"]:
            whole = printable(f"{said}{breach['text']}", 500) if place == code else text
            yield Annotation(level=level, text=whole, title=title, file=file, line=line)


def located(place: str, folder: str) -> tuple[str | None, int | None]:
    """The file below the workspace and the line of a `file:line`; nothing of what lies outside or is no such place."""
    found = _PLACE.fullmatch(place)
    if found is None or not place.isprintable() or len(place) > 1000:
        return None, None
    # What lies above the folder of the run, as a budget file at pytest's rootdir may, has dots in its path.
    path = PurePosixPath(normpath(PurePosixPath(folder.replace("\\", "/"), found["file"].replace("\\", "/"))))
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", found["file"]):
        return None, None
    return str(path), int(found["line"])


def _excess(breach: Mapping[str, Any]) -> Decimal:
    """How many times the limit: comparable among dollars, calls, tokens and percents."""
    value, maximum = (_number(breach[name]) for name in ("value", "maximum"))
    return value / maximum if maximum else Decimal("Infinity")


def _number(value: str | int) -> Decimal:
    """`0.25`, `3` or `38.3%`; what is new has no percentage, and is more than any."""
    try:
        return Decimal(str(value).removesuffix("%").removeprefix("+"))
    except InvalidOperation:
        return Decimal("Infinity")


def outputs_of(document: Mapping[str, Any]) -> dict[str, str]:
    """The action's outputs that come from the report. Money is exact; what there is none of is empty, as is what is not known."""
    comparison = document.get("comparison") or {}
    totals = document["totals"]
    unknown = comparison.get("at_least") or (comparison and not_known(document))
    if unknown:  # what is not known is no change, and no saving
        comparison = {**comparison, "change": "", "change_percent": ""}
    return {
        "verdict": document["verdict"]["outcome"],
        "cost": totals["cost"],
        "spent": totals["spent"],
        "cost-before": comparison.get("before") or "",
        "change": comparison.get("change") or "",
        "change-percent": comparison.get("change_percent") or "",
        "projected-monthly": _projected(document["projection"]),
    }


def _projected(rows: Sequence[Mapping[str, Any]]) -> str:
    """All features' month at average volume; empty where one of them is not known in full."""
    average = [row for row in rows if row["scenario"] == "average"]
    if any(row["after"] is None or row.get("after_at_least", row.get("at_least")) for row in average):
        return ""
    months = [Decimal(row["after"]) for row in average]
    with exact():
        return to_json(sum(months, Decimal(0))) if months else ""
