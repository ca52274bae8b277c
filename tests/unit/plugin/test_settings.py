"""What the plugin's settings spell themselves, since a run that has no budget imports nothing for them."""

from pytest_claude_budget.files import rootdir
from pytest_claude_budget.plugin import settings
from pytest_claude_budget.record.record import LOCK_FILE


def test_pytest_and_the_commands_look_for_the_same_files() -> None:
    assert (settings.LOCK_NAME, settings.BUDGET_NAMES) == (LOCK_FILE, rootdir.BUDGET_NAMES)
