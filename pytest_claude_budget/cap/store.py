"""What every store of a cap promises, whoever holds the figures: reserve, send, settle.

A reservation is charged before its call is sent and until it is settled. Whatever happens between, a kill included, leaves too
much charged and never too little.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from enum import StrEnum
from typing import Protocol

from pytest_claude_budget.base.values import value_class

MOST = 1 << 60
"""The largest figure that is held: a thousand million dollars in nano-dollars."""
_NANO = Decimal(1).scaleb(9)
_UP, _DOWN = (Context(prec=400, rounding=rounding) for rounding in (ROUND_CEILING, ROUND_FLOOR))


class Unit(StrEnum):
    """What an account counts."""

    COST = "cost"
    """Nano-dollars: 1,000,000,000 of them are one US dollar."""
    CALLS = "calls"


@value_class(frozen=True, kw_only=True, slots=True)
class Claim:
    """What one account is to be charged with before a call is sent."""

    account: str
    """Whose it is, such as `run`, `test tests/test_a.py::test_b` or `feature triage`: one name is one account in all processes."""
    unit: Unit = Unit.COST
    amount: int
    """In the account's unit; from 0 up."""
    most: int
    """What the account may be charged with in all. What equals it still fits."""


@value_class(frozen=True, kw_only=True, slots=True)
class Charged:
    """What an account is charged with."""

    spent: int = 0
    """By calls that are settled."""
    reserved: int = 0
    """By calls that are not settled yet, and by those whose process died before they were."""


@value_class(frozen=True, kw_only=True, slots=True)
class Refused:
    """No reservation was made, in no account: the claim that did not fit, and why."""

    claim: Claim
    charged: Charged

    @property
    def fits_later(self) -> bool:
        """Would it fit if calls that are under way cost nothing?"""
        return self.charged.spent + self.claim.amount <= self.claim.most


@dataclass(slots=True, eq=False)
class Reservation:
    """Claims that are charged, until they are settled."""

    claims: Sequence[Claim]
    hold: object = None
    """What a store makes anew in a forked child: who has inherited a reservation settles nothing, for its parent may do so, too."""
    settled: bool = False


class UnavailableError(Exception):
    """The store cannot be reached or cannot be trusted: no call may be sent. Says why, for a person; names no password."""


class Cap(Protocol):
    """A store. Safe from threads, tasks, and forks; each process opens its own."""

    def reserve(self, claims: Sequence[Claim]) -> Reservation | Refused:
        """Charge all claims, or none. Raises UnavailableError: send nothing then."""

    def settle(self, reservation: Reservation, *, cost: int, calls: int = 1) -> None:
        """Put what a call came to in the place of what was reserved for it.

        `cost` is in nano-dollars, and may be more than was reserved; `calls` is 0 where it does not count as one. A second time
        does nothing, nor does a child that was forked since it was reserved. Raises UnavailableError: the reservation stays charged then.
        """

    def charged(self, account: str) -> Charged:
        """What an account is charged with now; nothing where nobody has claimed any of it. Raises UnavailableError."""

    def close(self) -> None:
        """Let go of the store. What is reserved stays charged."""


def nano_dollars(amount: Decimal) -> int:
    """US dollars as whole nano-dollars, rounded up: charging never falls short. At most `MOST`, which no cap allows."""
    return min(MOST, int(_UP.to_integral_value(_UP.multiply(amount, _NANO))))


def most_nano_dollars(amount: Decimal) -> int:
    """The same of what may be charged at most, rounded down: what is spent never passes it by a part of one."""
    return min(MOST, int(_DOWN.to_integral_value(_DOWN.multiply(amount, _NANO))))


def dollars_of(nano: int) -> Decimal:
    """The amount in US dollars, exactly."""
    return Decimal(nano).scaleb(-9, _UP)


def settlement(claim: Claim, cost: int, calls: int) -> int:
    """What a claim comes to in its own unit."""
    return min(MOST, cost if claim.unit is Unit.COST else calls)
