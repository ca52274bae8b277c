"""Who owns the moment: process-wide, since users' threads and executors inherit no context variable.

Light on purpose: it runs in every test of every suite on the machine. Plain strings here; values are made of
them only when there is a call.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextvars import ContextVar
    from pathlib import Path

    import pytest

OUTSIDE_TESTS = "outside tests"
LABELS = ("feature", "tier", "case")
LIVE_LABEL = "live"
"""Beside those of a test's marker: whether its calls may leave this machine, as `yes` or `no`. In no file."""
BENCHMARK = " benchmark"
"""Ends the phase of a test that a benchmark repeats."""
INSTALLED = ("site-packages", "dist-packages")
"""Folders that installed packages lie in, wherever those are."""
_OUTSIDE = (OUTSIDE_TESTS, "outside", "")

Tags = dict[str, str]


class Owners:
    """The test phase or fixture that pays at this moment, and what the user calls its work."""

    def __init__(self) -> None:
        self._stack: list[tuple[str, str, str]] = []
        self._listeners: tuple[Callable[[], None], ...] = ()
        """Called where another pays from now on."""
        self.marked: Tags = {}
        """Labels of the running test's marker."""
        self._tags: ContextVar[Tags | None] | None = None
        """Made for the first tag: its module is one more to load, and most suites have none."""
        self._making = threading.Lock()
        self._tagged: list[tuple[Tags, int]] = []
        """Tags in force in any thread, for the threads that inherit none, with the thread that set each."""

    def tell(self, listener: "Callable[[], None]") -> None:
        """Call it whenever another pays, from here on."""
        if listener not in self._listeners:
            self._listeners = (*self._listeners, listener)

    def tell_no_more(self, listener: "Callable[[], None]") -> None:
        """Call it no more."""
        self._listeners = tuple(each for each in self._listeners if each != listener)

    def push(self, owner: str, kind: str, phase: str) -> tuple[str, str, str]:
        """Begin a phase; returns what `drop` ends it with."""
        entry = (owner, kind, phase)
        self._stack.append(entry)
        for hear in self._listeners:
            hear()
        return entry

    def push_below(self, owner: str, kind: str, phase: str) -> tuple[str, str, str]:
        """Know of a phase that had begun before all that goes on; returns what `drop` ends it with."""
        entry = (owner, kind, phase)
        self._stack.insert(0, entry)
        for hear in self._listeners:
            hear()
        return entry

    def mark(self, labels: Tags) -> None:
        """Take the labels of the running test's marker."""
        self.marked = labels
        for hear in self._listeners:
            hear()

    def drop(self, entry: tuple[str, str, str]) -> None:
        """End a phase, and whatever it left behind."""
        stack = self._stack
        at = len(stack) - 1
        while at >= 0 and stack[at] is not entry:
            at -= 1
        if at >= 0:
            del stack[at:]
            for hear in self._listeners:
                hear()

    def newest(self) -> tuple[str, str, str] | None:
        """The phase that goes on; None between tests."""
        try:
            return self._stack[-1]
        except IndexError:  # at once, whatever another thread ends
            return None

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


class Turns:
    """Counts how often this process has run each test and set up each fixture: a runner may do either again."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self.of_test = ""
        """Behind the phase of the test that runs: nothing for its first time, else a number."""

    def next(self, what: str) -> int:
        """One time more."""
        count = self._counts[what] = self._counts.get(what, 0) + 1
        return count

    def begin_test(self, test: str) -> str:
        """A test is set up; returns what stands behind its phases."""
        count = self._counts[test] = self._counts.get(test, 0) + 1
        self.of_test = "" if count == 1 else f" {count}"
        return self.of_test

    def have_been(self, tests: Mapping[str, int]) -> None:
        """So often each test was run when nobody counted."""
        self._counts.update(tests)

    def begin_fixture(self, fixture: str, place: str) -> str:
        """A fixture is set up for a module, a class or the like; returns its phase."""
        return f"setup {self.next(f'{fixture} {place}')} {place}".rstrip()


def name_of(node: "pytest.Item | pytest.Collector", places: "Places | None" = None) -> str:
    """Name a test, a class or a file: by its node id, which no other has that lies within the rootdir.

    pytest names what lies elsewhere by where it was asked for, so that several can have one id. Those are named by the way
    from the rootdir to their file, and those of an installed package by the package.
    """
    nodeid, path = node.nodeid, node.path
    if "@" in nodeid:
        nodeid = _without_group(node, nodeid)
    file = (file_outside if places is None else places.file_outside)(path, node.config.rootpath)
    if file is None:
        return nodeid
    _, border, rest = nodeid.partition("::")
    return file + border + rest.replace(_dotted(path), path.stem)


def is_benchmark(item: "pytest.Item") -> bool:
    """Does pytest-benchmark repeat what this test gives it? Not with `--benchmark-disable`, nor on xdist's workers."""
    found = getattr(item, "funcargs", {}).get("benchmark")
    ours = found is not None and type(found).__module__.partition(".")[0] == "pytest_benchmark"
    return ours and not getattr(found, "disabled", False)


