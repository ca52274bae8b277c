"""The report for programs, under `schemas/report.schema.json`. Money is a string; nothing is rounded."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any

from pytest_claude_budget import __version__
from pytest_claude_budget.base.money import to_json
from pytest_claude_budget.budget.difference import differences
from pytest_claude_budget.budget.exempt import KEY as MAY_BE_UNKNOWN
from pytest_claude_budget.budget.limits import Budget, Limit
from pytest_claude_budget.judge.acceptable import steps_before
from pytest_claude_budget.judge.increases import INCREASES, Breach
from pytest_claude_budget.judge.report import CostReport, OwnerTotals, RunFacts, RunInfo
from pytest_claude_budget.judge.spared import Spared
from pytest_claude_budget.judge.verdict import Verdict
from pytest_claude_budget.pricing.by_kind import ByKind
from pytest_claude_budget.record.failed_tries import FailedTries
from pytest_claude_budget.record.lock_text import record_lines
from pytest_claude_budget.record.near_window import NearWindow
from pytest_claude_budget.record.record import Record
from pytest_claude_budget.record.sums import Stated
from pytest_claude_budget.record.totals import Totals
from pytest_claude_budget.render.json_comparison import comparison_text, projection_entry
from pytest_claude_budget.render.json_levers import lever_entries
from pytest_claude_budget.render.json_sites import site_entries
from pytest_claude_budget.render.json_totals import totals_entry, totals_text
from pytest_claude_budget.render.phrases import stated_text
from pytest_claude_budget.render.rate_limits import rate_limit_texts
from pytest_claude_budget.render.repeated import repeat_entries
from pytest_claude_budget.render.sentences import breach_line, excess_of, limit_words

SCHEMA_VERSION = 1
FROM_NOTHING = "from $0.00"
"""The value of an increase that has no percentage."""


def report_text(report: CostReport) -> str:
    """Lay a report out with a line for each entry of its lists: quick to write however long, and to look through."""
    entries = [f" {json.dumps(key)}: {_laid_out(value)}," for key, value in _before_owners(report).items()]
    entries.append(f' "by_owner": {_listed([_owner_text(row, report.facts) for row in report.sums.by_owner])},')
    entries += [f" {json.dumps(key)}: {_laid_out(value)}," for key, value in _behind_owners(report).items()]
    first, *record = record_lines(report.record)
    return "\n".join(["{", *entries, f' "record": {first}', *[f" {line}" for line in record], "}", ""])


def json_document(report: CostReport) -> Any:
    """A report as plain JSON values."""
    return json.loads(report_text(report))


def _before_owners(report: CostReport) -> dict[str, Any]:
    sums, facts = report.sums, report.facts
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "pytest-claude-budget", "version": __version__},
        "rates_as_of": facts.rates.as_of.isoformat(),
        "run": _run(facts.run, report.record),
        "budget": _budget(facts.budget),
        "budget_changes": list(differences(facts.base, facts.budget)),
        "budget_compared": facts.base is not None,
        "verdict": _verdict(report.verdict),
        "totals": totals_entry(sums.totals),
        "comparison": None if report.comparison is None else _Laid(comparison_text(report.comparison)),
        "projection": [projection_entry(row) for row in report.projection],
        **({} if facts.levers is None else {"levers": lever_entries(facts.levers)}),
        **_not_compared(facts),
        "accepted": facts.accepted,
        "stale": list(facts.stale),
        "before_update": steps_before(report),
    }


def _behind_owners(report: CostReport) -> dict[str, Any]:
    sums, facts = report.sums, report.facts
    return {
        "by_model": _named("model", sums.by_model),
        "by_feature": _named("feature", sums.by_feature),
        "by_tier": _named("tier", sums.by_tier),
        **_by_kind(sums.by_kind),
        **site_entries(sums),
        "unpriced": [
            {"owner": row.owner, "model": row.model, "reason": row.reason, "calls": row.calls, "kind": row.kind}
            for row in sums.unpriced
        ],
        "exempt": [{"owner": row.owner, "calls": row.calls} for row in report.exempt],
        "notes": [{"text": text, "calls": calls} for text, calls in sums.notes.items()],
        **_stated(sums.stated),
        **_failed(sums.failed),
        **_near_window(sums.near_window),
        **_rate_limits(report),
        "aliases": [{"name": name, "used": used} for name, used in sums.aliases.items()],
        "repeats": list(repeat_entries(sums.repeats)),
        "warnings": list(facts.warnings),
        "unmet": list(report.unmet),
        "faults": list(facts.faults),
        "answers": {
            "seen": sums.answers.seen,
            "priced": sums.answers.priced,
            "unpriced": sums.answers.unpriced,
            "unmeasured": sums.answers.unmeasured,
            "free": sums.answers.free,
        },
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "outcome": verdict.outcome.value,
        "breaches": [_breach(breach) for breach in verdict.breaches],
        "warnings": [_breach(breach) for breach in verdict.warnings],
        "known": [_breach(breach) for breach in verdict.known],
        "incomplete": list(verdict.incomplete),
        "unfinished": list(verdict.unfinished),
        "part": verdict.part,
        "not_judged": [_not_judged(limit) for limit in verdict.not_judged],
        "spared": [_spared(each) for each in verdict.spared],
        **({"capped": list(verdict.capped)} if verdict.capped else {}),
    }


def _spared(each: Spared) -> dict[str, Any]:
    entry = {"owner": each.owner, "maximum": f"{to_json(each.maximum)}%", "where": each.where, "why": each.why}
    return {**entry, "ignore_below": to_json(each.ignore_below)}


class _Laid(str):
    """A value that is JSON already."""

    __slots__ = ()


def _laid_out(value: object) -> str:
    if type(value) is _Laid:
        return value
    return _listed([json.dumps(entry) for entry in value]) if isinstance(value, list) else json.dumps(value)


def _listed(entries: Sequence[str]) -> str:
    return "[\n  " + ",\n  ".join(entries) + "\n ]" if entries else "[]"


def _run(run: RunInfo, record: Record) -> dict[str, Any]:
    chosen = run.selection
    return {
        "ids": list(run.ids),
        "outcome": run.outcome,
        "paths": list(chosen.paths),
        "narrowed": chosen.narrowed,
        "skipped": sorted(chosen.skipped),
        "without_calls": sorted(chosen.ran.difference(record.owners)),
        "uncollected": sorted(chosen.uncollected),
        "failed": sorted(chosen.failed),
        "interrupted": sorted(chosen.interrupted),
        "xfailed": sorted(chosen.xfailed),
        "refused": sorted(chosen.refused),
        "not_reached": sorted(chosen.not_reached),
        "broken": sorted(chosen.broken),
    }


def _not_compared(facts: RunFacts) -> dict[str, Any]:
    reason = facts.not_compared
    if reason is None:
        return {}
    return {"not_compared": {"why": reason.why, "next": reason.next, "expected": reason.expected}}


def _by_kind(costs: ByKind | None) -> dict[str, Any]:
    return {} if costs is None else {"cost_by_kind": {kind: to_json(amount) for kind, amount in costs.items()}}


def _stated(stated: Stated) -> dict[str, Any]:
    if not stated.calls:
        return {}
    entry = {
        "cost": to_json(stated.cost),
        "list_price": to_json(stated.list_price),
        "at_least": stated.at_least,
        "calls": stated.calls,
        "text": stated_text(stated),
    }
    return {"stated_by_gateways": entry}


def _failed(rows: Sequence[FailedTries]) -> dict[str, Any]:
    entries = [{"owner": row.owner, "kind": row.failure.value, "attempts": row.attempts} for row in rows]
    return {"failed_attempts": entries} if entries else {}


def _near_window(rows: Sequence[NearWindow]) -> dict[str, Any]:
    entries = [
        {
            "owner": row.owner,
            "model": row.model,
            "calls": row.calls,
            "longest_prompt": row.longest,
            "context_window": row.window,
        }
        for row in rows
    ]
    return {"near_context_window": entries} if entries else {}


def _rate_limits(report: CostReport) -> dict[str, Any]:
    entries = [
        {
            "model": model,
            "requests": limits.requests,
            "input_tokens": limits.input_tokens,
            "output_tokens": limits.output_tokens,
        }
        for model, limits in report.sums.rate_limits.items()
    ]
    if not entries:
        return {}
    return {"rate_limits": entries, "rate_limits_used": list(rate_limit_texts(report))}


def _budget(budget: Budget | None) -> dict[str, Any] | None:
    if budget is None:
        return None
    run = [limit for limit in budget.limits if limit.scope == "run" and limit.measure == "max_cost"]
    return {"source": budget.source, "run_max_cost": to_json(Decimal(run[-1].maximum)) if run else None}


def _owner_text(row: OwnerTotals, facts: RunFacts) -> str:
    """An owner's entry. A report may have 10,000 of them."""
    place = f', "place": {_quoted(row.place)}' if row.place else ""
    own: dict[str, Any] = {}
    if (limits_of_own := facts.markers.get(row.owner)) is not None:
        own.update(_own_limits(limits_of_own))
    if row.owner in facts.exempt:
        own[MAY_BE_UNKNOWN] = True
    limits = f', "limits": {json.dumps(own)}' if own else ""
    return f'{{"owner": {_quoted(row.owner)}, "kind": "{row.kind}"{place}, {totals_text(row.totals)}{limits}}}'


