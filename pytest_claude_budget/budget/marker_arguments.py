"""The arguments of `@pytest.mark.claude_budget(...)`, checked one by one, and the limits that they are."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.schema_errors import shown_value, suggestion
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.exempt import KEY as MAY_BE_UNKNOWN
from pytest_claude_budget.budget.limits import CASES, COUNTS, DOLLARS, LABELS, MAX_COUNT, MAX_DOLLARS, MEASURES, Limit

LIVE = "live"
_LONGEST_LABEL = 200
_MAX_EXPONENT = 30
_HUNDRED = 100


@value_class(frozen=True, kw_only=True)
class Marker:
    """What one `@pytest.mark.claude_budget(...)` says."""

    limits: tuple[Limit, ...] = ()
    feature: str | None = None
    tier: str | None = None
    case: str | None = None
    live: bool | None = None
    """Whether its calls may leave this machine; None leaves that to the budget file."""
    may_be_unknown: bool = False
    """The cost of its answers need not be known."""


def limits_from_marker(kwargs: Mapping[str, object], where: str, owner: str | None = None) -> Marker:
    """What `@pytest.mark.claude_budget(**kwargs)` says; `where` is its `file:line`, `owner` the id of the test.

    Without an owner the limits cover every name: ask them about that test alone. Raises InputError with every problem.
    """
    problems: list[Problem] = []
    read: dict[str, Any] = {}
    for name, value in kwargs.items():
        try:
            read[name] = _argument(name, value)
        except _ArgumentError as error:
            what = f"claude_budget({name}=): {error.what}"
            problems.append(Problem(slug=error.slug, where=where, what=what, hint=error.hint))
    measures = [name for name in MEASURES if name in read]
    if "warn_at" in kwargs and not any(name in kwargs for name in MEASURES):
        what = "claude_budget(warn_at=): expected a measure to warn about"
        hint = "add one, for example max_cost=0.25"
        problems.append(Problem(slug="no-measure", where=where, what=what, hint=hint))
    if problems:
        raise InputError(*problems)
    limits = tuple(
        Limit(
            scope="test",
            match=owner,
            measure=name,
            maximum=read[name],
            warn_at=read.get("warn_at"),
            where=where,
            path=f"claude_budget({name}=)",
            of_marker=True,
        )
        for name in measures
    )
    return Marker(limits=limits, **{name: read[name] for name in (*LABELS, LIVE, MAY_BE_UNKNOWN) if name in read})


class _ArgumentError(Exception):
    """A marker's argument that cannot be used, in the parts of a Problem."""

    def __init__(self, slug: str, what: str, hint: str) -> None:
        super().__init__(what)
        self.slug = slug
        self.what = what
        self.hint = hint


def _argument(name: str, value: object) -> Decimal | int | str | None:
    if name in DOLLARS:
        return _dollars(value)
    if name in COUNTS:
        return _count(name, value)
    if name == "warn_at":
        return _warn_at(value)
    if name in LABELS:
        return _label(name, value)
    if name in (LIVE, MAY_BE_UNKNOWN):
        return _flag(name, value)
    allowed = (*MEASURES, "warn_at", *LABELS, LIVE, MAY_BE_UNKNOWN)
    what = f"unknown argument, expected one of {', '.join(allowed)}"
    raise _ArgumentError("unknown-argument", what, suggestion(name, allowed) or "remove the argument")


def _dollars(value: object) -> Decimal:
    amount = _number(value)
    hint = "write a number, for example max_cost=0.25"
    if amount is None:
        raise _ArgumentError("bad-amount", f"expected dollars such as 0.25, got {_quoted(value)}", hint)
    if not 0 <= amount <= MAX_DOLLARS:
        raise _ArgumentError("bad-amount", f"expected dollars from 0 to 1,000,000, got {_quoted(value)}", hint)
    return amount


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    try:
        # Of a float the shortest text that means it: 0.1 is the tenth of a dollar that was written.
        number = Decimal(float.__repr__(value) if isinstance(value, float) else value)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= _MAX_EXPONENT else None


def _quoted(value: object) -> str:
    return repr(value) if value is None or isinstance(value, bool) else shown_value(value)


def _count(name: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT:
        return int(value)
    what = f"expected a whole number from 0 to {MAX_COUNT:,}, got {_quoted(value)}"
    raise _ArgumentError("bad-count", what, f"write a whole number, for example {name}=5")


def _warn_at(value: object) -> Decimal:
    if isinstance(value, str) and value.endswith("%"):
        percentage = _number(value[:-1])
        if percentage is not None and 1 <= percentage <= _HUNDRED:
            return percentage / _HUNDRED
    what = f"expected a percentage from 1% to 100% such as '80%', got {_quoted(value)}"
    raise _ArgumentError("bad-percentage", what, "write it so, for example warn_at='80%'")


def _flag(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _ArgumentError("bad-value", f"expected True or False, got {_quoted(value)}", f"write {name}=True")


def _label(name: str, value: object) -> str | None:
    if value is None:
        return None
    if name == "case" and not (isinstance(value, str) and value in CASES):
        near = suggestion(value, CASES) if isinstance(value, str) else None
        what = f"expected one of {', '.join(CASES)}, got {_quoted(value)}"
        raise _ArgumentError("bad-label", what, near or "write one of them, for example case='average'")
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_LABEL or not value.isprintable():
        what = f"expected a name of 1 to {_LONGEST_LABEL} printable characters, got {_quoted(value)}"
        raise _ArgumentError("bad-label", what, f"write a short name, for example {name}='triage'")
    return value
