"""Measures a process that a test started: the wheel's `.pth` file calls this where the environment says so.

An xdist worker is such a process too, until its plugin knows whose worker it is.
"""

import atexit
import os
from collections.abc import Mapping
from pathlib import Path

from pytest_claude_budget.run import (
    CHILD,
    LEDGER_VARIABLE,
    ORIGINS_VARIABLE,
    OUTER_TEST_VARIABLE,
    OWNER_VARIABLE,
    RUNNING,
    TEST_VARIABLE,
    Run,
)


def start(environ: Mapping[str, str]) -> None:
    """Measure this process for the run that started it, if there is one and nobody does so yet."""
    path = environ.get(LEDGER_VARIABLE)
    if not path or path in RUNNING:
        return
    run = Run(Path(path), f"{CHILD}-{os.getpid()}")
    fixture, test = environ.get(OWNER_VARIABLE), environ.get("PYTEST_CURRENT_TEST")
    if fixture:
        run.owners.push(fixture, "fixture", "")
    elif test and test != environ.get(OUTER_TEST_VARIABLE):
        owner, _, phase = test.rpartition(" (")
        run.owners.push(environ.get(TEST_VARIABLE) or owner or test, "test", phase.rstrip(")") if owner else "")
    if said := environ.get(ORIGINS_VARIABLE):
        from pytest_claude_budget.origins import origins_of_text

        run.know_origins(origins_of_text(said))
    run.start()
    atexit.register(run.stop)


def stop() -> None:
    """Measure no more as a child, and store what is pending."""
    for run in [run for run in RUNNING.values() if run.is_child]:
        atexit.unregister(run.stop)
        run.stop()
