"""Loads what reads rarer answers with the first of them, and keeps it.

An `import` in a function asks `builtins.__import__` each time that it is passed. A suite may have put something else there: to count,
or to feign that a package is not installed. So no later answer passes one.
"""

import importlib
from functools import cache
from typing import Any


@cache
def rarer(module: str, name: str) -> Any:
    """What a module of this folder has by a name. Raises ImportError where it cannot be loaded now; then it is tried again."""
    return getattr(importlib.import_module(f"{__package__}.{module}"), name)
