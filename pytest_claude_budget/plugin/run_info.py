"""Which part of the suite a session ran, and how it ended: what a comparison must know of tests that are not in it."""

import os
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from pytest_claude_budget.judge.report import RunInfo
from pytest_claude_budget.measure.current_owner import INSTALLED, file_outside
from pytest_claude_budget.plugin.outcomes import WhatRan
from pytest_claude_budget.record.selection import BY_A_PLUGIN, NOTHING_RAN, Selection

_MOST_FOLDERS = 2_000
"""That are looked through for tests which a run was not asked for."""
_NARROWING = (
    ("-k", "keyword"),
    ("-m", "markexpr"),
    ("--deselect", "deselect"),
    ("--lf", "lf"),
    ("--stepwise", "stepwise"),
    ("--ignore", "ignore"),
    ("--ignore-glob", "ignore_glob"),
    ("--collect-only", "collectonly"),
    ("--setup-only", "setuponly"),
    ("--setup-plan", "setupplan"),
)
"""Options of pytest that leave tests out, with their names in its configuration."""
_COLLECTING = frozenset(
    {
        "addopts",
        "collect_imported_tests",
        "norecursedirs",
        "python_classes",
        "python_files",
        "python_functions",
        "testpaths",
    }
)
"""Settings of pytest that, where `-o` overrides them, make another suite of it."""


def run_info(
    config: pytest.Config,
    exit_status: int,
    id_: str,
    what_ran: WhatRan,
    known: Iterable[str],
    refused: frozenset[str] = frozenset(),
) -> RunInfo:
    """Describe a run that has ended; `known` are the tests of its baseline, `refused` those of which a call was not sent."""
    narrowed = _narrowed(config, what_ran)
    not_run = what_ran.found - what_ran.ran
    outcome = _outcome(exit_status, what_ran)
    not_reached = not_run - what_ran.skipped - what_ran.failed - what_ran.begun if outcome != "passed" else ()
    selection = Selection(
        paths=tuple(sorted(_paths(config))),
        narrowed=narrowed,
        skipped=frozenset(what_ran.skipped.union(not_run if narrowed is None else ())),
        ran=frozenset(what_ran.ran),
        uncollected=frozenset(_uncollected(config.rootpath, what_ran, known)),
        failed=frozenset(what_ran.failed | what_ran.begun),
        interrupted=frozenset(what_ran.begun - what_ran.failed),
        xfailed=frozenset(what_ran.xfailed),
        refused=refused,
        not_reached=frozenset(not_reached),
        broken=frozenset(what_ran.broken),
    )
    return RunInfo(ids=(id_,), outcome=outcome, selection=selection)


def _narrowed(config: pytest.Config, what_ran: WhatRan) -> str | None:
    found = [option for option, name in _NARROWING if config.getoption(name, None)]
    overridden = {text.partition("=")[0].strip() for text in config.getoption("override_ini", None) or ()}
    found += [f"-o {name}" for name in sorted(overridden & _COLLECTING)]
    if what_ran.deselected and not found:
        found = [BY_A_PLUGIN]
    if not what_ran.ran and not found:
        found = [NOTHING_RAN]
    return ", ".join(found) or None


def _uncollected(root: Path, what_ran: WhatRan, known: Iterable[str]) -> Iterator[str]:
    """The files of known tests that are there and that nobody looked into; also conftests of other folders."""
    seen = {test.partition("::")[0] for test in (*what_ran.found, *what_ran.ran, *what_ran.skipped)} | what_ran.empty
    folders = {f"{file.rpartition('/')[0]}/conftest.py" for file in seen}
    for file in {test.partition("::")[0] for test in known} - seen - folders:
        if (root / file).is_file() or file.startswith(f"{INSTALLED[0]}/"):
            yield file


def _outcome(exit_status: int, what_ran: WhatRan) -> str:
    """How the tests ended. Where a session stopped by itself its status says no more than that it did."""
    if what_ran.interrupted:
        return "interrupted"
    if exit_status == pytest.ExitCode.INTERRUPTED and what_ran.stopped and not what_ran.broken:
        return "failed" if what_ran.failed else "passed" if what_ran.is_complete else "interrupted"
    if exit_status in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return "passed"
    return "failed" if exit_status == pytest.ExitCode.TESTS_FAILED else "interrupted"


def _paths(config: pytest.Config) -> set[str]:
    """What was asked for, relative to the rootdir; none where it is everything."""
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        return set()
    paths = set()
    for argument in config.args:
        path, border, rest = argument.partition("::")
        absolute = (config.invocation_params.dir / path).resolve()
        root = config.rootpath.resolve()
        if absolute == root or root.is_relative_to(absolute):
            return set()
        inside = absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else None
        paths.add((inside or file_outside(absolute, root) or path) + border + rest)
    named = config.getini("testpaths")
    if named and all(frozenset(paths) & _above(Path(path).as_posix()) for path in named):
        return set()  # it is all that pytest would look into by itself
    return paths if named or _has_others(config, frozenset(paths)) else set()


def _has_others(config: pytest.Config, paths: frozenset[str]) -> bool:
    """May there be a file of tests that the paths leave out? Where the tree is too large to look through, there may."""
    root, skipped, patterns = config.rootpath, config.getini("norecursedirs"), config.getini("python_files")
    for looked, (folder, folders, files) in enumerate(os.walk(root)):
        if looked > _MOST_FOLDERS or any(fnmatch(file, pattern) for file in files for pattern in patterns):
            return True
        inside = Path(folder).relative_to(root)
        folders[:] = [
            name for name in folders if (inside / name).as_posix() not in paths and not _is_aside(folder, name, skipped)
        ]
    return False


def _is_aside(folder: str, name: str, skipped: Iterable[str]) -> bool:
    """Does pytest not look into such a folder: a hidden one, or a virtual environment?"""
    return any(fnmatch(name, pattern) for pattern in skipped) or (Path(folder, name) / "pyvenv.cfg").is_file()


def _above(path: str) -> set[str]:
    """A folder, and all that it lies in."""
    return {path, *(parent.as_posix() for parent in Path(path).parents)}
