"""Parts of a page are laid out once for each of their sizes, however many forms of the page have them."""

from collections.abc import Iterator

import pytest

from pytest_claude_budget.render import comment_tables
from pytest_claude_budget.render.comment import comment
from pytest_claude_budget.render.comment_values import Document
from pytest_claude_budget.render.page_parts import Parts
from tests.golden.scenes import document


def test_a_part_is_laid_out_once_for_each_of_its_sizes() -> None:
    made: list[tuple[int, bool]] = []

    def rows(document: Document, most: int, *, brief: bool = False) -> Iterator[str]:
        made.append((most, brief))
        yield f"{document['name']}, {most} rows{', in brief' if brief else ''}"

    parts = Parts({"name": "refunds"})
    asked = [(1, False), (2, False), (1, True), (1, False), (2, False)]
    shown = [line for most, brief in asked for line in parts.of(rows, most, brief=brief)]
    assert ["refunds, 1 rows", "refunds, 2 rows", "refunds, 1 rows, in brief"] == shown[:3]
    assert shown[:2] == shown[3:]
    assert asked[:3] == made


def test_the_table_of_a_page_that_fits_after_many_tries_is_laid_out_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All that were tried have 200 rows; what is above the table was too long."""
    made: list[int | None] = []

    def changes(document: Document, most: int | None, where: str) -> list[str]:
        made.append(most)
        return laid_out(document, most, where)

    laid_out = comment_tables.changes
    monkeypatch.setattr(comment_tables, "changes", changes)
    comment(document("hostile"))
    assert [200] == made
