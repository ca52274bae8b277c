"""JSON reports on disk: found by glob, and a stranger's taken for no more than its form allows."""

import glob
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.files.read_write import read_json, schema
from pytest_claude_budget.judge.read_report import read_report

LARGEST = 32 * 1024 * 1024
"""Bytes of a report of our own repository."""
LARGEST_FOREIGN = 5 * 1024 * 1024
"""Bytes of a report that a fork's run made."""


def find_reports(patterns: str, folder: Path) -> list[Path]:
    """The files that paths or globs, one a line, mean below a folder; each once, in order. Raises InputError for none."""
    names = {
        name
        for pattern in patterns.splitlines()
        if pattern.strip()
        for name in glob.glob(pattern.strip(), root_dir=folder, recursive=True)  # noqa: PTH207  # takes absolute ones too
    }
    found = {(folder / name).resolve() for name in names if (folder / name).is_file()}
    if not found:
        hint = "let pytest write it: --claude-budget-report=json:PATH; or give the command to run: under run:"
        what = f"no file is called {patterns.strip()[:200]!r}"
        raise InputError(Problem(slug="no-report", where="input report", what=what, hint=hint))
    return sorted(found)


def foreign_report(patterns: str, folder: Path) -> Mapping[str, Any]:
    """The one report that came from elsewhere, held to size and schema. Raises InputError."""
    paths = [path for path in find_reports(patterns, folder) if path.is_relative_to(folder.resolve())]
    if len(paths) != 1:
        raise _refused("input report", f"expected one report, got {len(paths)}")
    path = paths[0]
    if path.stat().st_size > LARGEST_FOREIGN:
        raise _refused(path.name[:80], f"it is larger than {LARGEST_FOREIGN:,} bytes")
    return valid_document(read_json(path, path.name[:80]), path.name[:80])


def valid_document(value: object, shown: str) -> Mapping[str, Any]:
    """A report that `schemas/report.schema.json` allows. Raises InputError."""
    from jsonschema import Draft202012Validator

    try:
        error = next(Draft202012Validator(schema("report")).iter_errors(value), None)
    except RecursionError:
        raise _refused(shown, "it is nested beyond any use") from None
    if error is not None:
        place = "/".join(map(str, error.absolute_path))[:80]
        raise _refused(shown, f"it is no report: {place or 'the whole'} breaks {error.validator!r}")
    read_report(value, shown)  # amounts and counts beyond any use are refused here
    document: Mapping[str, Any] = value  # type: ignore[assignment]  # the schema says that it is an object
    return document


def _refused(where: str, what: str) -> InputError:
    hint = "it is not as pytest-claude-budget writes one, and was perhaps changed; nothing was posted"
    return InputError(Problem(slug="bad-foreign-report", where=where, what=what, hint=hint))
