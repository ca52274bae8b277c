"""The HTTP clients that are watched: those that are imported already, and by an import hook those that are yet to come.

Imports nothing until a client is there, and is one module outside of `intercept`: most pytest runs never see a client, and pay
for each module and each package that is loaded.
"""

import functools
import importlib
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_claude_budget.intercept.sink import Sink

_OURS = "pytest_claude_budget.intercept"
_CONNECTIONS = ("http.client", "HTTPConnection")
_PARAMETERS = ("method", "url", "body")
"""Of `HTTPConnection.request`: the first of them."""
_ASKING = "_claude_budget_asking"
"""Set on a connection while it asks by `request`."""
Client = tuple[str, str, bool]
CLIENTS: Mapping[str, Client] = {
    "httpx": ("httpx_hooks", "AsyncClient", False),
    "httpx2": ("httpx_hooks", "AsyncClient", False),
    "urllib3.connectionpool": ("urllib3_hooks", "connection_from_url", True),
    "urllib3_future.connectionpool": ("urllib3_hooks", "connection_from_url", True),
    "urllib3._async.connectionpool": ("niquests_hooks", "connection_from_url", True),
    "urllib3_future._async.connectionpool": ("niquests_hooks", "connection_from_url", True),
    "urllib3.poolmanager": ("poolmanager_hooks", "proxy_from_url", True),
    "requests.sessions": ("requests_hooks", "session", True),
    "curl_cffi.requests.session": ("curl_hooks", "AsyncSession", True),
    "requests_mock.adapter": ("requests_hooks", "Adapter", True),
    "vcr.stubs": ("vcr_hooks", "VCRHTTPSConnection", True),
    "curl_cffi.curl": ("libcurl_hooks", "CurlMime", True),
    "pycurl": ("libcurl_hooks", "Curl", True),
    "http.client": ("", "error", True),
    "aiohttp": ("aiohttp_hooks", "TraceConfig", True),
    "botocore.client": ("botocore_hooks", "ClientMeta", True),
    "aiobotocore.client": ("botocore_hooks", "AioBaseClient", True),
    "claude_agent_sdk._internal.transport.subprocess_cli": ("agent_sdk_hooks", "SubprocessCLITransport", True),
    "google.cloud.aiplatform_v1.services.prediction_service.client": ("vertex_grpc_hooks", "__all__", True),
    "google.cloud.aiplatform_v1.services.prediction_service.async_client": ("vertex_grpc_hooks", "__all__", True),
    "google.cloud.aiplatform_v1beta1.services.prediction_service.client": ("vertex_grpc_hooks", "__all__", True),
    "google.cloud.aiplatform_v1beta1.services.prediction_service.async_client": ("vertex_grpc_hooks", "__all__", True),
    "httpcore": ("httpcore_hooks", "__version__", True),
    "httpcore2": ("httpcore_hooks", "__version__", True),
}
"""Module of a client, and: the module in `intercept` whose `hook_module` hooks it; a name that it has once it is whole; whether
most suites use it for other things than Claude, so that `hook_module` takes this run, and loads what reads an exchange later
(`intercept/seam.py`), rather than its sink. Nearly every process has `http.client`: no module hooks it until it is used (`_Latch`).
"""
STARTERS = (
    "multiprocessing.popen_spawn_posix",
    "multiprocessing.popen_forkserver",
    "multiprocessing.popen_spawn_win32",
)
"""Modules that start processes without an event that the canary could hear: loaded with the first process that they start."""


