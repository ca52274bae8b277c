"""Prompts that are to be estimated: text or the JSON of a request, with `{{variables}}`, and a table of their values."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.files.read_write import parse_json, read_text

MOST_ROWS = 10_000
_MOST_BYTES = 64 * 1024 * 1024
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}")
_WRITES = "name a text file, which is one user message, or the JSON body of a request"
_WRITES_VALUES = "name a CSV file whose first line has the names of the variables, or a JSON list of objects"
Row = Mapping[str, str]


@value_class(frozen=True, kw_only=True, slots=True)
class Prompt:
    """One request as it is written, before its variables have values."""

    shown: str
    request: Mapping[str, Any]
    variables: tuple[str, ...]


def read_prompt(path: str, system: str | None) -> Prompt:
    """Read a prompt; `system` is a file with its system prompt. Raises InputError."""
    text = read_text(Path(path), path, _MOST_BYTES, _WRITES)
    request: dict[str, Any]
    if path.endswith(".json"):
        value = parse_json(text, path)
        if not isinstance(value, dict) or not isinstance(value.get("messages"), list):
            what = "expected the JSON body of a request, with messages"
            raise InputError(Problem(slug="no-request", where=path, what=what, hint=_WRITES))
        request = value
    else:
        request = {"messages": [{"role": "user", "content": text}]}
    if system is not None:
        request = {**request, "system": read_text(Path(system), system, _MOST_BYTES, "name a text file")}
    return Prompt(shown=path, request=request, variables=tuple(dict.fromkeys(_variables(request))))


def _variables(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from _VARIABLE.findall(value)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _variables(each)
    elif isinstance(value, list):
        for each in value:
            yield from _variables(each)


def read_values(path: str) -> Sequence[Row]:
    """Read a table of values: CSV, or a JSON list of objects where the name ends so. Raises InputError."""
    text = read_text(Path(path), path, _MOST_BYTES, _WRITES_VALUES)
    rows = list(_rows_of_json(text, path) if path.endswith(".json") else _rows_of_csv(text, path))
    if not rows or len(rows) > MOST_ROWS:
        what = f"expected from 1 to {MOST_ROWS:,} rows of values, got {len(rows):,}"
        raise InputError(Problem(slug="bad-values", where=path, what=what, hint=_WRITES_VALUES))
    return rows


def _rows_of_csv(text: str, path: str) -> Iterator[Row]:
    lines = csv.DictReader(text.splitlines(keepends=True))
    try:
        for row in lines:
            if None in row or None in row.values():
                what = f"expected {len(lines.fieldnames or ())} values, as the first line names, got another number"
                where = f"{path}:{lines.line_num}"
                raise InputError(Problem(slug="bad-values", where=where, what=what, hint=_WRITES_VALUES))
            yield row
    except csv.Error as error:
        problem = Problem(slug="bad-values", where=f"{path}:{lines.line_num}", what=f"{error}", hint=_WRITES_VALUES)
        raise InputError(problem) from None


def _rows_of_json(text: str, path: str) -> Iterator[Row]:
    value = parse_json(text, path)
    for at, row in enumerate(value if isinstance(value, list) else [value]):
        if not isinstance(row, dict):
            what = "expected an object with the values of the variables"
            raise InputError(Problem(slug="bad-values", where=f"{path}: [{at}]", what=what, hint=_WRITES_VALUES))
        yield {name: each if isinstance(each, str) else str(each) for name, each in row.items()}


def filled(prompt: Prompt, rows: Sequence[Row], shown: str | None) -> Iterator[Mapping[str, Any]]:
    """The requests that a prompt becomes: one for each row, or itself where it has no variables. Raises InputError."""
    if not prompt.variables:
        yield prompt.request
        return
    if shown is None:
        names = ", ".join(f"{{{{{name}}}}}" for name in prompt.variables[:5])
        hint = f"give their values: --values values.csv, whose first line is {','.join(prompt.variables[:5])}"
        raise InputError(Problem(slug="no-values", where=prompt.shown, what=f"expected values for {names}", hint=hint))
    for at, row in enumerate(rows, 1):
        if (missing := next((name for name in prompt.variables if name not in row), None)) is not None:
            has = ", ".join(row) or "nothing"
            what = f"expected a value of {{{{{missing}}}}}, which {prompt.shown} has, in row {at}; it has {has[:200]}"
            raise InputError(Problem(slug="no-values", where=shown, what=what, hint=f"add a column {missing}"))
        yield _with_values(prompt.request, row)


def _with_values(value: Any, row: Row) -> Any:
    if isinstance(value, str):
        return _VARIABLE.sub(lambda found: row[found[1]], value)
    if isinstance(value, Mapping):
        return {name: _with_values(each, row) for name, each in value.items()}
    return [_with_values(each, row) for each in value] if isinstance(value, list) else value
