"""The maxima of a budget file brought to what a run used, in place: comments, order and layout stay as they are."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from decimal import Decimal

from pytest_claude_budget.base.money import to_json
from pytest_claude_budget.base.places import ValuePath, YamlDocument
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.draft import readable_count, readable_dollars
from pytest_claude_budget.budget.limits import Budget, Limit
from pytest_claude_budget.budget.which_limit import Limits
from pytest_claude_budget.record.totals import MEASURED, Totals

_LINES = re.compile("[^\r\n\x85\u2028\u2029]*(?:\r\n|[\r\n\x85\u2028\u2029]|\\Z)")
"""Lines as YAML counts them, with what ends them."""
_SCALAR = re.compile(r"""(?P<quote>["']?)(?P<number>[0-9][0-9_.]*)(?P=quote)(?=[\s,\]}]|\Z)""")


@value_class(frozen=True, kw_only=True, slots=True)
class Edit:
    """One maximum that becomes another."""

    where: str
    """`file:line`."""
    path: str
    """`limits[2].max_cost`."""
    was: Decimal | int
    becomes: Decimal | int
    place: ValuePath


@value_class(frozen=True, kw_only=True, slots=True)
class Edited:
    """The new text, with what changed in it."""

    text: str
    edits: tuple[Edit, ...]
    kept: tuple[Edit, ...] = ()
    """Maxima that should change and are not written as a plain number where they stand, such as an alias."""


@value_class(frozen=True, kw_only=True, slots=True)
class Used:
    """What a run used."""

    scoped: Mapping[str, Mapping[str, Totals]]
    headroom: Decimal
    """0.2 for 20% above what was used."""
    only_lower: bool
    early: Mapping[str, Collection[str]] = field(default_factory=dict)
    """By scope, what a test counts in that ended early: it may need more, and no limit is lowered to what it used."""


def wanted_edits(limits: Limits, budget: Budget, used: Used) -> tuple[Edit, ...]:
    """The maxima that should be others. One that holds for nothing in the run is left alone."""
    most, early = _most_by_limit(limits, budget, used)
    edits = []
    for limit in budget.limits:
        if limit.path not in most:
            continue
        becomes = _with_headroom(limit, most[limit.path], used.headroom)
        lowered = becomes < limit.maximum
        if becomes == limit.maximum or (used.only_lower and not lowered) or (lowered and limit.path in early):
            continue
        index = limit.path.partition("[")[2].partition("]")[0]
        place = ("limits", int(index), limit.measure)
        edits.append(Edit(where=limit.where, path=limit.path, was=limit.maximum, becomes=becomes, place=place))
    return tuple(edits)


def _most_by_limit(limits: Limits, budget: Budget, used: Used) -> tuple[dict[str, Decimal | int], set[str]]:
    """By the path of each limit, the most that was used of anything that it holds for; and those that may need more."""
    most: dict[str, Decimal | int] = {}
    early: set[str] = set()
    for scope, measure in {(limit.scope, limit.measure): None for limit in budget.limits}:
        limit_of, value_of = limits.finder(scope, measure), MEASURED[measure]
        for name, totals in used.scoped.get(scope, {}).items():
            limit = limit_of(name)
            if (
                limit is not None and not limit.of_marker and measure != "max_spent"
            ):  # a run on cassettes spends nothing
                value = value_of(totals)
                most[limit.path] = max(value, most.get(limit.path, value))
                if name in used.early.get(scope, ()):
                    early.add(limit.path)
    return most, early


def _with_headroom(limit: Limit, most: Decimal | int, headroom: Decimal) -> Decimal | int:
    if limit.measure == "max_cost":
        return readable_dollars(Decimal(most), headroom)
    return readable_count(int(most), headroom)


def edited(text: str, document: YamlDocument, edits: Sequence[Edit]) -> Edited:
    """The text with other numbers in the places of the old ones."""
    lines = _LINES.findall(text)
    done, kept = [], []
    # From the end, so that places before stay where they are.
    for edit in sorted(edits, key=lambda edit: document.place(edit.place), reverse=True):
        line, column = document.place(edit.place)
        old = lines[line - 1] if line <= len(lines) else ""
        found = _SCALAR.match(old, column - 1)
        if found is None:
            kept.append(edit)
            continue
        start, end = found.span("number")
        lines[line - 1] = old[:start] + _number(edit.becomes, found["number"]) + old[end:]
        done.append(edit)
    return Edited(text="".join(lines), edits=tuple(reversed(done)), kept=tuple(reversed(kept)))


def _number(value: Decimal | int, like: str) -> str:
    if isinstance(value, Decimal):
        return to_json(value)
    return f"{value:_}" if "_" in like else str(value)
