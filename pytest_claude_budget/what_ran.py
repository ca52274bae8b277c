"""What became of each test, as pytest's hooks tell it. Light: every session loads it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest


class WhatRan:
    """The tests of one session; a worker hands what it alone knows to its controller."""

    def __init__(self) -> None:
        self.deselected = False
        """A part of the suite was left out."""
        self.ran: set[str] = set()
        self.skipped: set[str] = set()
        """Tests, classes and files that were there and did not run."""
        self.failed: set[str] = set()
        """Tests whose last attempt failed in one of its phases, or that began and did not end."""
        self.begun: set[str] = set()
        """Tests that were set up, and whose call nobody has reported."""
        self.empty: set[str] = set()
        """Files without a test."""
        self.found: set[str] = set()
        """Tests that were collected, and not deselected."""

    def tested(self, report: "pytest.TestReport") -> None:
        """Take what became of a phase of a test."""
        if report.when == "setup":  # of the first attempt, or of another one
            self.failed.discard(report.nodeid)
            if report.passed:
                self.begun.add(report.nodeid)
        else:
            self.begun.discard(report.nodeid)
        if report.failed:
            self.failed.add(report.nodeid)
        began = report.when == "call" and (not report.skipped or hasattr(report, "wasxfail"))
        if began:
            self.ran.add(report.nodeid)
        elif report.skipped or (report.failed and report.when == "setup"):
            self.skipped.add(report.nodeid)

    def has_found(self, tests: "Iterable[str]") -> None:
        """Take what is to run: what then does not, as after `-x`, is there all the same."""
        self.found.update(tests)

    def collected(self, report: "pytest.CollectReport") -> None:
        """Take what was found in a file, a class or a folder."""
        if report.skipped or report.failed:
            self.skipped.add(report.nodeid)
        elif not report.result:
            self.empty.add(report.nodeid.partition("::")[0])

    def of_worker(self) -> dict[str, Any]:
        """What an xdist worker knows alone: its controller has the reports of tests, and not all of collecting."""
        return {"deselected": self.deselected, "skipped": sorted(self.skipped), "empty": sorted(self.empty)}

    def include(self, worker: dict[str, Any]) -> None:
        """Take what a worker knew alone."""
        self.deselected = self.deselected or bool(worker.get("deselected"))
        self.skipped.update(worker.get("skipped", ()))
        self.empty.update(worker.get("empty", ()))
