"""Those who look on: nobody, the plugin as it measures a run, and OpenTelemetry's instrumentation beside it."""

from pathlib import Path
from typing import Protocol

from pytest_claude_budget.measure.run import Run

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

    def __init__(self, folder: Path) -> None:
        self._path = folder / "run.sqlite3"
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


def watcher(name: str, folder: Path) -> Watcher:
    """Make one by its name."""
    if name == "ours":
        return Ours(folder)
    return Telemetry() if name == "telemetry" else Nobody()
