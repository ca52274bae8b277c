"""The report for programs, under `schemas/report.schema.json`. Money is a string; nothing is rounded."""

from collections.abc import Mapping
from decimal import Decimal

from pytest_claude_budget import __version__
from pytest_claude_budget.money import to_json
from pytest_claude_budget.render.sentences import breach_line
from pytest_claude_budget.report import CostReport
from pytest_claude_budget.totals import Totals
from pytest_claude_budget.verdict import Breach

SCHEMA_VERSION = 1


def json_document(report: CostReport) -> dict[str, object]:
    """Lay a report out as plain JSON values."""
    verdict, answers = report.verdict, report.answers
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "pytest-claude-budget", "version": __version__},
        "rates_as_of": report.rates.as_of.isoformat(),
        "verdict": {
            "outcome": verdict.outcome.value,
            "breaches": [_breach(breach) for breach in verdict.breaches],
            "warnings": [_breach(breach) for breach in verdict.warnings],
            "incomplete": list(verdict.incomplete),
        },
        "totals": _totals(report.totals),
        "by_owner": [
            {"owner": row.owner, "kind": row.kind, **({"place": row.place} if row.place else {}), **_totals(row.totals)}
            for row in report.by_owner
        ],
        "by_model": _named("model", report.by_model),
        "by_feature": _named("feature", report.by_feature),
        "by_tier": _named("tier", report.by_tier),
        "unpriced": [
            {"owner": row.owner, "model": row.model, "reason": row.reason, "calls": row.calls, "kind": row.kind}
            for row in report.unpriced
        ],
        "notes": [{"text": text, "calls": calls} for text, calls in report.notes.items()],
        "warnings": list(report.warnings),
        "answers": {
            "seen": answers.seen,
            "priced": answers.priced,
            "unpriced": answers.unpriced,
            "unmeasured": answers.unmeasured,
            "free": answers.free,
        },
    }


def _named(key: str, totals: Mapping[str, Totals]) -> list[dict[str, object]]:
    return [{key: name, **_totals(each)} for name, each in totals.items()]


def _totals(totals: Totals) -> dict[str, object]:
    usage = totals.usage
    return {
        "calls": totals.calls,
        "attempts": totals.attempts,
        "free": totals.free,
        "cost": to_json(totals.cost),
        "spent": to_json(totals.spent),
        "at_least": totals.at_least,
        "usage": {
            "input_tokens": usage.input_tokens,
            "cache_creation_5m_input_tokens": usage.cache_creation_5m_input_tokens,
            "cache_creation_1h_input_tokens": usage.cache_creation_1h_input_tokens,
            "cache_read_input_tokens": usage.cache_read_input_tokens,
            "output_tokens": usage.output_tokens,
            "web_search_requests": usage.web_search_requests,
        },
    }


def _breach(breach: Breach) -> dict[str, object]:
    limit = breach.limit
    return {
        "scope": breach.scope,
        "name": breach.name,
        "measure": breach.measure,
        "value": _amount(breach.value),
        "maximum": _amount(limit.maximum),
        "at_least": breach.at_least,
        "where": limit.where,
        "path": limit.path,
        "text": breach_line(breach),
    }


def _amount(value: Decimal | int) -> str | int:
    return to_json(value) if isinstance(value, Decimal) else value
