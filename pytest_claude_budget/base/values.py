"""How values are declared: frozen to the type checker, which refuses every assignment, and plain where they run.

A frozen dataclass sets its fields by a function call each, and takes three times as long to make. Large runs make
hundreds of thousands of values, and every call of a user's test makes a few. Of what `dataclass` would write and compile
for each class, only `__init__` is left to it: the rest is the same for all, and every process declares a hundred classes.
"""

import dataclasses
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from dataclasses import dataclass as value_class
else:

    def value_class(*, frozen: Literal[True], eq: bool = True, order: bool = False, **options: bool) -> Any:  # noqa: ARG001  # for the checker
        """As `dataclass`: compared and hashed by what is in it, or where `eq` is false by which one it is."""
        declare = dataclasses.dataclass(eq=order, order=order, repr=False, match_args=False, **options)

        def declared(cls: type) -> type:
            value = declare(cls)
            value.__repr__ = _repr
            if eq:
                _compare(value)
            return value

        return declared


def _repr(self: Any) -> str:
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _compare(value: Any) -> None:
    names = [field.name for field in dataclasses.fields(value) if field.compare]
    parts = attrgetter(*names) if names else type

    def equal(self: Any, other: object) -> Any:
        return parts(self) == parts(other) if type(other) is type(self) else NotImplemented

    value.__eq__ = equal
    value.__hash__ = lambda self: hash(parts(self))


__all__ = ["value_class"]
