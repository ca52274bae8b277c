"""A report that is judged away from its suite: the budget that it was held to is not at hand."""

from collections.abc import Callable
from pathlib import Path

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.files.load import Terms
from pytest_claude_budget.files.rootdir import project_of
from pytest_claude_budget.judge.read_report import LoadedReport

_MOST_FILES = 20
"""Test files that are looked for to tell where a suite is."""


def refuse_another_folder(loaded: LoadedReport, terms: Terms, here: Path, hint: Callable[[str], str]) -> None:
    """A report that another folder's budget judged would be judged by none here, or by the wrong one. Raises InputError.

    `hint` says what to do, of the folder in which pytest ran: its name, or empty where it is not known.
    """
    folder = _folder_of(loaded, here)
    if folder is None and (loaded.budget is None or terms.budget is not None):
        return
    what = "its tests are in another folder than this one"
    if terms.budget is None:
        what = f"it was judged by {loaded.budget or 'no budget file'} where its tests are, and there is no budget file here"
    raise InputError(Problem(slug="other-folder", where=loaded.shown, what=what, hint=hint(folder or "")))


def _folder_of(loaded: LoadedReport, here: Path) -> str | None:
    """The folder below that has the report's tests, where this one has none of them."""
    files = [name.partition("::")[0] for name in loaded.record.owners if "::" in name][:_MOST_FILES]
    rootdir = project_of(here).rootdir
    if not files or any((base / file).is_file() for file in files for base in (rootdir, here)):
        return None
    for file in files:
        if ".." in file or file.startswith("/") or any(sign in file for sign in "*?["):
            continue
        for depth in ("*", "*/*"):
            for path in sorted(here.glob(f"{depth}/{file}")):
                return path.relative_to(here).as_posix().removesuffix(f"/{file}")
    return None
