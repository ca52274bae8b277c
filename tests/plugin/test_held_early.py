"""What is held back while conftest files are imported: the budget is not read in full by then, or cannot be."""

import pytest

from tests.plugin.conftest import Suite
from tests.plugin.test_live_calls import asked, denied

__all__ = ["denied"]

SWALLOWS = """
import network, clients
try: clients.httpx()
except BaseException: pass
"""
RAISES = "import network, clients\nclients.httpx()\n"


@pytest.mark.parametrize(("conftest", "status"), [(SWALLOWS, 4), (RAISES, 1)])
@pytest.mark.parametrize(
    ("budget", "option", "said"),
    [
        ("live_calls: deny\nhardcap: 3", "", "claude-budget.yml:3:1: hardcap: unknown key"),
        ("hard_cap: cheap", "", "claude-budget.yml:2:11: hard_cap: expected"),
        ("hard_cap: 0", "--claude-budget-cap=cheap", "expected dollars from 0 to 1,000,000, got 'cheap'"),
    ],
)
def test_nothing_leaves_while_the_budget_cannot_be_read(
    denied: Suite, budget: str, option: str, said: str, conftest: str, status: int
) -> None:
    """It ends the run, and may have said that nothing may leave; conftest files come before that."""
    denied.write(conftest=conftest, test_a="def test_a(): pass")
    denied.budget(f"version: 1\n{budget}\n")
    ended = denied.pytest(*filter(None, [option]))
    assert status == ended.ret
    assert [] == asked(denied)
    assert said in " ".join((ended.stdout.str() + ended.stderr.str()).split())