class Watching:
    """One run's watch over all HTTP clients of this process."""

    def __init__(
        self,
        make_sink: Callable[[], "Sink"],
        on_fault: Callable[[str, Exception], None],
        on_sign: Callable[[], None] = lambda: None,
    ) -> None:
        self._make_sink = make_sink
        self._on_fault = on_fault
        self._on_sign = on_sign
        """Called where there is something by which Claude may be asked; `http.client` alone is none until it is used."""
        self._sink: Sink | None = None
        self._hooks: list[tuple[Any, Any]] = []
        """Hooks of a module, and what they know this run by."""
        self._finder = ClientFinder((*CLIENTS, *STARTERS), self._see)
        self.on_client: Callable[[], None] = lambda: None
        """Called where one more client is watched."""

    @property
    def has_hooks(self) -> bool:
        """Is there a client?"""
        return bool(self._hooks)

    def start(self) -> None:
        """Hook what is imported, and wait for what is not."""
        sys.meta_path.insert(0, self._finder)
        for name, (_, last, _) in CLIENTS.items():
            module = _whole(name, last)
            if module is not None and hasattr(module, last):
                self._hook(module)
        if any(name in sys.modules for name in STARTERS):
            self._on_sign()

    def sink(self) -> "Sink":
        """Where sightings go; made when the first client is there."""
        if self._sink is None:
            self._sink = self._make_sink()
        return self._sink

    def stop(self) -> None:
        """Leave everything as it was found."""
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        hooks, self._hooks = self._hooks, []
        for each, known in sorted(hooks, key=lambda pair: pair[1] is self):  # httpx's looked into the others' classes
            each.remove(known)

    def settle(self) -> None:
        """The run is about to be told: what still goes on is told as it is by now, and does not count beyond that."""
        for each, known in self._hooks:
            each.check()
            each.settle(known)

    def check(self) -> None:
        """See that nobody has thrown a hook out."""
        for each, _ in self._hooks:
            each.check()

    def _see(self, module: ModuleType) -> None:
        """Take a module that was just imported."""
        if module.__name__ in STARTERS:
            self._on_sign()
        else:
            self._hook(module)

    def _hook(self, module: ModuleType) -> None:
        try:
            ours, _, is_common = CLIENTS[module.__name__]
            if ours:
                self._on_sign()
            if ours and f"{_OURS}.{ours}" not in sys.modules:
                from pytest_claude_budget.base.pause_gc import uncollected

                with uncollected():
                    hooks, known = self._hooked(module, ours, is_common=is_common)
            else:
                hooks, known = self._hooked(module, ours, is_common=is_common)
            if (hooks, known) not in self._hooks:
                self._hooks.append((hooks, known))
                self.on_client()
        except Exception as error:
            self._on_fault(f"hooking {module.__name__}", error)

    def _hooked(self, module: ModuleType, ours: str, *, is_common: bool) -> tuple[Any, Any]:
        """The hooks of a module, and what they know this run by."""
        hook_module = importlib.import_module(f"{_OURS}.{ours}").hook_module if ours else _latch
        known: Any = self if is_common else self.sink()
        return hook_module(module, known), known


