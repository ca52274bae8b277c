"""Wrappers that are put into classes of others, and taken out again.

A class is wrapped once, however many runs watch it and by whatever name its module goes. Others wrap it too, before us and after,
by functions and by descriptors: what stands in the class is called as Python itself would call it.
"""

import functools
import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import FunctionType
from typing import Any

_MARK = "__claude_budget_hooks__"
_DEEPEST = 100
"""Wrappers around wrappers that are looked through; a circle of them has no end."""

Make = Callable[[Any], Any]
"""Makes a wrapper of what stands in a class."""


class Patches:
    """What one owner has put into classes."""

    def __init__(self, owner: object) -> None:
        self._owner = owner
        """Found again by `owner_of`, in whatever way its wrappers are wrapped."""
        self._placed: list[tuple[Any, str, Any, Any, Make]] = []
        """Class, attribute, what stood there or would stand there, the wrapper that takes its place, and what made it."""

    def put(self, cls: Any, name: str, make: Make) -> None:
        """Put a wrapper in, where calls do not come by one of this owner's already."""
        original = cls.__dict__[name]
        if owner_of(original) is not self._owner:
            setattr(cls, name, self._wrapper(cls, name, make, original))

    def _wrapper(self, cls: Any, name: str, make: Make, original: Any) -> Any:
        """Make a wrapper.

        Whoever unwraps the attribute takes away the top and leaves what that wraps: their own wrapper must go then, and
        ours stay. So what ours says that it wraps is one of ours around what theirs wraps.
        """
        wrapper = make(original)
        _show_signature(wrapper, original)
        setattr(wrapper, _MARK, self._owner)
        _, *inner = itertools.islice(_layers(original), 2)
        for below in inner:
            wrapper.__wrapped__ = self._wrapper(cls, name, make, below)
        self._placed.append((cls, name, original, wrapper, make))
        return wrapper

    def take_out(self) -> None:
        """Take all out. One that somebody has wrapped since may have to stay: then it only passes calls on."""
        for cls, name, original, wrapper, _ in reversed(self._placed):
            if cls.__dict__.get(name) is wrapper:
                setattr(cls, name, original)
            else:
                _take_from_under(cls.__dict__.get(name), wrapper, original)
        self._placed.clear()

    def put_back(self) -> str | None:
        """Put a wrapper in anew that somebody has thrown out, who had wrapped the class earlier and unwraps it now.

        Returns what it was, as a person knows it; None where all is in its place.
        """
        for cls, name, original, wrapper, make in self._placed:
            now = cls.__dict__.get(name)
            if now is not wrapper and owner_of(now) is None and any(now is each for each in _layers(original)):
                self._placed = [placed for placed in self._placed if placed[:2] != (cls, name)]
                self.put(cls, name, make)
                package = getattr(cls, "__module__", cls.__name__).partition(".")[0]  # a module has no module
                return f"{package}.{cls.__name__}.{name}"
        return None


def _show_signature(wrapper: Any, original: Any) -> None:
    """Not all who look at a signature follow what a function says that it wraps: `inspect.getfullargspec` does not.

    Who looks has loaded `inspect`, as pytest does; a child process need not.
    """
    inspect: Any = sys.modules.get("inspect")
    if inspect is not None:
        with suppress(Exception):  # somebody's own idea of a function
            wrapper.__signature__ = inspect.signature(original)


def callable_of(original: Any) -> Callable[..., Any]:
    """What stands in a class, as something to call with the object first: a function as it is, a descriptor bound."""
    if type(original) is FunctionType:
        return original
    if hasattr(type(original), "__get__"):
        return lambda self, *args, **kwargs: original.__get__(self, type(self))(*args, **kwargs)
    return lambda self, *args, **kwargs: original(*args, **kwargs)


def owner_of(top: Any) -> Any:
    """Whose wrapper calls of this come by; None without one. Wrappers pass the mark on; one that hides it is wrapped once more."""
    for _ in range(_DEEPEST):  # nearly always once: by no generator
        if top is None:
            break
        try:
            found = getattr(top, _MARK, None)
        except Exception:  # somebody's own idea of an attribute
            found = None
        if found is not None and getattr(type(found), "owns_patches", None) is True:
            return found
        top = _below(top)
    return None


def is_hooked(top: Any) -> bool:
    """Do calls of this surely come by a wrapper of ours?

    Nearly always it is ours. Of another function, which may only say so since `functools.wraps` took the mark over, nobody knows.
    """
    if type(top) is FunctionType:
        return _MARK in top.__dict__ and top.__globals__.get("__package__") == __package__
    return owner_of(top) is not None


def _layers(top: Any) -> Iterator[Any]:
    """What stands in a class, and what it says that it wraps."""
    for _ in range(_DEEPEST):
        if top is None:
            return
        yield top
        top = _below(top)


def _below(layer: Any) -> Any:
    return _attribute(layer, "func" if isinstance(layer, functools.partialmethod) else "__wrapped__")


def _attribute(thing: Any, name: str) -> Any:
    try:
        return getattr(thing, name, None)
    except Exception:  # somebody's own idea of an attribute
        return None


def _take_from_under(top: Any, wrapper: Any, original: Any) -> None:
    """Take a wrapper out from under a proxy, so that whoever takes the proxy away does not bring it back."""
    for layer in _layers(top):
        if any(cls.__name__ == "ObjectProxy" for cls in type(layer).__mro__):
            with suppress(Exception):  # somebody's own idea of a proxy
                if layer.__wrapped__ is wrapper:
                    layer.__wrapped__ = original
                    return
