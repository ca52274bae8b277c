"""Exact dollars, and the ways in which they are shown.

Sums are exact in whatever context a user's suite has left its thread: Python's own default rounds in silence after 28
digits, and a suite may have set fewer. Rounding happens here only, and only for people.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from decimal import (
    ROUND_HALF_UP,
    ROUND_UP,
    Clamped,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    Subnormal,
    localcontext,
)
from functools import reduce

ZERO = Decimal(0)
EXACT = Context(prec=400, traps=[Clamped, DivisionByZero, Inexact, InvalidOperation, Overflow, Subnormal])
"""Gives exact results or raises, never rounds. 400 digits hold any product of the longest count, rate and factors."""

_ROUNDING = Context(prec=400, rounding=ROUND_HALF_UP, traps=[DivisionByZero, InvalidOperation, Overflow])
_CENTS = 2
_DIGITS = 3
_WHOLE_FROM = Decimal(1000)


def exact() -> AbstractContextManager[Context]:
    """A block in which the operators of `Decimal` give exact results or raise `decimal.Inexact`."""
    return localcontext(EXACT)


def to_json(amount: Decimal) -> str:
    """The amount for a machine: all its digits, no exponent, no zeros at the end. `0.45`, `0`, `0.0000125`.

    Raises ValueError for what is no number.
    """
    if not amount:
        return "0"
    if not amount.is_finite():
        raise ValueError(f"{amount} is no amount")
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def dollars(amount: Decimal) -> str:
    """The amount for a person: `$0.45`, `$0.0588`, `$0.0000125`, `$12.35`, `$1,764`.

    Whole dollars from 1,000 up, cents from 1 up, three digits below. `$0.00` is zero and nothing else is.
    """
    return _shown(_rounded(amount, _places(amount)))


def dollars_holding(amount: Decimal) -> str:
    """The amount for a person as `dollars` shows it, but rounded up: a limit of so much is not exceeded by it."""
    return _shown(amount.quantize(Decimal(1).scaleb(-_places(amount), _ROUNDING), ROUND_UP, _ROUNDING))


def dollars_against(amount: Decimal, limit: Decimal) -> str:
    """The amount beside a limit that is shown by `exact_dollars`: as `dollars`, with more digits where it takes them.

    What is over the limit looks over it, and what is not over does not.
    """
    places = _places(amount)
    while (_rounded(amount, places) > limit) != (amount > limit):
        places += 1
    return _shown(_rounded(amount, places))


def dollars_moved(
    before: Decimal,
    after: Decimal,
    *parts: Decimal,
    limit: Decimal | None = None,
    percents: Iterable[Decimal] = (),
) -> list[str]:
    """What stands side by side for a person: before, after, the change with its sign, and the parts that it is made of.

    As `dollars`, with more digits where it takes them to add up as they are shown: before and change are after, and the
    parts, where there are any, are the change; of a part one digit may do. `limit` is one that `after` does not cross as
    shown where it does not, as `dollars_against`; `percents` are limits on the increase, which are passed as shown where they are.
    """
    amounts = [before, after, EXACT.subtract(after, before), *parts]
    passed = [(percent, _is_beyond(before, after, percent)) for percent in percents]
    places = [_places(amount) for amount in amounts]
    most = max(*places[:3], *(digits - _DIGITS + 1 for digits in places[3:]))
    while True:  # with all of their digits they are what they are
        shown = [_rounded(amount, digits) for amount, digits in zip(amounts, places, strict=True)]
        fits = limit is None or (shown[1] > limit) == (after > limit)
        if fits and _adds_up(*shown) and all(_is_beyond(shown[0], shown[1], each) is so for each, so in passed):
            return [*map(_shown, shown[:2]), *map(_with_sign, shown[2:])]
        places, most = [most] * len(places), most + 1


def _adds_up(before: Decimal, after: Decimal, change: Decimal, *parts: Decimal) -> bool:
    whole = EXACT.add(before, change) == after
    return whole and (not parts or reduce(EXACT.add, parts) == change)


def _is_beyond(before: Decimal, after: Decimal, percent: Decimal) -> bool:
    return EXACT.multiply(after, 100) > EXACT.multiply(before, EXACT.add(percent, 100))


def _with_sign(rounded: Decimal) -> str:
    return f"+{_shown(rounded)}" if rounded > 0 else _shown(rounded)


def exact_dollars(amount: Decimal) -> str:
    """The amount for a person to the last digit, at least in cents: a limit as it was written, a term of a sum."""
    return _signed(amount, _without_zeros(f"{amount.copy_abs():,f}", _CENTS))


def _places(amount: Decimal) -> int:
    """Decimal places to round to for a person."""
    size = amount.copy_abs()  # abs() would round to the thread's context
    if not size or size >= 1:
        # 999.995 rounds to a thousand: what is shown without cents is decided by what would be shown.
        return 0 if size and _rounded(size, _CENTS) >= _WHOLE_FROM else _CENTS
    return max(_CENTS, _DIGITS - 1 - size.adjusted())


def _rounded(amount: Decimal, places: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-places, _ROUNDING), context=_ROUNDING)


def _shown(rounded: Decimal) -> str:
    text = f"{rounded.copy_abs():,f}"
    whole = "." not in text
    return _signed(rounded, text if whole else _without_zeros(text, _CENTS))


def _signed(amount: Decimal, text: str) -> str:
    return f"-${text}" if amount < 0 else f"${text}"


def _without_zeros(text: str, keep: int) -> str:
    """Remove zeros after the point, but for the first `keep` places, which are filled up."""
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0").ljust(keep, "0")
    return f"{whole}.{fraction}" if fraction else whole
