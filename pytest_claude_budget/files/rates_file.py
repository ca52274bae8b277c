"""The rate table in force: the packaged one, with what a budget file changes in it."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.budget.limits import Budget
from pytest_claude_budget.files.checked_yaml import Memory, read_checked
from pytest_claude_budget.files.read_write import IS_A_FOLDER, NO_SUCH_FILE, load_rates_document
from pytest_claude_budget.pricing.model_hints import did_you_mean
from pytest_claude_budget.pricing.rates import RateTable, parse_rates


@lru_cache(maxsize=1)
def packaged_rates() -> RateTable:
    """The table that the package carries. Raises InputError where the installation is broken."""
    return parse_rates(load_rates_document())


def rates_of(budget: Budget, folder: Path, memory: Memory | None = None) -> RateTable:
    """The packaged table, with the file and the aliases that a budget names.

    Args:
        budget: whose `rates` are applied.
        folder: the budget file's, to which `rates.file` is relative.
        memory: of files that were checked before.

    Raises InputError with every problem of the file, and for an alias of what has no rates.
    """
    table = packaged_rates()
    if budget.rates_file is not None:
        try:
            document = read_checked(folder / budget.rates_file, budget.rates_file, "rates-overrides", memory)
        except InputError as error:
            raise _at_its_line(error, budget) from None
        table = table.with_overrides(document.value)
    problems = [_no_rates(alias, target, budget, table) for alias, target in budget.aliases.items()]
    if any(problems):
        raise InputError(*filter(None, problems))
    return table.with_aliases(budget.aliases)


def _at_its_line(error: InputError, budget: Budget) -> InputError:
    """Where there is no such file, the line that names it is what is wrong."""
    (problem, *_) = error.problems
    if problem.slug not in (NO_SUCH_FILE, IS_A_FOLDER):
        return error
    what = f"rates.file: {problem.what}: {budget.rates_file}"
    hint = "write a path that is relative to this file, or remove the line"
    return InputError(replace(problem, where=budget.places["rates", "file"], what=what, hint=hint))


def _no_rates(alias: str, target: str, budget: Budget, table: RateTable) -> Problem | None:
    if table.find(target) is not None:
        return None
    what = f"rates.aliases: expected a model that has rates, got {target[:60]!r} for {alias[:60]!r}"
    hint = did_you_mean(target, table) or "claude-budget rates lists them; rates.file adds others"
    return Problem(slug="unknown-model", where=budget.places["rates", "aliases", alias], what=what, hint=hint)
