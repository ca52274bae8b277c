"""A YAML document as values that JSON can hold, and back: PyYAML takes longer to import than all else of a budget file.

Each value is a list of its line, its column, what it is, and what it holds. Whatever else is found in the place of one is no document.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from pytest_claude_budget.base.places import Marks, YamlDocument

_PLAIN, _AMOUNT, _LIST, _MAPPING = range(4)


def as_kept(document: YamlDocument) -> list[Any]:
    """What JSON can hold of a document: all but its name."""
    return _kept(document.value, document.marks)


def document_of(kept: object, name: str) -> YamlDocument | None:
    """The document that was kept; None where this is none."""
    try:
        value, marks = _read(kept)
    except (TypeError, ValueError, InvalidOperation, RecursionError):
        return None
    return YamlDocument(value=value, name=name, marks=marks)


def _kept(value: Any, marks: Marks) -> list[Any]:
    place = [marks.line, marks.column]
    if isinstance(value, dict):
        items = [[key, *marks.keys[key], _kept(each, marks.children[key])] for key, each in value.items()]
        return [*place, _MAPPING, items]
    if isinstance(value, list):
        return [*place, _LIST, [_kept(each, marks.children[at]) for at, each in enumerate(value)]]
    if isinstance(value, Decimal):
        return [*place, _AMOUNT, str(value)]
    return [*place, _PLAIN, value]


def _read(kept: Any) -> tuple[Any, Marks]:
    line, column, kind, held = _parts(kept, 4)
    if type(line) is not int or type(column) is not int:
        raise TypeError
    if kind == _MAPPING:
        value: dict[str, Any] = {}
        keys: dict[str, tuple[int, int]] = {}
        children: dict[str | int, Marks] = {}
        for item in _parts(held):
            key, key_line, key_column, inner = _parts(item, 4)
            if type(key) is not str or type(key_line) is not int or type(key_column) is not int or key in value:
                raise TypeError
            keys[key] = (key_line, key_column)
            value[key], children[key] = _read(inner)
        return value, Marks(line=line, column=column, keys=keys, children=children)
    if kind == _LIST:
        items = [_read(each) for each in _parts(held)]
        marks = Marks(line=line, column=column, children=dict(enumerate(marks for _, marks in items)))
        return [each for each, _ in items], marks
    if kind == _AMOUNT:
        return Decimal(_text(held)), Marks(line=line, column=column)
    if kind != _PLAIN or not (held is None or type(held) in (str, int, bool)):
        raise TypeError
    return held, Marks(line=line, column=column)


def _parts(kept: Any, count: int | None = None) -> Sequence[Any]:
    if type(kept) is not list or (count is not None and len(kept) != count):
        raise TypeError
    return kept


def _text(kept: Any) -> str:
    if type(kept) is not str:
        raise TypeError
    return kept
