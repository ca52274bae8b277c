"""What a page of a report looks like and how it moves: its style sheet and its scripts, from the package's files."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.base.unusable_files import not_allowed
from pytest_claude_budget.files.read_write import package_data, read_json, read_text
from pytest_claude_budget.judge.read_report import read_report
from pytest_claude_budget.render.html_page import Looks, page

D3 = ("array", "color", "format", "interpolate", "time", "time-format", "scale", "selection", "axis", "hierarchy")
"""The modules of D3 that the charts are drawn with, each behind those that it needs."""
SCRIPTS = ("shared", "waterfall", "bars", "flame", "through_time", "table", "page")
"""Our own, in the order in which they are loaded."""


@lru_cache(maxsize=1)
def packaged_looks() -> Looks:
    """Read them. Raises InputError where the installation is broken."""
    folder = package_data("html")
    library = [_text(folder / "d3" / f"d3-{module}.min.js").rstrip("\n") for module in D3]
    own = [_text(folder / f"{name}.js") for name in SCRIPTS]
    return Looks(style=_text(folder / "page.css"), scripts=(";\n".join(library), '"use strict";\n' + "\n".join(own)))


def _text(path: Path) -> str:
    return read_text(path, path.name)


def page_of_file(path: Path, shown: str, history: Mapping[str, Any] | None = None) -> str:
    """Lay a JSON report out as it was judged; `shown` is the file as the user knows it. Raises InputError.

    `history` is what the lock file's versions came to, as `claude-budget history --format json` prints it.
    """
    document: Any = read_json(path, shown)
    read_report(document, shown)
    try:
        return page(document, packaged_looks(), history)
    except InputError:
        raise
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:  # what is read only to be shown
        raise not_allowed(shown, "the file", "a whole JSON report of pytest-claude-budget", error) from None
