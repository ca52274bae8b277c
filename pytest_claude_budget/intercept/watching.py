"""Starts and stops watching: the modules that are here, and those that are yet to come.

Imports nothing heavy until a client is there: most pytest runs never see one.
"""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

from pytest_claude_budget.intercept.finder import ClientFinder

if TYPE_CHECKING:
    from pytest_claude_budget.intercept.sink import Sink

CLIENT_MODULES = ("httpx", "httpx2")


class Watching:
    """One run's watch over all HTTP clients of this process."""

    def __init__(self, make_sink: Callable[[], "Sink"], on_fault: Callable[[str, Exception], None]) -> None:
        self._make_sink = make_sink
        self._on_fault = on_fault
        self._sink: Sink | None = None
        self._finder = ClientFinder(CLIENT_MODULES, self._hook)

    def start(self) -> None:
        """Hook what is imported, and wait for what is not."""
        sys.meta_path.insert(0, self._finder)
        for name in CLIENT_MODULES:
            module = sys.modules.get(name)
            if module is not None and hasattr(module, "AsyncClient"):
                self._hook(module)

    def stop(self) -> None:
        """Leave everything as it was found."""
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        if self._sink is not None:
            from pytest_claude_budget.intercept.hooks import unhook_modules

            unhook_modules(self._sink, CLIENT_MODULES)

    def _hook(self, module: ModuleType) -> None:
        try:
            from pytest_claude_budget.intercept.hooks import hook_module

            if self._sink is None:
                self._sink = self._make_sink()
            hook_module(module, self._sink)
        except Exception as error:
            self._on_fault(f"hooking {module.__name__}", error)
