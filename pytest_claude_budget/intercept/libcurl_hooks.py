"""Handles of libcurl, of pycurl and of curl_cffi below its sessions. Each URL that one is given, or was led to, is told to the canary.

What a session of curl_cffi asks is measured there (`intercept/curl_hooks.py`), and is no news to the canary.
"""

import functools
import sys
from types import ModuleType
from typing import Any

from pytest_claude_budget.intercept.patches import callable_of, owner_of
from pytest_claude_budget.intercept.seam import Run, Seam

EVENT = "pytest_claude_budget.curl"
"""The audit event: the name of the client, a URL, and whether that was asked already, as redirects led to it."""
MEASURED = "_claude_budget_measured"
"""Set on a handle that a session of curl_cffi has: its answers are seen there."""


def hook_module(module: ModuleType, run: Run) -> Seam:
    """Let a run hear of the URLs that a module of curl's is given, also by handles of curl_cffi that exist already."""
    made_of_c = module.__name__ == "pycurl"
    where: Any = module if made_of_c else module.Curl
    hooks = {"Curl": _handles, "CurlMulti": _multi} if made_of_c else {"setopt": _setopt, "perform": _perform}
    seam: Seam | None = owner_of(vars(where)[next(iter(hooks))])
    if seam is None:

        def put(seam: Seam) -> None:
            for name, hook in hooks.items():
                seam.patches.put(where, name, functools.partial(hook, module, seam))

        seam = Seam(put)
    seam.add(run)
    return seam


def _setopt(module: Any, seam: Seam, original: Any) -> Any:
    call, url = callable_of(original), module.CurlOpt.URL

    @functools.wraps(original)
    def setopt(handle: Any, option: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
        if option == url and seam.runs:
            sys.audit(EVENT, "curl_cffi", value, False)  # noqa: FBT003  # takes no name
        return call(handle, option, value, *args, **kwargs)

    return setopt


def _perform(module: Any, seam: Seam, original: Any) -> Any:
    call, info = callable_of(original), module.CurlInfo

    @functools.wraps(original)
    def perform(handle: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return call(handle, *args, **kwargs)
        finally:
            if seam.runs and not hasattr(handle, MEASURED):
                _tell_of_redirects("curl_cffi", handle, info)

    return perform


def _tell_of_redirects(client: str, handle: Any, info: Any) -> None:
    """Libcurl has followed them by itself."""
    try:
        is_led, url = handle.getinfo(info.REDIRECT_COUNT), handle.getinfo(info.EFFECTIVE_URL)
    except Exception:  # a handle that is closed by now
        return
    if is_led:
        sys.audit(EVENT, client, url, True)  # noqa: FBT003  # takes no name


def _handles(module: Any, seam: Seam, original: Any) -> Any:
    """A class of C's takes no attribute: one that is derived from it stands in its place."""
    url = module.URL

    class Curl(original):  # type: ignore[misc]  # it has no types
        __doc__ = original.__doc__

        def setopt(self, option: Any, value: Any) -> Any:
            if option == url and seam.runs:
                sys.audit(EVENT, "pycurl", value, False)  # noqa: FBT003  # takes no name
            return super().setopt(option, value)

        def perform(self) -> Any:
            return self._led(super().perform)

        def perform_rb(self) -> Any:
            return self._led(super().perform_rb)

        def perform_rs(self) -> Any:
            return self._led(super().perform_rs)

        def _led(self, perform: Any) -> Any:
            try:
                return perform()
            finally:
                if seam.runs:
                    _tell_of_redirects("pycurl", self, module)

    Curl.__module__, Curl.__qualname__ = original.__module__, original.__qualname__
    return Curl


def _multi(module: Any, seam: Seam, original: Any) -> Any:
    """A handle of several is looked at as it is taken from them."""

    class CurlMulti(original):  # type: ignore[misc]  # as above
        __doc__ = original.__doc__

        def remove_handle(self, handle: Any) -> Any:
            if seam.runs:
                _tell_of_redirects("pycurl", handle, module)
            return super().remove_handle(handle)

    CurlMulti.__module__, CurlMulti.__qualname__ = original.__module__, original.__qualname__
    return CurlMulti
