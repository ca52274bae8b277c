"""Reads `@pytest.mark.claude_budget(...)` of a test: limits of its own, and what the product calls it."""

import json
from typing import Any

import pytest

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.budget.limits import DOLLARS, LABELS
from pytest_claude_budget.budget.marker_arguments import LIVE, Marker, limits_from_marker
from pytest_claude_budget.ledger.journal import OwnerFacts
from pytest_claude_budget.measure.current_owner import LIVE_LABEL, name_of
from pytest_claude_budget.measure.run import Run

MARK = "claude_budget"


def marked_arguments(item: pytest.Item) -> dict[str, Any]:
    """Collect the arguments of all marks of a test; the closest mark wins for each."""
    arguments: dict[str, Any] = {}
    for mark in item.iter_markers(MARK):
        for name, value in mark.kwargs.items():
            arguments.setdefault(name, value)
        if mark.args:
            arguments.setdefault(repr(mark.args[0])[:40], None)
    return arguments


def place_of(item: pytest.Item) -> str:
    """Name the file and line of a test."""
    file, line, _ = item.location
    return file if line is None else f"{file}:{line + 1}"


def read_marker(item: pytest.Item) -> Marker:
    """Read a test's marks. Raises InputError with every problem."""
    return limits_from_marker(marked_arguments(item), place_of(item), name_of(item))


def facts_of(item: pytest.Item) -> OwnerFacts:
    """Say what the ledger should know of a test. Its marks must be readable."""
    arguments = {name: str(value) if name in DOLLARS else value for name, value in marked_arguments(item).items()}
    limits = {name: value for name, value in arguments.items() if name not in (*LABELS, LIVE)}
    return OwnerFacts(owner=name_of(item), place=place_of(item), limits=json.dumps(limits) if limits else "")


def marker_of(facts: OwnerFacts) -> Marker:
    """Read back what a test's own marks say besides its labels."""
    if not facts.limits:
        return Marker()
    return limits_from_marker(json.loads(facts.limits), facts.place, facts.owner)


def take_marks(item: pytest.Item, run: Run) -> None:
    """Have a test's calls bear its labels, and hold them to its limits where something is held back. Bad marks fail it."""
    try:
        marker = read_marker(item)
    except InputError as error:
        pytest.fail(str(error), pytrace=False)
    except Exception as error:
        run.fault("marks", error)
        run.limited = True  # nobody knows
        return
    run.limited = run.limited or bool(marker.limits)
    if marker.limits and run.guard is not None:
        facts = facts_of(item)
        run.guard.own = json.dumps([facts.owner, facts.place, facts.limits])
    labels = {"feature": marker.feature, "tier": marker.tier, "case": marker.case}
    if marker.live is not None:
        labels[LIVE_LABEL] = "yes" if marker.live else "no"
        if not marker.live and run.guard is None:
            from pytest_claude_budget.plugin.guard import hold_by_mark

            hold_by_mark(item.config, run)
    run.owners.mark({name: value for name, value in labels.items() if value is not None})
