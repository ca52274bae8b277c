"""Which lines of the product a change comes from, of a JSON report: call sites that are in no file of tests."""

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_claude_budget.render.markdown_text import amount, code, counted, number, signed, table


def product_changes(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The product's functions whose calls cost more or less than in the baseline, the largest change first."""
    tests = _files_of_tests(document)
    rows = (document.get("comparison") or {}).get("by_site") or ()
    return [row for row in rows if is_product(row["file"], tests)]


def _files_of_tests(document: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(row["owner"].partition("::")[0] for row in document["by_owner"])


def is_product(file: str, tests: frozenset[str]) -> bool:
    """Is a file neither one that owners are in, nor named as tests are?"""
    name = file.rpartition("/")[2]
    return (
        file not in tests and name != "conftest.py" and not name.startswith("test_") and not name.endswith("_test.py")
    )


def sites_of_owners(document: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The line of the product that moved each owner most, where it is known."""
    tests = _files_of_tests(document)
    rows = (document.get("comparison") or {}).get("owners") or ()
    found = ((row["owner"], row.get("site")) for row in rows)
    return {owner: site for owner, site in found if site is not None and is_product(site["file"], tests)}


def function_name(function: str) -> str:
    """As a person calls it: `Desk.reply()`."""
    return function if function.endswith(">") else f"{function}()"


def in_product(document: Mapping[str, Any], most: int) -> Iterator[str]:
    """Name the functions of the product that the change comes from, in one line of Markdown; none where nobody knows."""
    rows = product_changes(document)
    if not rows or not most:
        return
    parts = [
        f"{code(function_name(row['function']))} in {code(_place(row))}: "
        f"{signed(amount(row['change']))} in {counted(row['owners'], 'test')}"
        for row in rows[:most]
    ]
    more = f" · {len(rows) - most:,} more" if len(rows) > most else ""
    yield from ("", f"**In your code:** {' · '.join(parts)}{more}")


def function_rows(document: Mapping[str, Any], most: int | None) -> list[str]:
    """All functions whose calls cost more or less, as a table; empty where nobody knows of any."""
    rows = (document.get("comparison") or {}).get("by_site") or ()
    cells = [
        [
            code(function_name(row["function"]), 80),
            code(_place(row)),
            signed(amount(row["change"])),
            number(row["owners"]),
        ]
        for row in rows[:most]
    ]
    return table(("Function", "Place", ">Change", ">Tests"), cells) if cells else []


def _place(row: Mapping[str, Any]) -> str:
    return row["file"] if row["line"] is None else f"{row['file']}:{row['line']}"


def site_sentence(row: Mapping[str, Any]) -> str:
    """The same of one function in plain words, where its place is told already: `Desk.reply(): +$0.027 in 3 tests`."""
    return f"{function_name(row['function'])}: {signed(amount(row['change']))} in {counted(row['owners'], 'test')}"
