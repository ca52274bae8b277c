"""Tests whose cost may be unknown, since somebody wrote so: they are counted and named, and no reason to fail."""

from collections.abc import Iterable
from dataclasses import field

from pytest_claude_budget.base.globs import Glob, compile_glob
from pytest_claude_budget.base.values import value_class

KEY = "may_be_unknown"
"""The key of the budget file, and the argument of the marker."""


@value_class(frozen=True, kw_only=True)
class MayBeUnknown:
    """Which tests and fixtures a budget file exempts."""

    patterns: tuple[str, ...] = ()
    """As written."""
    places: tuple[str, ...] = field(default=(), compare=False)
    """Of each, its file and line."""
    globs: tuple[Glob, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "globs", tuple(compile_glob("test", pattern) for pattern in self.patterns))

    def covers(self, owner: str) -> bool:
        """Does one of the patterns mean this owner?"""
        return any(glob.matches(owner) for glob in self.globs)


@value_class(frozen=True, kw_only=True, slots=True)
class Exempt:
    """An exempt owner with answers whose cost is not known, or not in full."""

    owner: str
    calls: int


def counted(rows: Iterable[tuple[str, int]]) -> tuple[Exempt, ...]:
    """Owners, sorted, each with all of its calls of unknown cost."""
    found: dict[str, int] = {}
    for owner, calls in rows:
        found[owner] = found.get(owner, 0) + calls
    return tuple(Exempt(owner=owner, calls=calls) for owner, calls in sorted(found.items()))