class _Latch:
    """The hook of what `HTTPConnection` sends, by `request` or line by line up to `endheaders`.

    Loads what watches (`intercept/http_client_hooks.py`) for the first request that may be with Claude.
    """

    def __init__(self, connections: Any) -> None:
        self._class = connections
        self._runs: tuple[Watching, ...] = ()
        self._look: Any = None
        """What `_load_look` gives, once something was asked."""
        self._late: Any = None
        """The module of what watches, once it is loaded."""
        self._seam: Any = None
        """What watches answers; None as long as nothing was asked."""
        self._own: dict[type, bool] = {}
        """Of classes of connections: do they ask by the `request` that is hooked here?"""
        self._placed = [self._asking(connections.__dict__["request"])]
        if "endheaders" in connections.__dict__:
            self._placed.append(self._writing(connections.__dict__["endheaders"]))

    def _asking(self, original: Any) -> tuple[str, Any, Any]:
        """What takes the place of `request`, which writes line by line in its turn."""

        @functools.wraps(original)
        def request(connection: Any, *args: Any, **kwargs: Any) -> Any:
            if not self._runs:
                return original(connection, *args, **kwargs)
            held = connection.__dict__
            held[_ASKING] = True
            try:
                if self._may_be_claude(args, kwargs):
                    return self._watched("request", original, connection, args, kwargs)
                return original(connection, *args, **kwargs)
            finally:
                held.pop(_ASKING, None)

        request._claude_budget_latch = self  # type: ignore[attr-defined]  # found again by it
        return "request", original, _shown_as(original, request)

    def _writing(self, original: Any) -> tuple[str, Any, Any]:
        """What takes the place of `endheaders`."""

        @functools.wraps(original)
        def endheaders(connection: Any, *args: Any, **kwargs: Any) -> Any:
            if self._runs:
                own = self._own.get(type(connection))
                if own is None:
                    own = self._is_own(type(connection))
                # its `__dict__` last: to ask an object for it makes one, and makes each look at the object slower
                if own and _ASKING not in connection.__dict__ and self._has_sign(connection):
                    return self._watched("written", original, connection, args, kwargs)
            return original(connection, *args, **kwargs)

        return "endheaders", original, _shown_as(original, endheaders)

    def add(self, run: Watching) -> None:
        """Let one more run watch."""
        if not self._runs:
            self._exchange(lambda original, hook: (original, hook))
        if run not in self._runs:
            self._runs = (*self._runs, run)
            if self._seam is not None:
                self._seam.add(run)

    def remove(self, run: Watching) -> None:
        """Let a run watch no more; the last one to go takes the hooks out, unless somebody has wrapped them since."""
        self._runs = tuple(other for other in self._runs if other is not run)
        if self._seam is not None:
            self._seam.remove(run)
        if not self._runs:
            self._own.clear()
            self._exchange(lambda original, hook: (hook, original))

    def _exchange(self, order: Callable[[Any, Any], tuple[Any, Any]]) -> None:
        for name, original, hook in self._placed:
            now, then = order(original, hook)
            if self._class.__dict__[name] is now:
                setattr(self._class, name, then)

    def settle(self, run: Watching) -> None:
        """The run is about to be told: what still goes on is told as it is by now."""
        if self._seam is not None:
            self._seam.settle(run)

    def check(self) -> None:
        """Put a hook in anew that somebody has thrown out."""
        if self._seam is not None:
            self._seam.check()

    def _may_be_claude(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        arguments, body_bytes, may_be_claude = self._look = self._look or _load_look()
        method, url, body = arguments(args, kwargs, _PARAMETERS)
        if not isinstance(method, str) or not isinstance(url, str):
            return False  # http.client will say it
        return bool(may_be_claude(method, url, body if isinstance(body, bytes) else body_bytes(body)))

    def _is_own(self, connections: type) -> bool:
        """Does nobody's client, such as urllib3, write with these? It has a hook of its own, which sees the body too."""
        asking = next((cls for cls in connections.__mro__ if "request" in cls.__dict__), None)
        own = self._own[connections] = asking is self._class
        return own

    def _has_sign(self, connection: Any) -> bool:
        """Look at the path alone, since the body may come later."""
        from pytest_claude_budget.wire.may_be_claude import has_sign

        try:
            return has_sign(connection._buffer[0].decode("ascii", "replace"))
        except Exception:  # somebody's own idea of a connection
            return False

    def _watched(self, watch: str, call: Any, connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._late is None:
            self._late = importlib.import_module(f"{_OURS}.http_client_hooks")
        seam = self._seam
        if seam is None:
            for run in self._runs:
                seam = self._seam = self._late.hook_answers(self._class, run)
        return getattr(self._late, watch)(seam, call, connection, args, kwargs)


def _load_look() -> tuple[Any, Any, Any]:
    """What tells a request that may be with Claude: to import it at each would take longer than to ask it."""
    from pytest_claude_budget.intercept.call_arguments import arguments, body_bytes
    from pytest_claude_budget.wire.may_be_claude import may_be_claude

    return arguments, body_bytes, may_be_claude


def _shown_as(original: Any, hook: Any) -> Any:
    """As `intercept/patches.py` does, which is not loaded for this alone."""
    inspect: Any = sys.modules.get("inspect")
    if inspect is not None:
        with suppress(Exception):  # somebody's own idea of a function
            hook.__signature__ = inspect.signature(original)
    return hook


def _latch(module: ModuleType, run: Watching) -> _Latch:
    """Let a run watch all connections of `http.client`, also those that exist already."""
    connections = module.HTTPConnection
    if connections.__module__ != module.__name__:  # a recorder stands in its place
        connections = next(cls for cls in object.__subclasses__() if (cls.__module__, cls.__name__) == _CONNECTIONS)
    latch: _Latch | None = getattr(connections.__dict__["request"], "_claude_budget_latch", None)
    if latch is None:
        latch = _Latch(connections)
    latch.add(run)
    return latch


def _whole(name: str, last: str) -> ModuleType | None:
    """Take a client that was imported; where another thread is in the middle of that, wait for it."""
    module = sys.modules.get(name)
    if module is not None and not hasattr(module, last):
        with suppress(Exception):  # whoever imports it hears of it
            return importlib.import_module(name)
    return module


class ClientFinder:
    """Catches the import of a client that comes later, inside of a test: until then nothing is patched or paid.

    Watches the imports of `CLIENTS`; everything else passes with one comparison.
    """

    def __init__(self, names: Iterable[str], on_import: Callable[[ModuleType], None]) -> None:
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
