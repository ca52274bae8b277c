"""Real sub-sessions: a suite that calls a Claude double through the real SDK, run plain and on two workers."""

import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.aside import ASIDE, without
from tests.warm import stand_in
from tests.warm.interpreters import COLD, Interpreters, run_by_a_fork

HANG_SECONDS = 600
"""After which a sub-session counts as hung. Each of its processes imports the SDK, which is seconds of work: on a busy
machine a run on two workers, one of which dies, has taken minutes and was right."""
ASKS_BY_SDK = re.compile(r"\bclaude_double\b|\bimport anthropic\b")
STARTS_PYTHON = re.compile(r'\[sys\.executable, (?="-[cm]")')
DOUBLES = {name: (Path(__file__).parent / f"{name}.py").read_text("utf-8") for name in ("http_double", "claude_double")}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a sub-session came to."""

    result: pytest.RunResult
    report: dict[str, Any]

    @property
    def cost(self) -> str:
        """The whole cost."""
        return str(self.report["totals"]["cost"])

    @property
    def said(self) -> str:
        """What was printed, in one line: sentences are wrapped at the terminal's width."""
        return " ".join(self.result.stdout.str().split())

    @property
    def verdict(self) -> str:
        """The outcome of the verdict."""
        return str(self.report["verdict"]["outcome"])

    def owner(self, name: str) -> dict[str, Any]:
        """The totals of one owner."""
        return next(row for row in self.report["by_owner"] if row["owner"] == name)


class Suite:
    """A folder with a suite in it, run in a process of its own: by default a fork of one that has imported pytest already.

    And the SDK too, where the suite asks by that. What the suite starts by `[sys.executable, "-c", …]` is a fork as well, or by `-m`.
    Tests with the mark `cold` get interpreters that start.
    """

    def __init__(self, pytester: pytest.Pytester, interpreters: Interpreters, *, cold: bool) -> None:
        self.pytester = pytester
        self.cold = cold
        """Where only a part of what a test runs needs interpreters that start, it changes this."""
        self._interpreters = interpreters
        self.path = pytester.path
        pytester.makepyfile(**DOUBLES)

    def write(self, **files: str) -> None:
        """Write test modules."""
        if not self.cold and any(map(STARTS_PYTHON.search, files.values())):
            forks = f"[*{self.python(*files.values())}, "
            files = {name: STARTS_PYTHON.sub(lambda _: forks, text) for name, text in files.items()}
        self.pytester.makepyfile(**files)

    def budget(self, text: str) -> None:
        """Write the budget file."""
        (self.path / "claude-budget.yml").write_text(text, encoding="utf-8")

    def run(self, *arguments: str, workers: int = 0) -> Outcome:
        """Run pytest; the report is empty where none was written."""
        options = ["--claude-budget-report=json:out.json", *arguments]
        if workers:
            options += ["-n", str(workers)]
        target = self.path / "out.json"
        target.unlink(missing_ok=True)
        result = self.pytest(*options)
        report = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
        return Outcome(result=result, report=report)

    def pytest(self, *options: str) -> pytest.RunResult:
        """Run pytest with nothing but these options."""
        runs = tempfile.mkdtemp(prefix="runpytest-", dir=self.path)
        python, arguments = self.python(), ["-m", "pytest", f"--basetemp={runs}", *options]
        path = os.pathsep.join(filter(None, (str(Path.cwd()), os.environ.get("PYTHONPATH"))))
        environ = {**os.environ, "PYTHONPATH": path}
        if python == COLD or not stand_in.can(environ, arguments):
            return self.pytester.run(*python, *arguments, timeout=HANG_SECONDS)
        return _forked(self.path, python[-1], arguments, environ)

    def python(self, *more: str) -> tuple[str, ...]:
        """The command of the interpreter that runs the suite, once these modules are in it."""
        if self.cold:
            return COLD
        written = (path.read_text("utf-8") for path in self.path.glob("*.py") if path.stem not in DOUBLES)
        return self._interpreters.warm(sdk=any(ASKS_BY_SDK.search(text) for text in (*more, *written)))


def _forked(folder: Path, address: str, arguments: list[str], environ: dict[str, str]) -> pytest.RunResult:
    """What `Pytester.run` does, with no process for what a fork is asked for."""
    print("running:", *arguments)
    begin = time.perf_counter()
    said = folder / "stdout", folder / "stderr"
    nothing, end = os.pipe()
    os.close(end)
    with said[0].open("wb") as out, said[1].open("wb") as err:
        streams = (nothing, out.fileno(), err.fileno())
        status = run_by_a_fork(address, arguments, environ=environ, streams=streams, seconds=HANG_SECONDS)
    os.close(nothing)
    texts = [file.read_text("utf-8") for file in said]
    for text, stream in zip(texts, (sys.stdout, sys.stderr), strict=True):
        print(text, file=stream)
    assert status is not None, f"still running after {HANG_SECONDS} seconds"
    return pytest.RunResult(status, *(text.splitlines() for text in texts), time.perf_counter() - begin)


def leave_aside(monkeypatch: pytest.MonkeyPatch, *plugins: str) -> None:
    """Have all sub-sessions do without these plugins, but for those that an option names."""
    monkeypatch.setenv("PYTEST_ADDOPTS", without(*plugins))


@pytest.fixture
def suite(
    request: pytest.FixtureRequest,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    interpreters: Interpreters,
) -> Suite:
    """An empty suite; no run around it is told of its calls."""
    monkeypatch.delenv("CLAUDE_BUDGET_LEDGER", raising=False)
    monkeypatch.delenv("CLAUDE_BUDGET_OWNER", raising=False)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)  # compiling the package anew takes a second each
    monkeypatch.setenv("PYDANTIC_DISABLE_PLUGINS", "__all__")  # logfire is one, half a second in each import of the SDK
    leave_aside(monkeypatch, *ASIDE)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv(
        "SSL_CERT_DIR", str(Path(__file__).parent)
    )  # no certificates: 20 ms in each client to read them all
    return Suite(pytester, interpreters, cold=request.node.get_closest_marker("cold") is not None)


@pytest.fixture(params=[0, 2], ids=["plain", "two-workers"])
def workers(request: pytest.FixtureRequest) -> int:
    """How many xdist workers run the suite."""
    return int(request.param)


def ledgers(path: Path) -> Sequence[Path]:
    """The ledger files that runs left."""
    return sorted((path / ".pytest_cache" / "d" / "claude-budget").glob("run-*.sqlite3"))
