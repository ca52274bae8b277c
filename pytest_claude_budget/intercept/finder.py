"""Catches the import of a client that comes later, inside of a test: until then nothing is patched or paid."""

import sys
import threading
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class ClientFinder:
    """Watches `import httpx` and `import httpx2`; everything else passes with one comparison."""

    def __init__(self, names: Sequence[str], on_import: Callable[[ModuleType], None]) -> None:
        self._names = frozenset(names)
        self._on_import = on_import
        self._asking: set[tuple[int, str]] = set()
        """What this finder asks the others for: another run's finder asks this one back."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find as if this finder was not there, and see the module once it is executed."""
        asked = (threading.get_ident(), fullname)
        if fullname not in self._names or asked in self._asking:
            return None
        self._asking.add(asked)
        try:
            for finder in sys.meta_path:
                find: Any = getattr(finder, "find_spec", None)
                spec: ModuleSpec | None = None if finder is self or find is None else find(fullname, path, target)
                if spec is not None:
                    self._see_execution(spec)
                    return spec
            return None
        finally:
            self._asking.discard(asked)

    def _see_execution(self, spec: ModuleSpec) -> None:
        loader: Any = spec.loader
        if loader is None or not hasattr(loader, "exec_module"):
            return
        execute, earlier = loader.exec_module, vars(loader).get("exec_module")

        def exec_module(module: ModuleType) -> None:
            if earlier is None:
                del loader.exec_module
            else:
                loader.exec_module = earlier
            execute(module)
            self._on_import(module)

        loader.exec_module = exec_module
