"""The rate table in force: the packaged one, with what a budget file changes in it."""

from functools import lru_cache
from pathlib import Path

from pytest_claude_budget.budget import Budget
from pytest_claude_budget.checked import Memory, read_checked
from pytest_claude_budget.files import load_rates_document
from pytest_claude_budget.rates import RateTable, parse_rates


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

    Raises InputError with every problem of the file.
    """
    table = packaged_rates()
    if budget.rates_file is not None:
        document = read_checked(folder / budget.rates_file, budget.rates_file, "rates-overrides", memory)
        table = table.with_overrides(document.value)
    return table.with_aliases(budget.aliases)
