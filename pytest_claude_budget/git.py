"""What git has of a file at another commit. Asks `git` itself, changes nothing, and takes no name for an option."""

import subprocess
from pathlib import Path

from pytest_claude_budget.errors import InputError, Problem
from pytest_claude_budget.values import value_class

LONGEST_SECONDS = 30.0


@value_class(frozen=True, kw_only=True, slots=True)
class AtCommit:
    """A file as it was."""

    commit: str
    """Abbreviated."""
    text: str | None
    """None where the commit has no such file."""


def file_at(ref: str, name: str, folder: Path) -> AtCommit:
    """Read a file of a folder at a commit, branch or tag. Raises InputError where there is no such commit."""
    shown = f"git:{ref}"
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "--short", "--end-of-options", f"{ref}^{{commit}}")
    if commit is None:
        what = "expected a branch, tag or commit of this repository, and git knows none by that name"
        hint = "fetch it first; a shallow checkout has one commit only: git fetch --depth=1 origin main"
        raise InputError(Problem(slug="bad-ref", where=shown[:200], what=what, hint=hint))
    return AtCommit(commit=commit.strip(), text=_git(folder, "show", f"{commit.strip()}:./{name}"))


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints; None where it fails. Raises InputError where there is no git."""
    try:
        ended = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        what = f"git could not be asked ({type(error).__name__})"
        hint = "install git, or name a file instead: --claude-budget-baseline=claude-budget.lock.json"
        raise InputError(Problem(slug="no-git", where="git", what=what, hint=hint)) from None
    return ended.stdout.decode("utf-8", "replace") if ended.returncode == 0 else None
