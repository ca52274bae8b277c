"""What a run spent most on: tests, features, models, tiers or call sites by their cost, or the causes of its change by theirs."""

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from types import SimpleNamespace

from pytest_claude_budget.base.money import ZERO, dollars, exact, to_json
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.compare.result import Comparison, rounded_percent
from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.record.sites import Frame
from pytest_claude_budget.record.totals import Totals, added
from pytest_claude_budget.render.terminal_text import columns, counted, printable

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
_COLUMNS = ("name", "calls", "attempts", "cost", "at_least", "spent")


@value_class(frozen=True, kw_only=True, slots=True)
class Ranking:
    """Totals by name, the dearest first."""

    by: str
    rows: Sequence[tuple[str, Totals]]
    """At most as many as were asked for. An empty name is what has none: no feature, no tier, no model, no call site."""
    rest: Totals
    """Of those that were not asked for."""
    left_out: int
    """How many those are."""
    total: Totals


@value_class(frozen=True, kw_only=True, slots=True)
class Causes:
    """What the change against a baseline comes from, the largest first in either direction."""

    rows: Sequence[tuple[str, Decimal, int]]
    """The cause, US dollars, and the tests and fixtures that it moved."""
    left_out: int
    change: Decimal
    """Of all owners whose change is known."""
    baseline: str


_SCOPES: Mapping[str, Callable[[CostReport], Iterable[tuple[str, Totals]]]] = {
    "test": lambda report: ((row.owner, row.totals) for row in report.sums.by_owner),
    "feature": lambda report: report.sums.by_feature.items(),
    "model": lambda report: report.sums.by_model.items(),
    "tier": lambda report: report.sums.by_tier.items(),
    "site": lambda report: ((site_name(row.site), row.totals) for row in report.sums.by_site),
}
CAUSE = "cause"
SCOPES = (*_SCOPES, CAUSE)
"""What a run can be ranked by; `test` has fixtures too, and what was outside of tests."""


def site_name(site: Frame) -> str:
    """Where calls come from: `helpdesk/replies.py:42 in reply`."""
    file, function, line = site
    return f"{file}:{line} in {function}"


def ranked(report: CostReport, by: str, most: int) -> Ranking:
    """Rank by one of SCOPES but the last."""
    with exact():
        named = list(_SCOPES[by](report))
        without = report.totals.minus(added(totals for _, totals in named))
        found = [*named, ("", without)] if without.attempts else named
        rows = sorted(found, key=lambda row: (-row[1].cost, not row[1].at_least, not row[0], row[0]))
        rest = added(totals for _, totals in rows[most:])
    return Ranking(by=by, rows=rows[:most], rest=rest, left_out=len(rows[most:]), total=report.totals)


def causes_of(comparison: Comparison, most: int) -> Causes:
    """Add up the causes of all owners that moved: they are the change, to the last digit."""
    amounts: dict[str, Decimal] = {}
    moved: dict[str, int] = {}
    with exact():
        for owner in comparison.owners:
            for cause in {each.cause for each in owner.causes}:
                moved[cause] = moved.get(cause, 0) + 1
            for each in owner.causes:
                amounts[each.cause] = amounts.get(each.cause, ZERO) + each.amount
        rows = sorted(amounts.items(), key=lambda row: (-row[1].copy_abs(), row[0]))
    return Causes(
        rows=[(cause, amount, moved[cause]) for cause, amount in rows[:most]],
        left_out=len(rows[most:]),
        change=comparison.change,
        baseline=comparison.baseline.source,
    )


def ranking_text(ranking: Ranking, width: int) -> str:
    """A table for a terminal."""
    if not ranking.rows:
        return "no calls"
    rows = [("", "calls", "cost", "of all")]
    rows += [_row(name or f"(no {ranking.by})", totals, ranking.total) for name, totals in ranking.rows]
    if ranking.left_out:
        rows.append(_row(f"{ranking.left_out:,} more", ranking.rest, ranking.total))
    return "\n".join(columns([*rows, _row("total", ranking.total, ranking.total)], width))


def _row(name: str, totals: Totals, whole: Totals) -> tuple[str, str, str, str]:
    share = "" if whole.at_least or not whole.cost else f"{rounded_percent(totals.cost, whole.cost, None):f}%"
    cost = f"{'at least ' if totals.at_least else ''}{dollars(totals.cost)}"
    return name, f"{totals.calls:,}", "not known" if totals.at_least and not totals.cost else cost, share


def ranking_csv(ranking: Ranking) -> str:
    """The same for a spreadsheet: dollars to the last digit; no name becomes a formula."""
    return _csv(_COLUMNS, ([_safe(name), *_values(totals).values()] for name, totals in ranking.rows))


def ranking_json(ranking: Ranking, as_of: str) -> str:
    """The same for programs."""
    rows = [{"name": name or None, **_values(totals)} for name, totals in ranking.rows]
    rest = {"names": ranking.left_out, **_values(ranking.rest)}
    total = _values(ranking.total)
    document = {"schema_version": 1, "rates_as_of": as_of, "by": ranking.by, "rows": rows, "rest": rest, "total": total}
    return json.dumps(document, indent=1)


def _values(totals: Totals) -> dict[str, object]:
    return {
        "calls": totals.calls,
        "attempts": totals.attempts,
        "cost": to_json(totals.cost),
        "at_least": totals.at_least,
        "spent": to_json(totals.spent),
    }


def causes_text(causes: Causes, width: int) -> str:
    """A table for a terminal."""
    rows = [(f"against {printable(causes.baseline)}", "moved", "change")]
    rows += [(cause, counted(moved, "test"), _signed(amount)) for cause, amount, moved in causes.rows]
    if causes.left_out:
        rows.append((f"{causes.left_out:,} more", "", ""))
    return "\n".join(columns([*rows, ("total", "", _signed(causes.change))], width))


def causes_csv(causes: Causes) -> str:
    """The same for a spreadsheet."""
    return _csv(("name", "moved", "change"), ([cause, moved, to_json(amount)] for cause, amount, moved in causes.rows))


def causes_json(causes: Causes, as_of: str) -> str:
    """The same for programs."""
    rows = [{"name": cause, "moved": moved, "change": to_json(amount)} for cause, amount, moved in causes.rows]
    rest, total = {"names": causes.left_out}, {"change": to_json(causes.change)}
    document = {"schema_version": 1, "rates_as_of": as_of, "by": CAUSE, "rows": rows, "rest": rest, "total": total}
    return json.dumps(document, indent=1)


def _signed(amount: Decimal) -> str:
    return f"+{dollars(amount)}" if amount > 0 else dollars(amount) if amount else "$0.00"


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines: list[str] = []
    csv.writer(SimpleNamespace(write=lines.append), lineterminator="\n").writerows([head, *rows])
    return "".join(lines).rstrip("\n")


def _safe(name: str) -> str:
    return f"'{name}" if name.startswith(_FORMULAS) else name
