"""What passes between xdist's controller and its workers. Loaded and registered where tests are handed out to workers alone."""

from typing import Any

import pytest

from pytest_claude_budget.measure.run import Run
from pytest_claude_budget.plugin.hooks import RunPlugin, bind_hooks, hooks_in

WORKER_KEY = "claude_budget"
"""Where an xdist worker puts what it could not store."""
RAN_KEY = "claude_budget_ran"
"""Where an xdist worker says what it left out, and where it found no tests."""
LEDGER_KEY = "claude_budget_ledger"
"""Where an xdist worker finds the run's ledger."""
AROUND_KEY = "claude_budget_around"
"""Where an xdist worker finds the ledgers of the runs that its own is a part of."""


def side_of(plugin: RunPlugin) -> "Controller | Worker":
    """The hooks of the side that this process is on."""
    return Worker(plugin) if hasattr(plugin.config, "workerinput") else Controller(plugin)


class Controller:
    """Tells workers where to store their calls, and takes what they alone know."""

    def __init__(self, plugin: RunPlugin) -> None:
        self._run, self._what_ran, self._from_workers = plugin.run, plugin.what_ran, plugin.from_workers
        bind_hooks(self)

    def __dir__(self) -> list[str]:
        return hooks_in(vars(Controller))

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker where the run's ledger is."""
        node.workerinput[LEDGER_KEY] = str(self._run.path)
        node.workerinput[AROUND_KEY] = list(self._run.told.around)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Remember the tests that a worker found: the controller collects none."""
        self._run.guarded("collecting", self._what_ran.has_found, ids)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker could not store."""
        output = getattr(node, "workeroutput", None) or {}
        if WORKER_KEY in output:
            self._from_workers.append(output[WORKER_KEY])
        self._what_ran.include(output.get(RAN_KEY) or {})
        if self._run.has_calls:  # a worker showed until now that the run goes on
            self._run.guarded("holding the ledger", self._run.hold)


class Worker:
    """Hands over what this process alone knows; its controller judges."""

    def __init__(self, plugin: RunPlugin) -> None:
        self._config, self._run, self._what_ran = plugin.config, plugin.run, plugin.what_ran
        bind_hooks(self)

    def __dir__(self) -> list[str]:
        return hooks_in(vars(Worker))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Hand it over, once all has been told."""
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[WORKER_KEY] = self._run.guarded("end of worker", _output, self._run) or {}
            output[RAN_KEY] = self._what_ran.of_worker()


def _output(run: Run) -> dict[str, Any]:
    run.settle()
    from pytest_claude_budget.plugin.report_and_verdict import worker_output

    return worker_output(run) if run.has_calls else {}