def _without_group(node: "pytest.Item | pytest.Collector", nodeid: str) -> str:
    """Take off what xdist's `--dist loadgroup` puts behind a node id, where pytest lets it: the test's groups."""
    marks = node.iter_markers("xdist_group")
    groups = {str(mark.args[0] if mark.args else mark.kwargs.get("name", "default")) for mark in marks}
    return nodeid.removesuffix("@" + "_".join(sorted(groups))) if groups else nodeid


class Places:
    """Remembers of the newest file where it lies: tests come file by file, and most that is asked of a path is slow."""

    def __init__(self) -> None:
        self._newest: tuple[Path | None, Path | None, str | None] = (None, None, None)

    def file_outside(self, path: "Path", root: "Path") -> str | None:
        """As the function of that name says."""
        known, below, name = self._newest
        if path is not known or root is not below:
            name = file_outside(path, root)
            self._newest = (path, root, name)
        return name


@lru_cache(maxsize=4096)
def file_outside(path: "Path", root: "Path") -> str | None:
    """Name a file that lies outside of the rootdir, the same on every machine; None for one inside, or without a way."""
    if path.is_relative_to(root):
        return None
    parts = path.parts
    for folder in INSTALLED:
        if folder in parts:
            return "/".join((INSTALLED[0], *parts[parts.index(folder) + 1 :]))
    try:
        return os.path.relpath(path, root).replace(os.sep, "/")
    except ValueError:  # another drive of Windows
        return None


def fixture_id(
    fixturedef: "pytest.FixtureDef[Any]", request: "pytest.FixtureRequest", item: "pytest.Item | None"
) -> str:
    """Name a fixture by where it is written: `tests/conftest.py::corpus`, with its parameter's place in the list.

    One of a class is named by the class that has it, and what pytest makes by where it is used, wherever pytest lies; by
    the test that asks for it, where that lies outside of the rootdir.
    """
    code = getattr(fixturedef.func, "__code__", None)
    where = fixturedef.baseid
    if code is not None and "::" not in where:
        from pathlib import Path

        source, root = Path(code.co_filename), request.config.rootpath
        inside = source.relative_to(root) if source.is_relative_to(root) else None
        if set(INSTALLED).isdisjoint((inside or source).parts):
            if inside is not None:
                where = inside.as_posix()
            elif where or source.name == "conftest.py":  # a plugin's may lie anywhere on a machine
                where = file_outside(source, root) or where
        where = where or source.name
    name = fixturedef.argname
    if item is not None and where == fixturedef.baseid:
        file, border, rest = where.partition("::")
        own = name_of(item)
        if own != item.nodeid and file == item.nodeid.partition("::")[0]:
            where = own.partition("::")[0] + border + rest
            name = name.replace(_dotted(item.path), item.path.stem)
    parameter = getattr(request, "param_index", 0) if hasattr(request, "param") else None
    return f"{where}::{name}" + ("" if parameter is None else f"[{parameter}]")


def _dotted(path: "Path") -> str:
    """What pytest calls a module outside of the rootdir by, in doctests and in what it makes of `setup_module`: all folders."""
    return ".".join(path.with_suffix("").parts[1:])
