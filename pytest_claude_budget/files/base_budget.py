"""The budget file at the commit that a run is compared with: a limit that a change adds or lowers is a new one."""

from contextlib import suppress
from pathlib import Path

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.base.schema_errors import validate
from pytest_claude_budget.budget.difference import Base
from pytest_claude_budget.budget.limits import Budget, parse_budget
from pytest_claude_budget.files.baseline_file import GIT, Loaded
from pytest_claude_budget.files.git import file_at
from pytest_claude_budget.files.read_write import decoded, parse_yaml_text, schema
from pytest_claude_budget.files.rootdir import BUDGET_NAMES


def base_of(loaded: Loaded | None, path: Path, budget: Budget | None, commit: str = "") -> Base | None:
    """What the base was judged by; None where that cannot be told, as of a lock file that has no commit.

    Args:
        loaded: the baseline.
        path: where the budget file lies, or would.
        budget: the one of this change: taken where not a byte differs.
        commit: where the baseline was measured, if that is no lock file at a commit.
    """
    if loaded is None or not (loaded.baseline.kind == "git" or commit):
        return None
    source = loaded.baseline.source if loaded.baseline.kind == "git" else f"{GIT}{commit}"
    others = BUDGET_NAMES if path.name in BUDGET_NAMES else ()
    with suppress(InputError):  # git has told why already, where it was asked for the lock file
        for name in dict.fromkeys((path.name, *others)):
            data = file_at(source.removeprefix(GIT), name, path.parent).data
            if data is not None:
                same = budget is not None and path.name == name and path.read_bytes() == data
                return Base(budget=budget if same else _read(data, f"{source}:{name}"))
        return Base(budget=None)
    return None


def _read(data: bytes, shown: str) -> Budget:
    """Raises InputError where this version does not understand what was written then."""
    document = parse_yaml_text(decoded(data, shown), shown)
    problems = validate(document, schema("budget"))
    if problems:
        raise InputError(*problems)
    return parse_budget(document.value, document.where, shown)
