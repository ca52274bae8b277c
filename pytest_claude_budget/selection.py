"""Which part of the suite a run was asked for, and how it ended: what a comparison must know of tests that are not there."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from pytest_claude_budget.compare import Selection
from pytest_claude_budget.report import RunInfo
from pytest_claude_budget.shards import BY_A_PLUGIN

_NARROWING = (
    ("-k", "keyword"),
    ("-m", "markexpr"),
    ("--deselect", "deselect"),
    ("--lf", "lf"),
    ("--stepwise", "stepwise"),
    ("--ignore", "ignore"),
    ("--ignore-glob", "ignore_glob"),
)
"""Options of pytest that leave tests out, with their names in its configuration."""


def run_info(config: pytest.Config, exit_status: int, *, deselected: bool, skipped: Iterable[str], id_: str) -> RunInfo:
    """Describe a run that has ended."""
    return RunInfo(
        ids=(id_,),
        outcome=_outcome(exit_status),
        selection=Selection(
            paths=tuple(sorted(_paths(config))), narrowed=_narrowed(config, deselected), skipped=frozenset(skipped)
        ),
    )


def _outcome(exit_status: int) -> str:
    if exit_status in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return "passed"
    return "failed" if exit_status == pytest.ExitCode.TESTS_FAILED else "interrupted"


def _narrowed(config: pytest.Config, deselected: bool) -> str | None:  # noqa: FBT001  # passed on as it is
    found = [option for option, name in _NARROWING if config.getoption(name, None)]
    if deselected and not found:
        found = [BY_A_PLUGIN]
    return ", ".join(found) or None


def _paths(config: pytest.Config) -> set[str]:
    """What was asked for, relative to the rootdir; none where it is everything."""
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        return set()
    paths = set()
    for argument in config.args:
        path, border, rest = argument.partition("::")
        absolute = (config.invocation_params.dir / path).resolve()
        root = config.rootpath.resolve()
        if absolute == root or root.is_relative_to(absolute):
            return set()
        if absolute.is_relative_to(root):
            paths.add(Path(absolute.relative_to(root)).as_posix() + border + rest)
    return paths
