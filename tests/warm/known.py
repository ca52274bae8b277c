"""What each fork would find out again, found out once: code of modules, patterns, packages.

A fork imports the package under test and clients as an interpreter does. It need not read and compile what is the same in all of them,
which was a third of a small sub-session. A fork that goes first shows what that is; a file that has changed since is read anew.
"""

import gc
import importlib
import importlib.metadata
import os
import pickle
import pkgutil
import re
import runpy
import sys
import tempfile
from collections.abc import Callable, Iterable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

TESTS = Path(__file__).parents[1]
FIRST = """
import contextlib, importlib
import pytest
for name in ("aiohttp", "httpx", "requests", "xdist.dsession", "xdist.remote", "xdist.workermanage"):
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
ANSWER = {"type": "message", "model": "claude-haiku-4-5", "content": [], "usage": {"input_tokens": 1, "output_tokens": 1}}
def test_a():
    http = pytest.importorskip("httpx2")
    client = http.Client(transport=http.MockTransport(lambda _: http.Response(200, json=ANSWER)))
    client.post("https://api.anthropic.com/v1/messages", json={"model": "claude-haiku-4-5", "max_tokens": 9, "messages": []})
"""
BUDGET = "version: 1\nlimits:\n  - {scope: test, max_cost: 0.01}\n"
ARGUMENTS = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--claude-budget-report=json:out.json", "test_first.py"]
Become = Callable[[dict[str, Any], tuple[int, ...]], None]
"""`parent.become`."""
Seen = tuple[list[tuple[Any, int]], list[tuple[str, str]]]
"""Patterns with their flags, and modules with their files."""


def know_all(become: Become) -> list[str]:
    """Keep what forks would find out again. Returns which modules they import."""
    _know_packages()
    patterns, modules = _seen_by_a_first_fork(become)
    for pattern, flags in patterns:
        re.compile(pattern, flags)
    loader: Any = SourceFileLoader
    loader.get_code = code_kept(modules)
    for folder in {str(Path(file).parent) for _, file in modules}:
        finder: Any = pkgutil.get_importer(folder)
        finder.find_spec("none_of_that_name")  # it lists the folder, and again once that has changed
    return [name for name, _ in modules]


def freeze() -> None:
    """Leave all that is here out of garbage collection; how much it is takes Python 10 ms to count, and the package asks five times.

    A sub-session ends before it has much that a collection could free; it still has those that it asks for.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    count = gc.get_freeze_count()
    gc.get_freeze_count = lambda: count


def show_hooks_and_fixtures(module: Any) -> None:
    """Let pytest and pluggy look at these names of a plugin alone: each looks at every name at every start, to find no others."""
    fixture: Any = importlib.import_module("_pytest.fixtures").FixtureFunctionDefinition
    names = [name for name, each in vars(module).items() if name.startswith("pytest_") or isinstance(each, fixture)]
    module.__dir__ = lambda: names


def pass_by(names: Iterable[str]) -> None:
    """Spare pytest the look at the names of these: by its patterns it would find that none is a test, whose assertions it rewrites."""
    hook: Any = importlib.import_module("_pytest.assertion.rewrite").AssertionRewritingHook
    looks, others = hook._early_rewrite_bailout, frozenset(names)

    def passes_by(self: Any, name: str, state: Any) -> bool:
        return (name in others and not self._is_marked_for_rewrite(name, state)) or looks(self, name, state)

    hook._early_rewrite_bailout = passes_by


def _know_packages() -> None:
    """Which plugins there are and of what files they consist: pytest reads it of all packages at each start."""
    kept: Any = importlib.metadata.Distribution
    for name in ("entry_points", "files", "metadata"):
        setattr(kept, name, property(_once(getattr(kept, name).fget)))
    for distribution in importlib.metadata.distributions():
        if any(each.group == "pytest11" for each in distribution.entry_points):
            list(map(str, distribution.files or ()))  # a path keeps its text


def _once(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    found: dict[str, Any] = {}

    def of(distribution: Any) -> Any:
        name = str(distribution._path)
        if name not in found:
            found[name] = read(distribution)
        return found[name]

    return of


def _seen_by_a_first_fork(become: Become) -> Seen:
    reading, writing = os.pipe()
    with tempfile.TemporaryDirectory() as folder:
        child = os.fork()
        if not child:
            os.close(reading)
            _go_first(become, Path(folder), writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as told:
            seen: Seen = pickle.load(told)  # of our own fork
        os.waitpid(child, 0)
    return seen


def _go_first(become: Become, folder: Path, writing: int) -> None:
    """Run a suite with one call, and tell what was imported and compiled. Never returns."""
    patterns: list[tuple[Any, int]] = []
    compiler: Any = re._compiler  # type: ignore[attr-defined]  # where `re` comes only for what it has not kept
    really = compiler.compile

    def compiled(pattern: Any, flags: int = 0) -> Any:
        patterns.append((pattern, int(flags)))
        return really(pattern, flags)

    compiler.compile = compiled
    before = set(sys.modules)
    try:
        (folder / "test_first.py").write_text(FIRST, "utf-8")
        (folder / "claude-budget.yml").write_text(BUDGET, "utf-8")
        aside = runpy.run_path(str(TESTS / "aside.py"))
        environ = {**os.environ, "PYTEST_ADDOPTS": aside["without"](*aside["ASIDE"])}
        silent = os.open(os.devnull, os.O_RDWR)
        streams = (silent, os.dup(silent), os.dup(silent))
        become({"folder": str(folder), "environ": environ, "arguments": ARGUMENTS}, streams)
    except BaseException:
        """It ends by one. What it has seen until then is told, and whoever comes next says what is wrong."""
    finally:
        specs: list[Any] = [getattr(sys.modules[name], "__spec__", None) for name in {*sys.modules} - before]
        modules = [
            (each.name, each.origin) for each in specs if type(getattr(each, "loader", None)) is SourceFileLoader
        ]
        with os.fdopen(writing, "wb") as telling:
            pickle.dump((patterns, modules), telling)
        os._exit(0)


def code_kept(modules: Iterable[tuple[str, str]]) -> Callable[[Any, str], CodeType | None]:
    """What a loader gets the code of a module by: kept, as long as its file is the same."""
    read = SourceFileLoader.get_code
    codes = {path: (stamp(path), read(SourceFileLoader(name, path), name)) for name, path in modules}

    def get_code(loader: Any, name: str) -> CodeType | None:
        kept = codes.get(loader.path)
        return kept[1] if kept is not None and kept[0] == stamp(loader.path) else read(loader, name)

    return get_code


def stamp(path: str) -> tuple[int, int]:
    """When a file was changed, and its size."""
    found = Path(path).stat()
    return found.st_mtime_ns, found.st_size
