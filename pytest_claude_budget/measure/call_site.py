"""Finds the line of the user's code that sends a call: the innermost frame of the sending thread that is the user's own.

The user's own are files within the rootdir that belong to no installed package, tests included. Every call pays for this, so
that what is found out of a file is kept: then a frame costs a look into a dictionary. Those of libraries, up to the user's innermost,
are known by their module's file: to be asked for its code is an event that each audit hook of the process hears of.
"""

import os
import sys
from collections.abc import Callable
from types import CodeType
from typing import Any

from pytest_claude_budget.ledger.row_format import NOWHERE, Site, site_of
from pytest_claude_budget.measure.current_owner import INSTALLED
from pytest_claude_budget.measure.waiting_tasks import frames_that_wait

MOST_FRAMES = 12
"""Of the user's own, from the innermost up."""
MOST_KNOWN = 20_000
"""Files, and stacks, that are remembered; all are forgotten where there are more."""
_LIBRARY, _OWN, _END, _LOOP = 0, 1, 2, 3
"""What a file is. Above what calls a test or a fixture there are pytest's frames alone; where an event loop calls, what waits may be elsewhere."""
_PYTESTS = tuple(os.path.join("_pytest", f"{name}.py") for name in ("python", "fixtures", "unittest", "doctest"))  # noqa: PTH118  # loads nothing
"""What calls tests and fixtures."""
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep  # noqa: PTH100,PTH120  # loads nothing
_CALL_BACK = tuple(os.path.join("asyncio", file) for file in ("events.py", "runners.py"))  # noqa: PTH118  # as above
"""What an event loop calls back from; the second where the loop is uvloop's, which has no frames."""
_STANDARD = os.path.dirname(os.__file__) + os.sep  # noqa: PTH120  # as above


_identity: Callable[[object], int] = object.__hash__ if sys.implementation.name == "cpython" else id
"""As `id`, which is an event that each audit hook of the process hears of. Elsewhere two objects may have one hash."""


class CallSites:
    """Tells where in the user's code the calls of one process come from."""

    def __init__(self, root: str) -> None:
        self._roots = tuple({each.rstrip(os.sep) + os.sep for each in (root, os.path.realpath(root))})
        """How paths of the user's own files begin: as pytest writes them, and as an editable install may."""
        self._kinds: dict[str, int] = {}
        """What each file is."""
        self._libraries: set[str] = set()
        """Those that are a library's."""
        self._sites: dict[tuple[int, ...], tuple[Site, list[CodeType]]] = {}
        """By identities of code objects, and the instructions that they are at: to compare the objects would take longer. They are
        held, so that no other gets an identity that is known here."""

    def here(self, above: int) -> Site:
        """The site of a call that is sent at this moment; NOWHERE where no frame is the user's own.

        The frames so far above the caller's are ours, and not looked at: each is an object to make.
        """
        frame: Any = sys._getframe(above + 1)
        libraries = self._libraries
        while frame is not None and frame.f_globals.get("__file__") in libraries:
            frame = frame.f_back
        kinds = self._kinds
        codes: list[CodeType] = []
        places: list[int] = []
        while frame is not None:
            code = frame.f_code
            try:
                kind = kinds[code.co_filename]
            except KeyError:
                kind = self._learn(code.co_filename)
            if kind == _OWN:
                codes.append(code)
                places.append(frame.f_lasti)
                if len(codes) == MOST_FRAMES:
                    break
            elif kind:
                if kind == _END or codes:  # what runs a loop is the same for all of its tasks, and deep
                    break
                for code, at in frames_that_wait():  # a task that began in a library: what waits for it asked
                    if self._learn(code.co_filename) == _OWN and len(codes) < MOST_FRAMES:
                        codes.append(code)
                        places.append(at)
            frame = frame.f_back
        if not codes:
            return NOWHERE
        known = self._sites.get(key := (*map(_identity, codes), *places))
        return self._lay_out(key, codes, places) if known is None else known[0]

    def _learn(self, file: str) -> int:
        if len(self._kinds) >= MOST_KNOWN:
            self._kinds.clear()
            self._libraries.clear()
        kind = self._kinds[file] = self._kind_of(file)
        if kind == _LIBRARY:
            self._libraries.add(file)
        return kind

    def _kind_of(self, file: str) -> int:
        if file.endswith(_PYTESTS):
            return _END
        if file.endswith(_CALL_BACK):
            return _LOOP
        if not file.startswith(self._roots) or file.startswith((_PACKAGE, _STANDARD)):
            return _LIBRARY
        return _LIBRARY if any(f"{os.sep}{folder}{os.sep}" in file for folder in INSTALLED) else _OWN

    def _lay_out(self, key: tuple[int, ...], codes: list[CodeType], places: list[int]) -> Site:
        frames = list(map(self._frame_text, codes, places))
        site = site_of(
            "\n".join(frame for frame, above in zip(frames, [*frames[1:], ""], strict=True) if frame != above)
        )
        if len(self._sites) >= MOST_KNOWN:
            self._sites.clear()
        self._sites[key] = (site, codes)
        return site

    def _frame_text(self, code: CodeType, at: int) -> str:
        file = next(code.co_filename[len(root) :] for root in self._roots if code.co_filename.startswith(root))
        return f"{_one_line(file.replace(os.sep, '/'))}:{line_of(code, at)} {function_of(code)}"


def line_of(code: CodeType, at: int) -> int:
    """The line of an instruction; that of the function where it has none."""
    for begin, end, line in code.co_lines():
        if begin <= at < end and line is not None:
            return line
    return code.co_firstlineno


_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")


def function_of(code: CodeType) -> str:
    """The qualified name of a function; a comprehension is part of what it stands in, as it is from Python 3.12 on."""
    parts = code.co_qualname.split(".")
    while parts[-1] in _COMPREHENSIONS:
        parts = parts[:-1]
        if parts and parts[-1] == "<locals>":
            parts = parts[:-1]
        if not parts:
            parts = ["<module>"]
    return "_".join(_one_line(".".join(parts)).split(" "))


def _one_line(text: str) -> str:
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)
