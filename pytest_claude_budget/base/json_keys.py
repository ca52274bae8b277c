"""Keys that a JSON object has twice: parsers keep the last one, and say nothing of what they drop.

So it is after a merge that kept both sides of a test in a lock file: what the first one cost would be forgotten.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from pytest_claude_budget.base.values import value_class

_IN_JSON = r'"(?:[^"\\]|\\.)*"(?P<colon>\s*:)?|[{}]'  # compiled where it is used: few runs have such a file


@value_class(frozen=True, kw_only=True, slots=True)
class Twice:
    """A key and where it stands."""

    key: str
    first: int
    """Line, from 1."""
    line: int
    column: int


class TwiceError(Exception):
    """An object has a key twice. Not a ValueError: no parser's own fault, and not to be read again by another one."""


def once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object of its pairs, for `object_pairs_hook`. Raises TwiceError."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise TwiceError
    return found


def first_twice(text: str) -> Twice | None:
    """The first key of a JSON text that its object has already; None where there is none."""
    objects: list[dict[str, int]] = []
    for token in re.finditer(_IN_JSON, text, re.DOTALL):
        if token[0] == "{":
            objects.append({})
        elif token[0] == "}":
            objects.pop()
        elif token["colon"] is not None:
            key = json.loads(token[0][: -len(token["colon"])], strict=False)
            at = objects[-1].setdefault(key, token.start())
            if at != token.start():
                before = text.rfind("\n", 0, token.start())
                line = text.count("\n", 0, token.start()) + 1
                return Twice(key=key, first=text.count("\n", 0, at) + 1, line=line, column=token.start() - before)
    return None
