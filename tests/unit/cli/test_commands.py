"""The list of commands: one place that a new one is added to."""

import argparse
from importlib import import_module
from inspect import get_annotations, isfunction
from pkgutil import iter_modules

from pytest_claude_budget import cli
from pytest_claude_budget.cli.commands import COMMANDS, parser
from pytest_claude_budget.cli.common import Commands


def names_added_by(add: object) -> list[str]:
    """The commands that a function of the list adds."""
    commands = argparse.ArgumentParser().add_subparsers()
    assert callable(add)
    add(commands)
    return list(commands.choices)


def test_each_entry_of_the_list_adds_one_command_and_help_shows_them_in_its_order() -> None:
    added = [names_added_by(add) for add in COMMANDS]
    shown = next(each for each in parser()._actions if isinstance(each, argparse._SubParsersAction))
    assert [[name] for name in shown.choices] == added


def test_no_module_has_a_command_that_is_not_in_the_list() -> None:
    modules = [import_module(f"{cli.__name__}.{each.name}") for each in iter_modules(cli.__path__)]
    adding = {
        made
        for module in modules
        for made in vars(module).values()
        if isfunction(made)
        and made.__module__ == module.__name__
        and list(get_annotations(made).values()) == [Commands, None]
    }
    assert adding == set(COMMANDS)
