"""Knows a value that a JSON Schema surely allows, with the few keywords that ours have.

`jsonschema` takes 80 ms to import, longer than all else of a budget file, and nearly every file is as it should be. So it is asked only
where this says no, or is not sure: it alone says what is wrong with a file.
"""

import re
from collections.abc import Callable, Mapping, Sized
from decimal import Decimal
from typing import Any

Schema = Mapping[str, Any]


class _UnsureError(Exception):
    """A keyword, or a value, that is not known here."""


def surely_allows(schema: Schema, value: Any) -> bool:
    """Does a schema (draft 2020-12) allow a value? False also where that takes a validator that knows all of it."""
    try:
        return _Rules(schema).allow(schema, value)
    except (_UnsureError, RecursionError):
        return False


class _Rules:
    """A document of rules that refer to each other."""

    def __init__(self, root: Schema) -> None:
        self._root = root

    def allow(self, rule: Any, value: Any) -> bool:
        """Does a rule, which may be true or false alone, allow a value?"""
        if type(value) not in _KINDS:
            raise _UnsureError
        if isinstance(rule, bool):
            return rule
        return all(self._holds(key, rule, value) for key in rule)

    def _holds(self, key: str, rule: Schema, value: Any) -> bool:
        if key in _SAYINGS or key.startswith("x-"):
            return True
        said = rule[key]
        if key in _OF_VALUES:
            return _OF_VALUES[key](said, value)
        if key in _OF_SIZES:
            kind, holds = _OF_SIZES[key]
            return not isinstance(value, kind) or holds(len(value), said)
        if key in _OF_NUMBERS:
            return not _is_number(value) or _OF_NUMBERS[key](value, said)
        return self._holds_within(key, rule, value)

    def _holds_within(self, key: str, rule: Schema, value: Any) -> bool:
        """Keywords that hold other rules."""
        said = rule[key]
        if key == "$ref":
            return self.allow(self._referred(said), value)
        if key == "allOf":
            return all(self.allow(each, value) for each in said)
        if key == "anyOf":
            return any(self.allow(each, value) for each in said)
        if key == "not":
            return not self.allow(said, value)
        if key == "if":
            branch = "then" if self.allow(said, value) else "else"
            return self.allow(rule.get(branch, True), value)
        if key == "items":
            return not isinstance(value, list) or all(self.allow(said, each) for each in value)
        if not isinstance(value, dict):
            if key in ("properties", "propertyNames", "additionalProperties"):
                return True
        elif key == "properties":
            return all(self.allow(said[name], each) for name, each in value.items() if name in said)
        elif key == "propertyNames":
            return all(self.allow(said, name) for name in value)
        elif key == "additionalProperties":
            known = rule.get("properties", {})
            return all(self.allow(said, each) for name, each in value.items() if name not in known)
        raise _UnsureError

    def _referred(self, reference: str) -> Any:
        first, *names = reference.split("/")
        found: Any = self._root
        for name in names:
            if first != "#" or "~" in name or "%" in name or not isinstance(found, dict) or name not in found:
                raise _UnsureError
            found = found[name]
        if not names:
            raise _UnsureError
        return found


_SAYINGS = frozenset(
    ("$schema", "$id", "$defs", "title", "description", "default", "examples", "then", "else")  # the last two: see `if`
)


_KINDS = (str, int, bool, Decimal, list, dict, type(None))
"""What documents hold. Of others, such as 1.0 as a float, not every keyword is known here."""


def _is_number(value: Any) -> bool:
    if isinstance(value, Decimal) and not value.is_finite():
        raise _UnsureError
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": _is_number,
    "integer": lambda value: _is_number(value) and isinstance(value, int),
}


def _is_of_type(said: Any, value: Any) -> bool:
    names = said if isinstance(said, list) else [said]
    if not set(names).issubset(_TYPES):
        raise _UnsureError
    return any(_TYPES[name](value) for name in names)


def _is_one_of(said: list[Any], value: Any) -> bool:
    if not {str, int}.issuperset(map(type, said)) or isinstance(value, Decimal):  # 1.0 is 1
        raise _UnsureError
    return any(type(each) is type(value) and each == value for each in said)  # true is not 1


_OF_VALUES: Mapping[str, Callable[[Any, Any], bool]] = {
    "type": _is_of_type,
    "const": lambda said, value: _is_one_of([said], value),
    "enum": _is_one_of,
    "required": lambda said, value: not isinstance(value, dict) or all(name in value for name in said),
    "pattern": lambda said, value: not isinstance(value, str) or re.search(said, value) is not None,
}
_OF_SIZES: Mapping[str, tuple[type[Sized], Callable[[int, int], bool]]] = {
    "minLength": (str, lambda size, least: size >= least),
    "maxLength": (str, lambda size, most: size <= most),
    "minItems": (list, lambda size, least: size >= least),
    "maxItems": (list, lambda size, most: size <= most),
    "minProperties": (dict, lambda size, least: size >= least),
    "maxProperties": (dict, lambda size, most: size <= most),
}
_OF_NUMBERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, least: bool(value >= least),
    "maximum": lambda value, most: bool(value <= most),
    "exclusiveMinimum": lambda value, bound: bool(value > bound),
    "exclusiveMaximum": lambda value, bound: bool(value < bound),
}
