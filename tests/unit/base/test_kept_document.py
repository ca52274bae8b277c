"""What is kept of a document is the document: each value, each digit and each place."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.base.kept_document import as_kept, document_of
from pytest_claude_budget.base.yaml_document import parse_yaml

BUDGET = """\
version: 1
limits:
  - scope: run
    max_cost: 2.00
    warn_at: 80%
  - &one {scope: test, match: "täst\\n**", max_calls: 5_000, max_cost: 1e+3}
  - *one
on: [true, ~, 0.10, -7, "7", 'x', {}, []]
"""


def kept(document: Any) -> Any:
    return json.loads(json.dumps(as_kept(document)))


def types_in(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: types_in(each) for key, each in value.items()}
    return [types_in(each) for each in value] if isinstance(value, list) else (type(value), str(value))


def test_a_document_comes_back_as_it_was() -> None:
    """Also an amount of which the zeros count, and a value that stands in two places."""
    document = parse_yaml(BUDGET, "b.yml")
    again = document_of(kept(document), "b.yml")
    assert again == document
    assert types_in(again.value) == types_in(document.value)
    assert again.value["limits"][1]["max_cost"] == Decimal(1000)
    assert again.where_key(("limits", 2, "max_calls")) == document.where_key(("limits", 2, "max_calls"))


@given(st.text(alphabet="ab:- \n\"'#&*[]{},01.e~", max_size=60))
def test_every_text_that_is_a_document_does(text: str) -> None:
    try:
        document = parse_yaml(text, "x")
    except InputError:
        return
    again = document_of(kept(document), "x")
    assert (again, types_in(again.value)) == (document, types_in(document.value))  # type: ignore[union-attr]  # it is one


@pytest.mark.parametrize(
    "found",
    [
        None,
        7,
        "x",
        {},
        [],
        [1, 1, 0],
        [1, 1, 0, 0.5],
        [1, 1, 0, []],
        [1, "1", 0, "x"],
        [True, 1, 0, "x"],
        [1, 1, 1, 7],
        [1, 1, 1, "cheap"],
        [1, 1, 2, {}],
        [1, 1, 2, [7]],
        [1, 1, 3, [["a", 1, 1]]],
        [1, 1, 3, [[7, 1, 1, [1, 1, 0, "x"]]]],
        [1, 1, 3, [["a", 1, 1, [1, 1, 0, "x"]], ["a", 2, 1, [2, 1, 0, "y"]]]],
        [1, 1, 4, "x"],
    ],
)
def test_anything_else_is_no_document(found: object) -> None:
    """A cache may hold anything; the file is parsed then."""
    assert document_of(found, "x") is None


def test_nesting_beyond_any_use_is_no_document() -> None:
    found: list[Any] = [1, 1, 0, "x"]
    for _ in range(100_000):
        found = [1, 1, 2, [found]]
    assert document_of(found, "x") is None
