"""How values are declared: frozen to the type checker, which refuses every assignment, and plain where they run.

A frozen dataclass sets its fields by a function call each, and takes three times as long to make. Large runs make
hundreds of thousands of values, and every call of a user's test makes a few.

`dataclass` takes 0.3 ms for a class, and a process declares a hundred classes, of which it uses half and makes many values of few. So
a class has its slots, its comparison and its repr at once, which are the same for all. Its first values are filled by one
function for all classes, which takes some µs longer for each; `dataclass` writes an `__init__` for a class of which there are many.
"""

import dataclasses
import importlib
import inspect
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from dataclasses import dataclass as value_class
else:

    def value_class(
        *,
        frozen: Literal[True],  # noqa: ARG001  # for the checker
        kw_only: bool = False,
        slots: bool = False,
        eq: bool = True,
        order: bool = False,
    ) -> Any:
        """As `dataclass`: compared and hashed by what is in it, or where `eq` is false by which one it is."""

        def declared(cls: type) -> type:
            names = _field_names(cls)
            defaults = {name: cls.__dict__[name] for name in names if name in cls.__dict__}
            members = {name: cls.__dict__[name] for name in _OF_THE_CLASS if name in cls.__dict__}
            value = _with_slots(cls, names) if slots else _with_defaults(cls, defaults)
            value.__repr__ = _repr
            if eq:
                _compare(value, [name for name in names if _is_compared(defaults.get(name))])
            members |= defaults
            _complete_at_need(value, names, members, {"kw_only": kw_only, "eq": order, "order": order})
            return value

        return declared


_OF_THE_CLASS = ("__module__", "__doc__", "__annotations__", "__annotate_func__", "__post_init__")
"""What `dataclass` looks at, besides the defaults."""
_WRITTEN = ("__init__", "__dataclass_fields__", "__dataclass_params__")
_ORDER = ("__lt__", "__le__", "__gt__", "__ge__")
_FEW = 60
"""Values of a class that `dataclass` would take longer for than for all of them."""


def _field_names(cls: type) -> list[str]:
    """What a class has annotations for: none of ours inherits any."""
    if not hasattr(cls, "__annotate__"):
        return list(inspect.get_annotations(cls))
    found: Any = importlib.import_module("annotationlib")  # from Python 3.14 on: what is named there may be yet to come
    return list(found.get_annotations(cls, format=found.Format.FORWARDREF))


def _with_slots(cls: type, names: list[str]) -> Any:
    """Make the class anew: slots cannot be added to one that is there."""
    members = {name: each for name, each in cls.__dict__.items() if name not in {*names, "__dict__", "__weakref__"}}
    return type(cls)(
        cls.__name__, cls.__bases__, {**members, "__qualname__": cls.__qualname__, "__slots__": tuple(names)}
    )


def _with_defaults(cls: Any, defaults: dict[str, Any]) -> Any:
    """Leave in the class what `dataclass` would leave there: of a `field(...)`, its default alone."""
    for name, default in defaults.items():
        if isinstance(default, dataclasses.Field):
            if default.default is dataclasses.MISSING:
                delattr(cls, name)
            else:
                setattr(cls, name, default.default)
    return cls


def _complete_at_need(value: Any, names: list[str], members: dict[str, Any], options: dict[str, bool]) -> None:
    """Let `dataclass` do its part once somebody makes many values, or asks for the fields."""
    left = _FEW
    own: list[tuple[str, bool, Any, Any]] = []

    def complete() -> None:
        twin: Any = dataclasses.dataclass(repr=False, match_args=False, **options)(type(value.__name__, (), members))
        for name in (*_WRITTEN, *(_ORDER if options["order"] else ())):
            setattr(value, name, twin.__dict__[name])

    def first(self: Any, *args: Any, **fields: Any) -> None:
        nonlocal left, own
        left -= 1
        if not own:
            own = [(name, *_default(members.get(name, dataclasses.MISSING))) for name in names]
        given = fields
        if args and not options["kw_only"]:
            given = {**dict(zip((name for name, taken, _, _ in own if taken), args)), **fields}  # noqa: B905  # see below
        if left < 0 or len(given) != len(args) + len(fields) or not _fill(self, own, given):
            complete()
            self.__init__(*args, **fields)  # also says what is wrong, as `dataclass` does
        elif hasattr(value, "__post_init__"):
            self.__post_init__()

    value.__init__ = first
    value.__dataclass_fields__ = _Fields(complete)
    if options["order"]:  # sorting asks for nothing first
        complete()


def _default(default: Any) -> tuple[bool, Any, Any]:
    """Of a field: is it given when a value is made, its default, and what makes one."""
    if isinstance(default, dataclasses.Field):
        return default.init, default.default, default.default_factory
    return True, default, dataclasses.MISSING


def _fill(value: Any, own: list[tuple[str, bool, Any, Any]], given: dict[str, Any]) -> bool:
    """Give a value its fields, as the `__init__` of `dataclass` would; False where something is missing or unknown."""
    used = 0
    for name, taken, default, make in own:
        if taken and name in given:
            setattr(value, name, given[name])
            used += 1
        elif make is not dataclasses.MISSING:
            setattr(value, name, make())
        elif default is not dataclasses.MISSING:
            setattr(value, name, default)
        elif taken:
            return False
    return used == len(given)


class _Fields:
    """Stands where `dataclasses.fields` and `replace` look, until they do."""

    def __init__(self, complete: Callable[[], None]) -> None:
        self._complete = complete

    def __get__(self, value: Any, cls: Any) -> Any:
        """Give what `dataclass` has written by now."""
        self._complete()
        return cls.__dataclass_fields__


def _repr(self: Any) -> str:
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _is_compared(default: Any) -> bool:
    return not isinstance(default, dataclasses.Field) or default.compare is not False


def _compare(value: Any, names: list[str]) -> None:
    parts = attrgetter(*names) if names else type

    def equal(self: Any, other: object) -> Any:
        return parts(self) == parts(other) if type(other) is type(self) else NotImplemented

    value.__eq__ = equal
    value.__hash__ = lambda self: hash(parts(self))


__all__ = ["value_class"]
