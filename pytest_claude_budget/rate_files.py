"""The rate table in force: the packaged one, with what a budget file changes in it."""

from functools import lru_cache
from pathlib import Path

from pytest_claude_budget.budget import Budget
from pytest_claude_budget.errors import InputError
from pytest_claude_budget.files import load_rates_document, read_yaml, schema
from pytest_claude_budget.rates import RateTable, parse_rates
from pytest_claude_budget.schema_errors import validate


@lru_cache(maxsize=1)
def packaged_rates() -> RateTable:
    """The table that the package carries. Raises InputError where the installation is broken."""
    return parse_rates(load_rates_document())


def rates_of(budget: Budget, folder: Path) -> RateTable:
    """The packaged table, with the file and the aliases that a budget names.

    Args:
        budget: whose `rates` are applied.
        folder: the budget file's, to which `rates.file` is relative.

    Raises InputError with every problem of the file.
    """
    table = packaged_rates()
    if budget.rates_file is not None:
        document = read_yaml(folder / budget.rates_file, budget.rates_file)
        problems = validate(document, schema("rates-overrides"))
        if problems:
            raise InputError(*problems)
        table = table.with_overrides(document.value)
    return table.with_aliases(budget.aliases)
