"""Handles of libcurl, of pycurl and of curl_cffi below its sessions. Each URL that one is given is told to the canary.

What a session of curl_cffi asks is measured there (`intercept/curl_hooks.py`), and is no news to the canary.
"""

import functools
import sys
from types import ModuleType
from typing import Any

from pytest_claude_budget.intercept.patches import callable_of
from pytest_claude_budget.intercept.seam import Run, Seam, watch_method

EVENT = "pytest_claude_budget.curl"
"""The audit event: the name of the client, and a URL."""


def hook_module(module: ModuleType, run: Run) -> Seam:
    """Let a run hear of the URLs that a module of curl's is given, also by handles of curl_cffi that exist already."""
    made_of_c = module.__name__ == "pycurl"
    where: Any = module if made_of_c else module.Curl
    name = "Curl" if made_of_c else "setopt"
    return watch_method(where, name, functools.partial(_handles if made_of_c else _setopt, module), run)


def _setopt(module: Any, seam: Seam, original: Any) -> Any:
    call, url = callable_of(original), module.CurlOpt.URL

    @functools.wraps(original)
    def setopt(handle: Any, option: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
        if option == url and seam.runs:
            sys.audit(EVENT, "curl_cffi", value)
        return call(handle, option, value, *args, **kwargs)

    return setopt


def _handles(module: Any, seam: Seam, original: Any) -> Any:
    """A class of C's takes no attribute: one that is derived from it stands in its place."""
    url = module.URL

    class Curl(original):  # type: ignore[misc]  # it has no types
        __doc__ = original.__doc__

        def setopt(self, option: Any, value: Any) -> Any:
            if option == url and seam.runs:
                sys.audit(EVENT, "pycurl", value)
            return super().setopt(option, value)

    Curl.__module__, Curl.__qualname__ = original.__module__, original.__qualname__
    return Curl
