"""What a run was told to do: its budget, its rates, its reports. Bad input ends the run before it starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_claude_budget.budget import Budget
    from pytest_claude_budget.rates import RateTable

BUDGET_NAMES = ("claude-budget.yml", "claude-budget.yaml")
REPORT_KINDS = ("json",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """All that was written about a run."""

    budget: "Budget | None" = None
    rates: "RateTable | None" = None
    """Only where the budget changes the packaged table; else it is read when it is needed."""
    reports: tuple[tuple[str, Path], ...] = ()
    """Kind and file of each report that was asked for."""

    def rate_table(self) -> "RateTable":
        """The table in force."""
        if self.rates is not None:
            return self.rates
        from pytest_claude_budget.rate_files import packaged_rates

        return packaged_rates()


def find_budget(config: pytest.Config) -> tuple[Path | None, str]:
    """Find the budget file, and how to call it: the option, else the ini value, else the usual names."""
    option, ini = config.getoption("claude_budget"), config.getini("claude_budget")
    if option:
        return config.invocation_params.dir / option, str(option)
    if ini:
        return config.rootpath / str(ini), str(ini)
    for name in BUDGET_NAMES:
        path = config.rootpath / name
        if path.exists():
            return path, name
    return None, ""


def parse_report_options(config: pytest.Config) -> tuple[tuple[str, Path], ...]:
    """Read `--claude-budget-report=KIND:PATH`. Raises pytest.UsageError."""
    reports = []
    for text in config.getoption("claude_budget_report"):
        kind, colon, path = text.partition(":")
        if not colon or kind not in REPORT_KINDS or not path:
            raise pytest.UsageError(_report_problem(text))
        reports.append((kind, config.invocation_params.dir / path))
    return tuple(reports)


def _report_problem(text: str) -> str:
    from pytest_claude_budget.errors import Problem

    return str(
        Problem(
            slug="bad-report",
            where="--claude-budget-report",
            what=f"expected json:PATH, got {text[:100]!r}",
            hint="write it so, for example --claude-budget-report=json:claude-cost.json",
        )
    )


def read_setup(path: Path | None, shown: str, reports: Sequence[tuple[str, Path]]) -> Setup:
    """Read the budget and the rates that it names. Raises pytest.UsageError."""
    if path is None:
        return Setup(reports=tuple(reports))
    from pytest_claude_budget.budget_file import load_budget
    from pytest_claude_budget.errors import InputError
    from pytest_claude_budget.rate_files import rates_of

    try:
        budget, _ = load_budget(path, shown)
        rates = rates_of(budget, path.parent) if budget.rates_file or budget.aliases else None
    except InputError as error:
        raise pytest.UsageError(str(error)) from None
    return Setup(budget=budget, rates=rates, reports=tuple(reports))
