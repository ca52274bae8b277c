"""Who owns the moment: process-wide, since users' threads and executors inherit no context variable.

Light on purpose: it runs in every test of every suite on the machine. Plain strings here; values are made of
them only when there is a call.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextvars import ContextVar

OUTSIDE_TESTS = "outside tests"
LABELS = ("feature", "tier", "case")
_OUTSIDE = (OUTSIDE_TESTS, "outside", "")

Tags = dict[str, str]


class Owners:
    """The test phase or fixture that pays at this moment, and what the user calls its work."""

    def __init__(self) -> None:
        self._stack: list[tuple[str, str, str]] = []
        self.marked: Tags = {}
        """Labels of the running test's marker."""
        self._tags: ContextVar[Tags | None] | None = None
        """Made for the first tag: its module is one more to load, and most suites have none."""
        self._making = threading.Lock()
        self._tagged: list[tuple[Tags, int]] = []
        """Tags in force in any thread, for the threads that inherit none, with the thread that set each."""

    def push(self, owner: str, kind: str, phase: str) -> tuple[str, str, str]:
        """Begin a phase; returns what `drop` ends it with."""
        entry = (owner, kind, phase)
        self._stack.append(entry)
        return entry

    def drop(self, entry: tuple[str, str, str]) -> None:
        """End a phase, and whatever it left behind."""
        for at in range(len(self._stack) - 1, -1, -1):
            if self._stack[at] is entry:
                del self._stack[at:]
                return

    def who(self) -> tuple[tuple[str, str, str], Tags]:
        """Who pays for the call of this moment, and what it is called: its tags, over its test's marker."""
        owner = self._stack[-1] if self._stack else _OUTSIDE
        tags = self._tags.get() if self._tags is not None else None
        if tags is None:
            tags = self._inherited_tags() if self._tagged else {}
        if self.marked and owner[1] == "test":
            tags = {**self.marked, **tags}
        return owner, tags

    @contextmanager
    def tagged(self, tags: Tags) -> Iterator[None]:
        """Call everything inside by these labels, also in threads that are started there."""
        variable = self._variable()
        whole = {**(variable.get() or self._inherited_tags()), **tags}
        token = variable.set(whole)
        entry = (whole, threading.get_ident())
        self._tagged.append(entry)
        try:
            yield
        finally:
            with suppress(ValueError):  # an async fixture may end in another context than it began in
                variable.reset(token)
            for at in range(len(self._tagged) - 1, -1, -1):
                if self._tagged[at] is entry:
                    del self._tagged[at]
                    break

    def _variable(self) -> "ContextVar[Tags | None]":
        from contextvars import ContextVar

        with self._making:
            if self._tags is None:
                self._tags = ContextVar("claude_budget_tags", default=None)
            return self._tags

    def _inherited_tags(self) -> Tags:
        here = threading.get_ident()
        for tags, thread in reversed(self._tagged):
            if thread != here:
                return tags
        return {}
