"""What only an extra of the package brings is not there in most installations: one sentence for that, and the way out."""

import importlib.util
from collections.abc import Sequence

from pytest_claude_budget.base.errors import Problem

_PARTS = {
    "action": "what speaks to GitHub",
    "gateway": "what passes requests on",
    "postgres": "what reaches a database",
}
"""Each extra, and what it is for."""


def missing_extra(where: str, extra: str, modules: Sequence[str]) -> Problem | None:
    """Say what is to be installed; None where these modules are there. Imports nothing."""
    if all(importlib.util.find_spec(module) is not None for module in modules):
        return None
    what = f"{_PARTS[extra]} is not installed: it comes with an extra"
    package = f"pytest-claude-budget[{extra}]"
    hint = f"install {package}, for example: pip install '{package}'"
    return Problem(slug="no-extra", where=where, what=what, hint=hint)
