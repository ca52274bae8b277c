"""Reads lines of a journal whose writer may be in the middle of one.

A line is copied into memory that the file shares (`mapped_file`), and a reader sees the bytes of that copy in no order: the
line's end may be there before its beginning. What is not there yet is zeros, which no line holds. So a line that holds a
zero is being written, and is left for a later look; only one that is whole and still cannot be read is damaged.
"""

import json
from collections.abc import Sequence
from typing import Any

from pytest_claude_budget.base.fast_json import loads

_END = ord("\n")


def whole_lines(data: bytes) -> tuple[Sequence[Any], int]:
    """Read the lines of bytes that end with a line's end, up to the first that is being written.

    Returns the value of each line, None where it is damaged, and how many bytes they take.
    """
    text = _without_room(data)
    if b"\0" not in text and text != b"\n":
        try:
            return loads(b"[%b]" % text[:-1].replace(b"\n", b",")), len(data)
        except ValueError:
            pass
    values: list[Any] = []
    taken = 0
    for line in data[:-1].split(b"\n"):
        value = _value(line)
        if value is None and b"\0" in line:
            break
        values.append(value)
        taken += len(line) + 1
    return values, taken


def _without_room(data: bytes) -> bytes:
    """The lines without what pieces of the file had left over: it lies before the first line of the next piece."""
    at = data.find(b"\0")
    while at == 0 or (at > 0 and data[at - 1] == _END):
        data = data[:at] + data[at:].lstrip(b"\0")
        at = data.find(b"\0", at)
    return data


def _value(line: bytes) -> Any:
    try:
        return json.loads(line.lstrip(b"\0").decode("ascii"))
    except ValueError:
        return None
