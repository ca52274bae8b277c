"""What a bare word of a YAML file means: fewer things than YAML 1.1 has it, and dollars to the last digit."""

import re
from collections.abc import Mapping
from decimal import Decimal

from pytest_claude_budget.base.values import value_class

_MAX_CHARACTERS = 40
_MAX_EXPONENT = 30

_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*(_[0-9]+)*)")
_FRACTION = re.compile(r"[-+]?(?=\.?[0-9])([0-9]+(_[0-9]+)*)?(\.[0-9]*)?([eE](?P<exponent>[-+]?[0-9]+))?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_BEGIN_NUMBERS = frozenset("+-.0123456789")


@value_class(frozen=True, kw_only=True, slots=True)
class BadNumber:
    """A number that is not taken, in the parts of a Problem."""

    slug: str
    what: str
    hint: str


def plain_value(text: str) -> int | Decimal | bool | str | BadNumber | None:
    """The value of a scalar without quotes. Dates, `on`, `1:30`, `0x1f` and `010` are text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _BEGIN_NUMBERS:  # as most: needs no pattern
        return text
    if _NOT_FINITE.fullmatch(text):
        hint = "write a number, or remove the line where there is no limit"
        return BadNumber(slug="not-finite", what=f"expected a number, got {text}", hint=hint)
    whole = _WHOLE.fullmatch(text)
    fraction = None if whole or _LEADING_ZERO.fullmatch(text) else _FRACTION.fullmatch(text)
    if not whole and not fraction:
        return text
    exponent = (fraction and fraction["exponent"]) or "0"
    if len(text) > _MAX_CHARACTERS or abs(int(exponent)) > _MAX_EXPONENT:
        what = f"expected a number of at most {_MAX_CHARACTERS} digits, got a longer one or a vast exponent"
        return BadNumber(slug="bad-number", what=what, hint="write a shorter number; quote it if it is text")
    return int(text) if whole else Decimal(text)
