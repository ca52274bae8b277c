"""The table of docs/comparison.md: what was asked, and what each tool answered."""

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from bench.peers.cases import CASES, Case

ADAPTERS = Path(__file__).parent / "adapters"
CLOSE = Decimal("1e-9")
"""Dollars: tools that reckon in floats are not held to their last digit."""
BEGIN, END = "<!-- python -m bench.peers writes this -->\n", "<!-- up to here -->"


def cell(case: Case, told: str) -> str:
    """A tool's answer to a case: right, another amount, or why there is none."""
    kind, _, _ = told.partition(":")
    if kind == "no way":
        return "–"
    if kind in ("none", "error"):
        return "✓" if case.right is None else {"none": "not known", "error": "error"}[kind]
    amount = Decimal(told)
    if case.right is not None and abs(amount - Decimal(case.right)) < CLOSE:
        return "✓"
    return f"**{dollars(amount)}**"


def dollars(amount: Decimal) -> str:
    """To the digit that tells it from the right one, without what floats leave behind."""
    text = f"{round(amount, 8):f}".rstrip("0").rstrip(".")
    return f"${text or '0'}"


def tables(answers: Mapping[str, Mapping[str, str]]) -> str:
    """Both tables; `answers` has each tool's title with what it said of each case."""
    asked = [f"| {case.name} | {case.what} | {case.sum} | {right(case)} |" for case in CASES]
    rows = [
        f"| {title} | " + " | ".join(cell(case, told.get(case.name, "error")) for case in CASES) + " |"
        for title, told in answers.items()
    ]
    head = f"| tool | {' | '.join(case.name for case in CASES)} |\n| --- |{' ---: |' * len(CASES)}"
    sums = "| answer | what it is | list price, for a million tokens | right |\n| --- | --- | --- | ---: |"
    return "\n".join([sums, *asked, "", "What each tool charges:", "", head, *rows, ""])


def right(case: Case) -> str:
    """The right amount, or that nobody can know."""
    return f"${case.right}" if case.right else "not known"


def ways(adapters: Mapping[str, str]) -> str:
    """How each tool was asked: the first lines of its adapter, by its title."""
    lines = []
    for title, name in adapters.items():
        text = (ADAPTERS / name).read_text(encoding="utf-8")
        found = re.match(r'"""(.*?)"""|// ([^\n]*)', text, re.S)
        assert found is not None, name
        said = " ".join((found[1] or found[2]).split()).partition(": ")[2]
        lines.append(f"- **{title}**: {said}")
    return "\n".join([*lines, ""])


def written(page: str, made: str) -> str:
    """The page with what was made between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"the page has no place for the table, which is between {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n{made}\n{END}{after}"
