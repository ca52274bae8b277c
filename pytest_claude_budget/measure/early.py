"""Measures pytest before it loads this plugin: one that its command line names by `-p` is imported before, and may call Claude then.

The wheel's `.pth` file calls this where the command line has such an option. What is seen is the plugin's once it is loaded; where it
never is, nobody's.
"""

import atexit
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_claude_budget.measure.run import Run

_PROGRAMS = frozenset(("pytest", "py.test", "pytest.exe", "py.test.exe"))
_WHERE = 4
"""Words of a command line among which pytest's own name is: `python -X dev -m pytest` has the most of the usual ones."""
EARLY: "list[Run]" = []
"""The run that looks on until the plugin is there. Module state: the interpreter's start-up and a plugin have no other place in common."""


def start(arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    """Look on from here, where this is a pytest that imports plugins before ours."""
    if EARLY or not is_wanted(arguments, environ):
        return
    import tempfile
    from pathlib import Path

    from pytest_claude_budget.measure.run import Run, new_ledger_path

    run = Run(new_ledger_path(Path(tempfile.gettempdir())), "")
    EARLY.append(run)
    atexit.register(_forget)
    run.look_on()


def is_wanted(arguments: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Does a command line run pytest, with a plugin by name, and with this one?"""
    names = (each.replace("\\", "/").rpartition("/")[2] for each in arguments[: _WHERE + 1])
    if _PROGRAMS.isdisjoint(names) or "PYTEST_DISABLE_PLUGIN_AUTOLOAD" in environ:
        return False
    words = [*arguments, *environ.get("PYTEST_ADDOPTS", "").split()]
    named = [word[2:] or following for word, following in zip(words, [*words[1:], ""], strict=True) if word[:2] == "-p"]
    if "--no-claude-budget" in words or any(each.startswith("no:") and "claude" in each for each in named):
        return False
    return any(not each.startswith("no:") for each in named)


def take_over(ledger: "Path") -> None:
    """Look on no more, and bring what was seen to a run that begins; it was outside of tests."""
    if not EARLY:
        return
    run = EARLY.pop()
    atexit.unregister(_forget)
    run.stop()
    from pytest_claude_budget.ledger.outside import make_folder
    from pytest_claude_budget.ledger.paths import journals_of

    for journal in journals_of(run.path):
        import shutil

        make_folder(ledger.parent)
        shutil.move(journal, ledger.with_name(ledger.name + journal.name.removeprefix(run.path.name)))


def _forget() -> None:
    """Nobody took it over: leave nothing behind."""
    from pytest_claude_budget.ledger.paths import journals_of

    while EARLY:
        run = EARLY.pop()
        run.stop()
        for journal in journals_of(run.path):
            with suppress(OSError):
                journal.unlink()
