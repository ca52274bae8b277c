"""The run as a profile of pprof's: https://github.com/google/pprof/blob/main/proto/profile.proto, in gzip.

The few messages of it are written by hand: a number is a varint, a text has its length before it. A package that writes them would be
another dependency, for fifty lines.
"""

import gzip
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TypeVar

from pytest_claude_budget.base.money import exact
from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.record.sites import Frame
from pytest_claude_budget.render.profile_stacks import weighed_stacks

_Key = TypeVar("_Key", str, Frame, tuple[str, str])
_BILLION = 9
"""Values are whole numbers: dollars are told in billionths, as which every rate of one token is whole."""
_SAMPLE_TYPE, _SAMPLE, _LOCATION, _FUNCTION, _STRING, _DEFAULT_TYPE = 1, 2, 4, 5, 6, 14


def pprof_bytes(report: CostReport) -> bytes:
    """The same bytes for the same report."""
    texts: dict[str, int] = {"": 0}  # pprof wants it to be the first
    places: dict[Frame, int] = {}
    functions: dict[tuple[str, str], int] = {}
    parts = [
        _field(_SAMPLE_TYPE, _numbers((1, _of(texts, name)), (2, _of(texts, unit))))
        for name, unit in (("calls", "count"), ("cost", "nanodollars"))
    ]
    with exact():
        rows = [(row.frames, row.calls, _nanodollars(row.cost)) for row in weighed_stacks(report.sums)]
    for frames, calls, nanodollars in rows:
        ids = b"".join(_varint(_of(places, frame) + 1) for frame in frames)
        parts.append(_field(_SAMPLE, _field(1, ids) + _field(2, _varint(calls) + _varint(nanodollars))))
    for (file, name, line), number in places.items():
        written = _numbers((1, _of(functions, (file, name)) + 1), (2, line))
        parts.append(_field(_LOCATION, _numbers((1, number + 1)) + _field(4, written)))
    for (file, name), number in functions.items():
        named = (2, _of(texts, name)), (3, _of(texts, name)), (4, _of(texts, file))
        parts.append(_field(_FUNCTION, _numbers((1, number + 1), *named)))
    parts += [_field(_STRING, text.encode("utf-8", "backslashreplace")) for text in texts]
    return gzip.compress(b"".join(parts) + _numbers((_DEFAULT_TYPE, texts["cost"])), mtime=0)


def _of(table: dict[_Key, int], value: _Key) -> int:
    """The number of a value, from 0 on, a new one where it has none."""
    return table.setdefault(value, len(table))


def _nanodollars(cost: Decimal) -> int:
    return int(cost.scaleb(_BILLION).to_integral_value(ROUND_HALF_EVEN))


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; the highest bit says that more come."""
    said = bytearray()
    while number > 0x7F:
        said.append(number & 0x7F | 0x80)
        number >>= 7
    said.append(number)
    return bytes(said)


def _field(tag: int, data: bytes) -> bytes:
    """A message, a text, or numbers behind one another."""
    return _varint(tag << 3 | 2) + _varint(len(data)) + data


def _numbers(*numbers: tuple[int, int]) -> bytes:
    """Fields that are numbers; zero is what a reader takes where there is none."""
    return b"".join(_varint(tag << 3) + _varint(number) for tag, number in numbers if number)
