"""What pytest and pluggy look through of us at every start."""

import pytest

import pytest_claude_budget.plugin as entry_point
from pytest_claude_budget.plugin.hooks import MarkReader, RunPlugin, TestReports
from pytest_claude_budget.plugin.session_end import Judge


@pytest.mark.parametrize("registered", [MarkReader, RunPlugin, TestReports, Judge])
def test_a_plugin_shows_its_hooks_and_nothing_else(registered: type) -> None:
    """Each name beside them would be looked at for hooks and for fixtures, some 30 µs each."""
    hooks = {name for name, value in vars(registered).items() if hasattr(value, "pytest_impl") or name[:7] == "pytest_"}
    assert hooks
    assert hooks == set(dir(object.__new__(registered)))


def test_the_entry_point_shows_its_hooks_and_its_fixture() -> None:
    hooks = {name for name in vars(entry_point) if name.startswith("pytest_")}
    assert {*hooks, "claude_budget"} == set(dir(entry_point))
    assert {"pytest_addoption", "pytest_configure", "pytest_load_initial_conftests"} == hooks
