"""Modules of the package that only say what is: executed once, and put into place where a fork imports them.

A fork still imports each as it would without this: in its order, with what it imports itself, and anew once it was taken out of
`sys.modules`. It does not execute it, which makes hundreds of classes that are the same in every fork. A module that takes hold of
something, or keeps what happens, is none of these.
"""

import builtins
import importlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

PACKAGE = "pytest_claude_budget"
PURE = [
    "advice",
    "base",
    "bounds",
    "budget",
    "calls",
    "compare",
    "forecast",
    "judge",
    "pricing",
    "record",
    "render",
    "wire",
]
"""As `tests/architecture.py` holds them to be."""


class Kept(NamedTuple):
    """A module that was executed."""

    module: ModuleType
    spec: Any
    folder: str
    """Where an import finds it: in another folder there is another one."""
    stamp: object
    imports: list[str]
    """Modules of the package, in its order."""


class Executed(MetaPathFinder, Loader):
    """Finds the pure ones of these modules as long as their files are the same."""

    def __init__(self, names: Iterable[str], stamp: Callable[[str], object]) -> None:
        self._stamp = stamp
        with _noted() as imports:
            for name in filter(_is_pure, names):
                importlib.import_module(name)
        loaded = {name: sys.modules.pop(name) for name in [*sys.modules] if name.partition(".")[0] == PACKAGE}
        for name, module in loaded.items():  # an import puts it into the package above it
            above, _, last = name.rpartition(".")
            if above in loaded and vars(loaded[above]).get(last) is module:
                delattr(loaded[above], last)
        self._kept = {name: self._keep(loaded[name], imports.get(name, [])) for name in loaded if _is_pure(name)}

    def _keep(self, module: Any, imports: list[str]) -> Kept:
        for each in vars(module).values():
            if isinstance(each, type) and each.__module__ == module.__name__:
                getattr(each, "__dataclass_fields__", None)  # so that `dataclass` does its part, as a first value would
        file = Path(module.__file__)
        folder = file.parents[module.__spec__.submodule_search_locations is not None]
        return Kept(module, module.__spec__, str(folder), self._stamp(str(file)), imports)

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """None of what is not kept."""
        kept = self._kept.get(name)
        if kept is None or kept.folder not in (path or ()) or kept.stamp != self._stamp(kept.spec.origin):
            return None
        return ModuleSpec(name, self, origin=kept.spec.origin)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The one that there is."""
        return self._kept[spec.name].module

    def exec_module(self, module: ModuleType) -> None:
        """Import what it has imported."""
        kept = self._kept[module.__name__]
        module.__spec__ = kept.spec
        for name in kept.imports:
            importlib.import_module(name)


def _is_pure(name: str) -> bool:
    package, _, rest = name.partition(".")
    return package == PACKAGE and rest.partition(".")[0] in PURE


@contextmanager
def _noted() -> Iterator[dict[str, list[str]]]:
    """By module: what it imports of the package."""
    imports: dict[str, list[str]] = {}
    really = builtins.__import__

    def noting(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:  # noqa: A002  # Python's names
        found = really(name, globals, locals, fromlist, level)
        if name.partition(".")[0] == PACKAGE and globals is not None:
            names = [name, *(f"{name}.{each}" for each in fromlist or ())]
            imports.setdefault(globals["__name__"], []).extend(each for each in names if each in sys.modules)
        return found

    builtins.__import__ = noting
    try:
        yield imports
    finally:
        builtins.__import__ = really
