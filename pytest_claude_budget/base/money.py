"""Exact dollars, and the ways in which they are shown.

Sums are exact in whatever context a user's suite has left its thread: Python's own default rounds in silence after 28
digits, and a suite may have set fewer. Rounding happens here only, and only for people.
"""

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

ZERO = Decimal(0)
EXACT = Context(prec=400, traps=[Clamped, DivisionByZero, Inexact, InvalidOperation, Overflow, Subnormal])
"""Gives exact results or raises, never rounds. 400 digits hold any product of the longest count, rate and factors."""

_ROUNDING = Context(prec=400, rounding=ROUND_HALF_UP, traps=[DivisionByZero, InvalidOperation, Overflow])
_CENTS = 2
_DIGITS = 3
_WHOLE_FROM = Decimal(1000)


_MOST_MORE = 20
"""Digits beyond those that `dollars` shows."""


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


def dollars_beyond(before: Decimal, after: Decimal, percent: Decimal) -> tuple[str, str]:
    """Two amounts for a person, as `dollars`, with more digits where it takes them to see that one grew beyond `percent`."""
    for more in range(_MOST_MORE):
        one, other = (_rounded(amount, _places(amount) + more) for amount in (before, after))
        if EXACT.multiply(other, 100) > EXACT.multiply(one, EXACT.add(percent, 100)):
            return _shown(one), _shown(other)
    return dollars(before), dollars(after)


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
