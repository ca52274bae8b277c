"""Points other programs at a gateway: child processes get its URL as ANTHROPIC_BASE_URL, and this process does not see it.

What is measured in this process must find what its user has set: clients are made with it, cassettes and mocks know it. So the
URL is no part of `os.environ`. It stands in the environment that C hands on (`os.putenv`), and `subprocess.Popen` adds it where a
test makes an environment of its own. A child process that is measured by hooks takes it out of view again, for its own children.
"""

import functools
import os
import sys
from collections.abc import Callable, Mapping, MutableMapping
from types import ModuleType
from typing import Any

from pytest_claude_budget.ledger.outside import system
from pytest_claude_budget.measure.environment import GATEWAY_VARIABLE

VARIABLE = "ANTHROPIC_BASE_URL"
"""By this, programs know whom to ask."""
_CLOSE_FDS, _ENV = 7, 10
"""Places of two arguments of `subprocess.Popen`."""


class ForChildren:
    """What child processes get of one run, or of the process that this one is a child of."""

    def __init__(self, start: str, url: Callable[[], str]) -> None:
        self.start = start
        """How the gateway's URL begins."""
        self.own = os.environ.get(VARIABLE)
        """What this process sees; None where that is nothing."""
        self.url = url
        """What a program gets that is started now."""
        self._earlier: str | None = None

    def begin(self) -> None:
        """Tell from here on."""
        self._earlier = os.environ.get(GATEWAY_VARIABLE)
        _TOLD.append(self)
        os.environ[GATEWAY_VARIABLE] = f"{self.start}\t{self.own or ''}"
        _POPEN.put()
        self.tell()

    def end(self) -> None:
        """Leave everything as it was found."""
        if self not in _TOLD:
            return
        at = _TOLD.index(self)
        del _TOLD[at]
        if at < len(_TOLD):  # a newer one is in force
            _TOLD[at]._earlier = self._earlier
            return
        if self._earlier is None:
            os.environ.pop(GATEWAY_VARIABLE, None)
        else:
            os.environ[GATEWAY_VARIABLE] = self._earlier
        if _TOLD:
            _TOLD[-1].tell()
            return
        _POPEN.take_out()
        seen = os.environ.get(VARIABLE)
        if seen is None:
            system.unsetenv(VARIABLE)
        else:
            system.putenv(VARIABLE, seen)

    def tell(self) -> None:
        """Bring up to date what programs get that are started without an environment of their own."""
        if os.environ.get(VARIABLE) == self.own:  # else somebody has set another one, or taken it away
            system.putenv(VARIABLE, self.url())

    def added_to(self, environment: Mapping[Any, Any]) -> Mapping[Any, Any]:
        """An environment that a test has made, with the URL in it, unless it has another one."""
        return {**environment, VARIABLE: self.url()} if environment.get(VARIABLE) == self.own else environment


_TOLD: list[ForChildren] = []
"""One for each run of this process that has a gateway, and one that this process was told of. Module state: so is the environment."""


def hide(environ: MutableMapping[str, str]) -> None:
    """Take a gateway's URL out of view, in a process that is measured by hooks: they see what it asks, and nothing counts twice."""
    start, _, own = environ[GATEWAY_VARIABLE].partition("\t")
    said = environ.get(VARIABLE, "")
    if not start or not said.startswith(start) or _TOLD:
        return
    if own:
        environ[VARIABLE] = own
    else:
        del environ[VARIABLE]
    ForChildren(start, lambda: said).begin()


def told_of() -> ForChildren | None:
    """The gateway that this process's programs are pointed at; None where there is none."""
    return _TOLD[-1] if _TOLD else None


class _Popen:
    """The wrapper around `subprocess.Popen.__init__`, put in once that module is there."""

    owns_patches = True

    def __init__(self) -> None:
        self._patches: Any = None
        self._finder: Any = None

    def put(self) -> None:
        """Put it in, or wait for the module."""
        if self._patches is None:
            from pytest_claude_budget.intercept.patches import Patches

            self._patches = Patches(self)
        if (module := sys.modules.get("subprocess")) is not None:
            self._wrap(module)
        elif self._finder is None:
            from pytest_claude_budget.measure.hooked_clients import ClientFinder

            self._finder = ClientFinder(("subprocess",), self._wrap)
            sys.meta_path.insert(0, self._finder)

    def take_out(self) -> None:
        """Take it out."""
        if self._patches is not None:
            self._patches.take_out()
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        self._patches = self._finder = None

    def _wrap(self, module: ModuleType) -> None:
        if self._patches is not None and hasattr(module, "Popen"):
            self._patches.put(module.Popen, "__init__", _wrapper)


_POPEN = _Popen()


def _wrapper(original: Any) -> Any:
    from pytest_claude_budget.intercept.patches import callable_of

    call = callable_of(original)

    @functools.wraps(original)
    def hook(popen: Any, *args: Any, **kwargs: Any) -> None:
        if _TOLD:
            try:
                args, kwargs = _pointed(_TOLD[-1], args, kwargs)
            except Exception:
                """Somebody's own idea of an environment: it is used as it is."""
        call(popen, *args, **kwargs)

    return hook


def _pointed(
    told: ForChildren, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of `Popen`, pointed at the gateway."""
    environment = args[_ENV] if len(args) > _ENV else kwargs.get("env")
    if environment is None:
        told.tell()
        closes = args[_CLOSE_FDS] if len(args) > _CLOSE_FDS else kwargs.get("close_fds", True)
        if closes:
            return args, kwargs
        environment = os.environ  # as `Popen` itself takes it where it starts by `posix_spawn`
    environment = told.added_to(environment)
    if len(args) > _ENV:
        return (*args[:_ENV], environment, *args[_ENV + 1 :]), kwargs
    return args, {**kwargs, "env": environment}
