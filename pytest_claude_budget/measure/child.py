"""Measures a process that a test started: the wheel's `.pth` file calls this where the environment says so.

An xdist worker is such a process too, until its plugin knows whose worker it is.
"""

import atexit
import os
from collections.abc import Container, MutableMapping
from pathlib import Path

from pytest_claude_budget.measure.environment import GATEWAY_VARIABLE, runs_told
from pytest_claude_budget.measure.run import CHILD, RUNNING, Run


def start(environ: MutableMapping[str, str]) -> None:
    """Measure this process for the runs that started it, if there are any and nobody does so yet."""
    for told in runs_told(environ):
        if told.ledger in RUNNING:
            continue
        process = f"{CHILD}-{os.getpid()}" + (f" of {told.worker}" if told.worker else "")
        run = Run(Path(told.ledger), process, told.root)
        if told.owner is not None:
            run.owners.push(*told.owner)
        if told.origins:
            from pytest_claude_budget.calls.host_rules import origins_of_text

            run.know_origins(origins_of_text(told.origins))
        if told.guard:
            from pytest_claude_budget.measure.live_guard import guard_in_child

            run.hold_the_line(guard_in_child(run, told.guard))
        run.start()
        atexit.register(run.stop)
    if GATEWAY_VARIABLE in environ:
        from pytest_claude_budget.measure.base_url import hide

        hide(environ)


def stop(except_for: Container[str] = ()) -> None:
    """Measure no more as a child, but for the runs with these ledgers, and store what is pending."""
    for run in [run for run in RUNNING.values() if run.is_child and str(run.path) not in except_for]:
        atexit.unregister(run.stop)
        run.stop()
