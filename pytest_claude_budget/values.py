"""How values are declared: frozen to the type checker, which refuses every assignment, and plain where they run.

A frozen dataclass sets its fields by a function call each, and takes three times as long to make. Large runs make
hundreds of thousands of values, and every call of a user's test makes a few.
"""

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as value_class
else:

    def value_class(*, frozen: bool, eq: bool = True, **options: bool) -> Any:
        """As `dataclass`: compared and hashed by what is in it, or where `eq` is false by which one it is."""
        return dataclasses.dataclass(eq=eq, unsafe_hash=frozen and eq, match_args=False, **options)


__all__ = ["value_class"]
