"""Those who look on: nobody, the plugin as it measures a run, and OpenTelemetry's instrumentation beside it."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol, TypeVar

from pytest_claude_budget.measure.run import Run

T = TypeVar("T")
OWNER = "tests/test_bench.py::test_bench"
_ROOT = str(Path(__file__).parents[1])
"""Whose frames are the user's own: each call knows the line that sends it, as in a run of pytest."""


class Watcher(Protocol):
    """Is switched on and off in one process."""

    def start(self) -> None:
        """Look on from here."""

    def stop(self) -> None:
        """Look on no more."""


class Nobody:
    """The SDK by itself."""

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass


class Ours:
    """The plugin's whole way: hook, reading, owner, row in a ledger on the disk."""

    def __init__(self) -> None:
        cache = Path(_ROOT, ".pytest_cache", "d", "claude-budget")  # where a run of pytest has it
        cache.mkdir(parents=True, exist_ok=True)
        self._folder = tempfile.TemporaryDirectory(dir=cache, ignore_cleanup_errors=True)
        self._path = Path(self._folder.name, "run.sqlite3")
        self._run = Run(self._path, "", _ROOT)

    def start(self) -> None:
        self._run = Run(self._path, "", _ROOT)  # one that was stopped stays so
        self._run.owners.push(OWNER, "test", "call")
        self._run.start()

    def stop(self) -> None:
        self._run.stop()

    def stored(self) -> int:
        """How many rows are in the ledger: a figure of work that was not done would be worth nothing."""
        if self._run.all_faults():
            raise SystemExit(f"measuring failed: {self._run.all_faults()}")
        self._run.recorder.conclude()
        return sum(1 for _ in self._run.recorder.ledger.calls())


class Telemetry:
    """opentelemetry-instrumentation-anthropic as its README sets it up, with spans kept in memory."""

    def __init__(self) -> None:
        from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        self._exporter = InMemorySpanExporter()
        self._provider = TracerProvider()
        self._provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._instrumentor = AnthropicInstrumentor()
        self.spans = 0

    def start(self) -> None:
        self._instrumentor.instrument(tracer_provider=self._provider)

    def stop(self) -> None:
        self._instrumentor.uninstrument()
        self.spans += len(self._exporter.get_finished_spans())
        self._exporter.clear()


def as_tests(test: Callable[[], T], times: int) -> list[T]:
    """Call something so often as pytest calls a test: above that stands pytest, beyond which nobody looks for the user's lines."""
    from _pytest.python import pytest_pyfunc_call

    results: list[T] = []

    def test_bench() -> None:
        results.append(test())

    item: Any = SimpleNamespace(obj=test_bench, funcargs={}, nodeid=OWNER, _fixtureinfo=SimpleNamespace(argnames=()))
    for _ in range(times):
        pytest_pyfunc_call(item)
    return results


def watcher(name: str) -> Watcher:
    """Make one by its name."""
    if name == "ours":
        return Ours()
    return Telemetry() if name == "telemetry" else Nobody()
