"""Comparison and projection for programs, parts of the report under `schemas/report.schema.json`."""

import json
from decimal import Decimal
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any

from pytest_claude_budget.base.money import to_json
from pytest_claude_budget.compare.result import Cause, Comparison, OwnerChange, SiteChange, percent
from pytest_claude_budget.forecast.month_rows import Row


def comparison_entry(comparison: Comparison) -> dict[str, Any]:
    """A comparison as plain JSON values."""
    entry: dict[str, Any] = json.loads(comparison_text(comparison))
    return entry


def comparison_text(comparison: Comparison) -> str:
    """A comparison as a JSON object in one line. It may have 100,000 owners: each is laid out in one go."""
    before, behind = json.dumps(_before_owners(comparison)), json.dumps(_behind_owners(comparison))
    owners = ", ".join([_owner_text(row) for row in comparison.owners])
    return f'{before[:-1]}, "owners": [{owners}], {behind[1:]}'


def _before_owners(comparison: Comparison) -> dict[str, Any]:
    baseline = comparison.baseline
    return {
        "baseline": {"source": baseline.source, "kind": baseline.kind, "commit": baseline.commit},
        "before": to_json(comparison.before),
        "after": to_json(comparison.after),
        "change": to_json(comparison.change),
        "change_percent": None if comparison.at_least else _percent(comparison.change, comparison.before),
        "judged": to_json(comparison.judged),
        "price_change": to_json(comparison.price_change),
        "at_least": comparison.at_least,
        "not_run": to_json(comparison.not_run),
        "without_calls": to_json(comparison.without_calls),
        "not_compared": to_json(comparison.not_compared),
        "repeated_before": list(comparison.repeated_before),
        "counts": {standing.value: count for standing, count in comparison.counts.items()},
        "amounts": {standing.value: to_json(amount) for standing, amount in comparison.amounts.items()},
    }


def _behind_owners(comparison: Comparison) -> dict[str, Any]:
    return {
        "by_feature": [
            {
                "feature": row.feature,
                "before": to_json(row.before),
                "after": to_json(row.after),
                "change": to_json(row.change),
                "at_least": row.at_least,
                "before_at_least": row.before_at_least,
                "after_at_least": row.after_at_least,
                "not_compared": to_json(row.not_compared),
                "not_compared_after": to_json(row.not_compared_after),
            }
            for row in comparison.by_feature
        ],
        **({"by_site": [site_change(row) for row in comparison.by_site]} if comparison.by_site else {}),
    }


def site_change(row: SiteChange) -> dict[str, Any]:
    """What moved one function's calls, as plain JSON values."""
    change = to_json(row.change)
    return {"file": row.file, "function": row.function, "line": row.line, "change": change, "owners": row.owners}


def _owner_text(row: OwnerChange) -> str:
    before, change = to_json(row.before), to_json(row.change)
    after = before if row.after == row.before else to_json(row.after)
    percent_ = None if row.not_known else _percent(row.change, row.before)
    site = "" if row.site is None else f', "site": {json.dumps(site_change(row.site))}'
    return (
        f'{{"owner": {_quoted(row.owner)}, "kind": {_quoted(row.kind)}, "status": "{row.standing._value_}", '
        f'"before": "{before}", "after": "{after}", "change": "{change}", '
        f'"change_percent": {"null" if percent_ is None else _quoted(percent_)}, '
        f'"judged": "{change if row.judged == row.change else to_json(row.judged)}", '
        f'"at_least": {_WORDS[row.at_least]}, "before_at_least": {_WORDS[row.before_at_least]}, '
        f'"after_at_least": {_WORDS[row.after_at_least]}, '
        f'"not_known": {_quoted(row.not_known) if row.not_known else "null"}, '
        f'"noise": {_WORDS[row.noise]}, "samples": {row.samples}, '
        f'"was": {"null" if row.was is None else _quoted(row.was)}, "place": {_quoted(row.place)}, '
        f'"causes": {json.dumps([_cause(cause) for cause in row.causes]) if row.causes else "[]"}'
        f"{site}}}"
    )


_WORDS = {False: "false", True: "true"}


def _cause(cause: Cause) -> dict[str, Any]:
    more = {"first": cause.first, "more": list(cause.more)} if cause.more else {}
    return {"cause": cause.cause, "amount": to_json(cause.amount), "text": cause.text, **more}


def projection_entry(row: Row) -> dict[str, Any]:
    """A row of the projection as plain JSON values. What is not known is null, never zero."""
    return {
        "feature": row.feature,
        "scenario": row.scenario,
        "requests_per_month": row.requests_per_month,
        "stands_in": row.stands_in,
        "case": row.case,
        "before": _money(row.before.measured if row.before is not None else None),
        "after": _money(row.after.measured if row.after is not None else None),
        "change": _money(row.change),
        "at_least": row.at_least,
        "before_at_least": row.before_at_least,
        "after_at_least": row.after_at_least,
        "warm": _money(row.after.warm if row.after is not None else None),
        "cold": _money(row.after.cold if row.after is not None else None),
        "judged_as": row.judged_as,
        "tests": list(row.tests),
        "left_out": list(row.left_out),
        "samples": row.samples,
        "low": _money(row.low),
        "high": _money(row.high),
        "reason": row.reason,
    }


def _percent(change: Decimal, before: Decimal) -> str | None:
    if not change:
        return "0" if before else None
    found = percent(change, before)
    return None if found is None else to_json(found)


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else to_json(amount)
