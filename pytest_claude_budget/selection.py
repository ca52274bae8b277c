"""Which part of a suite ran: what a comparison must know of owners that are in the baseline and not in the run."""

from collections.abc import Iterator

from pytest_claude_budget.record import OwnerRecord
from pytest_claude_budget.values import value_class

BY_A_PLUGIN = "a plugin"
"""What narrowed a run whose tests were split among shards: all of them together are the whole."""
NOTHING_RAN = "no test ran"
"""What narrowed a run without a test: it says nothing of what is not in it."""
_PATH_ENDS = ("/", "::", "[")
_CONFTEST = "conftest.py"


@value_class(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which part of the suite a run was asked for, and what became of the tests that made no calls."""

    paths: tuple[str, ...] = ()
    """Relative to the rootdir; none is everything."""
    narrowed: str | None = None
    """What left tests out besides paths, such as `-k`; None where nothing did."""
    skipped: frozenset[str] = frozenset()
    """Tests, classes and files that were there and did not run."""
    ran: frozenset[str] = frozenset()
    """Tests that ran: those without calls at least, for the others are in the run's record."""
    uncollected: frozenset[str] = frozenset()
    """Files that the baseline knows and that are there, but that pytest did not look into."""

    @property
    def whole(self) -> bool:
        """Did the run have everything?"""
        return not self.paths and self.narrowed is None

    def has(self, owner: OwnerRecord) -> bool:
        """Would the run have had this owner of the baseline, if it still made calls?"""
        if owner.owner in self.ran:
            return True
        return not self._left_out(owner)

    def is_gone(self, owner: OwnerRecord) -> bool:
        """Is there no such owner any more, for all that the run can tell?"""
        return owner.owner not in self.ran and not self._left_out(owner)

    def _left_out(self, owner: OwnerRecord) -> bool:
        if self.narrowed is not None:
            return True
        if self.paths and not any(_is_below(owner.owner, path) for path in self.paths):
            return True
        if owner.kind == "fixture":
            return self._has_no_users(owner.owner)
        return owner.kind == "test" and (
            _file_of(owner.owner) in self.uncollected or any(part in self.skipped for part in _parts(owner.owner))
        )

    def _has_no_users(self, fixture: str) -> bool:
        """Did tests not run that might have used a fixture: those of its file, or below its conftest?"""
        file = _file_of(fixture)
        folder = file.removesuffix(_CONFTEST) if file.rpartition("/")[2] == _CONFTEST else None
        left_out = self.skipped | self.uncollected
        return any(_is_below(one, file) or (folder is not None and one.startswith(folder)) for one in left_out)


def _is_below(owner: str, path: str) -> bool:
    return owner == path or owner.startswith(tuple(path + end for end in _PATH_ENDS))


def _file_of(owner: str) -> str:
    return owner.partition("::")[0]


def _parts(owner: str) -> Iterator[str]:
    """An id, and all that it lies in: its class, its file."""
    while owner:
        yield owner
        owner = owner.rpartition("::")[0]
