"""A document with the place of each of its values: line and column, for errors that point at them."""

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any, TypeAlias

from pytest_claude_budget.base.values import value_class

ValuePath: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the top of a document to one of its values."""


@value_class(frozen=True, kw_only=True, slots=True)
class Marks:
    """Where a value stands, and what it holds; line and column count from one."""

    line: int
    column: int
    keys: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    children: Mapping[str | int, "Marks"] = field(default_factory=dict)


@value_class(frozen=True, kw_only=True, slots=True)
class YamlDocument:
    """The value of a YAML file, and the way back from each part of it to the line it was written on."""

    value: Any
    """dict (keys are always text), list, str, int, Decimal, bool or None; never a float or a date."""
    name: str
    """The file as the user should see it."""
    marks: Marks

    def place(self, path: ValuePath = ()) -> tuple[int, int]:
        """Line and column of the value at a path, or of the nearest thing around it that exists."""
        marks = self.marks
        for step in path:
            if step not in marks.children:
                break
            marks = marks.children[step]
        return marks.line, marks.column

    def key_place(self, path: ValuePath) -> tuple[int, int]:
        """Line and column of the key that a path ends in, or of the value where it ends in no key."""
        marks: Marks | None = self.marks
        for step in path[:-1]:
            marks = marks.children.get(step) if marks else None
        last = str(path[-1]) if path else ""
        return marks.keys[last] if marks and path and last in marks.keys else self.place(path)

    def where(self, path: ValuePath = ()) -> str:
        """`name:line:column` of the value at a path, or of the nearest thing around it that exists."""
        line, column = self.place(path)
        return f"{self.name}:{line}:{column}"

    def where_key(self, path: ValuePath) -> str:
        """`name:line:column` of the key that a path ends in, or of the value where it ends in no key."""
        line, column = self.key_place(path)
        return f"{self.name}:{line}:{column}"


def shown_path(path: ValuePath) -> str:
    """A path as a person writes it: `limits[2].max_cost`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.fullmatch(r"[A-Za-z_][\w-]{0,59}", step, re.ASCII):
            text += f".{step}" if text else step
        else:
            from pytest_claude_budget.base.schema_errors import shown_value

            text += f"[{shown_value(step)}]"
    return text