def _own_limits(limits: Sequence[Limit]) -> dict[str, str | int]:
    """A marker's limits, as the marker would take them."""
    said: dict[str, str | int] = {limit.measure: _amount(limit.maximum) for limit in limits}
    warn_at = next((limit.warn_at for limit in limits if limit.warn_at is not None), None)
    return said if warn_at is None else {**said, "warn_at": f"{to_json(warn_at * 100)}%"}


def _named(key: str, totals: Mapping[str, Totals]) -> list[dict[str, Any]]:
    return [{key: name, **totals_entry(each)} for name, each in totals.items()]


def _breach(breach: Breach) -> dict[str, Any]:
    percent = "%" if breach.measure in INCREASES else ""
    value = FROM_NOTHING if breach.value is None else _amount(breach.value)
    return {
        "scope": breach.scope,
        "name": breach.name,
        "measure": breach.measure,
        "value": f"{value}%" if percent and breach.value is not None else value,
        "maximum": f"{_amount(breach.maximum)}%" if percent else _amount(breach.maximum),
        "at_least": breach.at_least,
        "where": breach.where,
        "path": breach.path,
        "text": breach_line(breach),
        "excess": excess_of(breach),
        "limit": limit_words(breach),
    }


def _not_judged(limit: Breach) -> dict[str, Any]:
    """A limit without a value."""
    entry = _breach(replace(limit, value=0))
    return {key: entry[key] for key in ("scope", "name", "measure", "maximum", "where", "path", "limit")}


def _amount(value: Decimal | int) -> str | int:
    return to_json(value) if isinstance(value, Decimal) else value
