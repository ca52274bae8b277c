"""What became of each test, as pytest's hooks tell it. Light: every session loads it."""

from typing import TYPE_CHECKING, Any

from pytest_claude_budget.measure.current_owner import Places, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest


NAME = "claude_budget_name"
"""Where a report has the name of its test or file, if that is not its node id; xdist hands it over."""


class WhatRan:
    """The tests of one session; a worker hands what it alone knows to its controller."""

    def __init__(self) -> None:
        self.deselected = False
        """A part of the suite was left out."""
        self.interrupted = False
        """Somebody ended the session, by Ctrl-C or `pytest.exit`, whatever its exit status says."""
        self.stopped = False
        """The session stopped by itself between two tests or behind the last one, as at a failure under `-x`."""
        self.ran: set[str] = set()
        self.skipped: set[str] = set()
        """Tests, classes and files that were there and did not run, or not to their end; also fixtures whose set-up did not."""
        self.broken: set[str] = set()
        """Files, classes and folders that could not be collected."""
        self.failed: set[str] = set()
        """Tests whose last attempt failed in one of its phases, or that began and did not end."""
        self.xfailed: set[str] = set()
        """Tests whose last attempt failed as expected, and may have stopped before they would have."""
        self.begun: set[str] = set()
        """Tests that were set up, and whose call nobody has reported."""
        self.empty: set[str] = set()
        """Files without a test."""
        self.found: set[str] = set()
        """Tests that were collected, and not deselected."""

        self.has_names = False
        """Some are found by another name than their node id; of a controller, that a worker said so."""

    def tested(self, report: "pytest.TestReport") -> None:
        """Take what became of a phase of a test: nearly always that it passed, so that this comes first, and in one piece."""
        when = report.when
        if report.outcome != "passed" or (when == "call" and not _is_whole(report)):
            self._tested(report)
        elif when == "setup":
            name = report.__dict__.get(NAME) or report.nodeid
            if self.failed or self.xfailed:  # by an earlier attempt
                self.failed.discard(name)
                self.xfailed.discard(name)
            self.begun.add(name)
        elif when == "call":
            name = report.__dict__.get(NAME) or report.nodeid
            self.begun.discard(name)
            self.ran.add(name)
        elif self.begun:
            self._tested(report)

    def _tested(self, report: "pytest.TestReport") -> None:
        name = _name_in(report)
        if report.when == "setup":  # of the first attempt, or of another one
            self.failed.discard(name)
            self.xfailed.discard(name)
            if report.passed:
                self.begun.add(name)
        elif not hasattr(report, "context"):  # of a part of a test, as subtests are: the test goes on
            self.begun.discard(name)
        if report.failed:
            self.failed.add(name)
        as_expected = report.skipped and hasattr(report, "wasxfail")
        began = report.when == "call" and (not report.skipped or as_expected)
        if began:
            if as_expected:
                self.xfailed.add(name)
            self.ran.add(name)
        elif report.skipped or (report.failed and report.when == "setup"):
            self.skipped.add(name)

    def was_ended(self, by: type[BaseException]) -> None:
        """Take what ended the session. pytest and xdist have an `Interrupted` each, for a session that is to stop by itself."""
        if by.__name__ == "Interrupted":
            self.stopped = True
        else:
            self.interrupted = True

    @property
    def is_complete(self) -> bool:
        """Is it told of all tests that were found how they ended?"""
        return bool(self.found) and self.found <= self.ran | self.skipped | self.failed and not self.begun | self.broken

    def has_ended(self, name: str) -> bool:
        """Did a test come to its end, by all that is told so far?"""
        return name in self.ran and not any(name in cut for cut in (self.failed, self.xfailed, self.skipped))

    def has_found(self, tests: "Iterable[str]") -> None:
        """Take the node ids of what a worker is to run, until one tells names."""
        if not self.has_names:
            self.found.update(tests)

    def has_collected(self, items: "Iterable[pytest.Item]") -> None:
        """Take what is to run: what then does not, as after `-x`, is there all the same."""
        places = Places()
        for item in items:
            name = name_of(item, places)
            self.found.add(name)
            self.has_names = self.has_names or name != item.nodeid

    def collected(self, report: "pytest.CollectReport") -> None:
        """Take what was found in a file, a class or a folder."""
        if report.skipped or report.failed:
            self.skipped.add(_name_in(report))
            if report.failed:
                self.broken.add(_name_in(report))
        elif not report.result:
            self.empty.add(_name_in(report).partition("::")[0])

    def of_worker(self) -> dict[str, Any]:
        """What an xdist worker knows alone: its controller has the reports of tests, and not all of collecting."""
        found = sorted(self.found) if self.has_names else []
        names = {name: sorted(getattr(self, name)) for name in ("skipped", "broken", "empty")}
        return {"deselected": self.deselected, "interrupted": self.interrupted, **names, "found": found}

    def include(self, worker: dict[str, Any]) -> None:
        """Take what a worker knew alone."""
        self.deselected = self.deselected or bool(worker.get("deselected"))
        self.interrupted = self.interrupted or bool(worker.get("interrupted"))
        self.skipped.update(worker.get("skipped", ()))
        self.broken.update(worker.get("broken", ()))
        self.empty.update(worker.get("empty", ()))
        if worker.get("found"):
            self.found = set(worker["found"]).union(self.found if self.has_names else ())
            self.has_names = True


def _is_whole(report: "pytest.TestReport") -> bool:
    """Is it a report of a test, and of no part of one?"""
    return type(report).__name__ == "TestReport" and "context" not in report.__dict__


def _name_in(report: "pytest.TestReport | pytest.CollectReport") -> str:
    name: str = vars(report).get(NAME) or report.nodeid
    return name
