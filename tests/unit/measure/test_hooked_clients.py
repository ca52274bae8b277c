"""When clients are hooked: those that are there, those that come later, and those that come at that very moment."""

import importlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_claude_budget.intercept import httpx_hooks as hooks
from pytest_claude_budget.measure import hooked_clients as watching


class Hooked:
    """Stands in for the hooks of one module."""

    def remove(self, sink: object) -> None:
        """Nothing was hooked."""


def test_a_client_that_another_thread_is_importing_is_hooked_once_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run may begin at that moment: its finder came too late to see the import, and the module has no client yet."""
    half, go, name = threading.Event(), threading.Event(), "client_in_the_making"
    (tmp_path / f"{name}.py").write_text("import sys\nsys.half.set()\nassert sys.go.wait(60)\nclass AsyncClient: ...\n")
    hooked: list[ModuleType] = []
    asked = importlib.import_module

    def wait(module: str, package: str | None = None) -> ModuleType:
        if module == name:
            go.set()
        return asked(module, package)

    def hook(module: ModuleType, sink: Any) -> Any:
        hooked.append(module)
        return Hooked()

    for key, value in (("half", half), ("go", go)):
        monkeypatch.setattr(sys, key, value, raising=False)
    monkeypatch.setattr(watching, "CLIENTS", {name: ("httpx_hooks", "AsyncClient", False)})
    monkeypatch.setattr(hooks, "hook_module", hook)
    monkeypatch.setattr(importlib, "import_module", wait)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, name, raising=False)
    thread = threading.Thread(target=__import__, args=(name,))
    thread.start()
    assert half.wait(60)
    watch = watching.Watching(object, lambda stage, error: None)  # type: ignore[arg-type]  # nothing is told to it
    watch.start()
    try:
        assert [sys.modules[name]] == hooked
    finally:
        go.set()
        thread.join(60)
        watch.stop()


HOOKED = """
import gc, importlib, sys
from pytest_claude_budget.measure.hooked_clients import Watching

seen, load = [], importlib.import_module
def noted(name, package=None):
    if name.startswith("pytest_claude_budget.intercept.") and name not in sys.modules:
        seen.append(gc.isenabled())
    return load(name, package)
importlib.import_module = noted
watching = Watching(lambda: None, lambda stage, error: sys.exit(f"{stage}: {error!r}"))
watching.start()
import aiohttp, requests
assert gc.isenabled()
gc.disable()
import httpx
assert not gc.isenabled()
watching.stop()
print(len(seen) > 2, any(seen))
"""


def test_no_garbage_is_collected_while_hooks_are_loaded() -> None:
    """They bring enough along to have Python look through all of a client that is half imported. Who collects none goes on so."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("CLAUDE_BUDGET_")}
    ended = subprocess.run(
        [sys.executable, "-c", HOOKED], check=False, capture_output=True, text=True, env=env, timeout=60
    )
    assert (ended.returncode, ended.stdout.strip()) == (0, "True False"), ended.stderr
