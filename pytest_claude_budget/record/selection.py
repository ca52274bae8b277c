"""Which part of a suite ran: what a comparison must know of owners that are in the baseline and not in the run."""

import re
from functools import lru_cache

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.record.record import OwnerRecord

BY_A_PLUGIN = "a plugin"
"""What narrowed a run whose tests were split among shards: all of them together are the whole."""
NOTHING_RAN = "no test ran"
"""What narrowed a run without a test: it says nothing of what is not in it."""
FROM_LEDGER = "all that its ledger does not tell"
"""What narrowed a run that is read from its ledger alone, which has no word of tests without calls."""
_BORDER = re.compile(r"/|::|\[")
_CONFTEST = "conftest.py"


@value_class(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which part of the suite a run was asked for, and what became of the tests that made no calls."""

    paths: tuple[str, ...] = ()
    """Relative to the rootdir; none is everything."""
    narrowed: str | None = None
    """What left tests out besides paths, such as `-k`; None where nothing did."""
    skipped: frozenset[str] = frozenset()
    """Tests, classes and files that were there and did not run, or not to their end; also fixtures whose set-up did not."""
    ran: frozenset[str] = frozenset()
    """Tests that ran: those without calls at least, for the others are in the run's record."""
    uncollected: frozenset[str] = frozenset()
    """Files that the baseline knows and that are there, but that pytest did not look into."""

    failed: frozenset[str] = frozenset()
    """Tests that failed, or that began and did not come to their end: they may have used less than they would have."""
    interrupted: frozenset[str] = frozenset()
    """Those of them that began and were stopped by what ended the run, as by Ctrl-C: nothing says that they failed."""
    refused: frozenset[str] = frozenset()
    """Tests of which a call was not sent, since a cap, a limit or `live_calls: deny` let it not."""
    xfailed: frozenset[str] = frozenset()
    """Tests that failed as expected, as `xfail` says: the run passed, and they may have used less than they would have."""
    not_reached: frozenset[str] = frozenset()
    """Tests that were to run, and that the run did not come to before it ended; they are `skipped` too, unless `narrowed`."""
    broken: frozenset[str] = frozenset()
    """Files and folders that could not be collected; they are `skipped` too."""

    @property
    def whole(self) -> bool:
        """Did the run have everything?"""
        return not self.paths and self.narrowed is None

    def has(self, owner: OwnerRecord) -> bool:
        """Would the run have had this owner of the baseline, if it still made calls?"""
        return owner.owner in self.ran or not self._left_out(owner)

    def is_gone(self, owner: OwnerRecord) -> bool:
        """Is there no such owner any more, for all that the run can tell?"""
        return owner.owner not in self.ran and not self._left_out(owner)

    def absence(self, owner: OwnerRecord) -> str:
        """Why an owner of the baseline that may still be there is not in the run, as a standing has it."""
        if owner.kind != "test":
            return "not_requested"
        parts = frozenset(_parts(owner.owner))
        cut_off = bool(self.broken) and _file_of(owner.owner) in self.uncollected
        if cut_off or not (self.not_reached | self.broken).isdisjoint(parts):
            return "not_reached"
        return "deselected" if self.skipped.isdisjoint(parts) else "skipped"

    def cut_short(self, owner: OwnerRecord) -> str:
        """Why an owner of this run may have used less than it would have, for a person; empty where nothing tells so."""
        if owner.owner in self.interrupted and owner.owner not in self.refused:
            return "the test was interrupted"
        if owner.owner in self.failed:
            return "a call of it was refused" if owner.owner in self.refused else "the test failed"
        if owner.owner in self.xfailed:
            return "the test failed as expected (xfail)"
        if owner.owner in self.skipped:
            return (
                "its set-up did not come to its end" if owner.kind == "fixture" else "the test did not come to its end"
            )
        if owner.kind == "fixture" and self._may_be_used(owner.owner, self.failed, frozenset()):
            return "a test that may use it failed"
        return ""

    def _left_out(self, owner: OwnerRecord) -> bool:
        if self.narrowed is not None:
            return True
        parts = _parts(owner.owner)
        if self.paths and frozenset(self.paths).isdisjoint(parts):
            return True
        if owner.kind == "fixture":
            return self._may_be_used(owner.owner, self.skipped, self.uncollected)
        return owner.kind == "test" and not (
            self.skipped.isdisjoint(parts) and _file_of(owner.owner) not in self.uncollected
        )

    @staticmethod
    def _may_be_used(fixture: str, tests: frozenset[str], uncollected: frozenset[str]) -> bool:
        """Might one of the tests, or one of a file, use a fixture: does it lie in the fixture's file or below its conftest?"""
        files, folders = _places(tests, uncollected)
        file = _file_of(fixture)
        folder, _, name = file.rpartition("/")
        if name == _CONFTEST:
            return folder in folders
        if name.startswith("test_") or name.endswith("_test.py"):
            return file in files
        return bool(files)  # of a plugin, or a module that tests import from


@lru_cache(maxsize=8)
def _places(tests: frozenset[str], uncollected: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The files of tests, and all folders that they lie in, the rootdir as an empty name."""
    files = frozenset(map(_file_of, tests | uncollected))
    folders = set()
    for file in files:
        folder = file
        while folder:
            folder = folder.rpartition("/")[0]
            folders.add(folder)
    return files, frozenset(folders)


def _file_of(owner: str) -> str:
    return owner.partition("::")[0]


def _parts(owner: str) -> list[str]:
    """An id, and all that it lies in: its test without the parameter, its class, its file, the folders of that."""
    return [owner, *(owner[: border.start()] for border in _BORDER.finditer(owner))]
