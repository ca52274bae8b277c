"""Totals in the report for programs."""

import json
from typing import Any

from pytest_claude_budget.base.money import to_json
from pytest_claude_budget.record.totals import Totals


def totals_entry(totals: Totals) -> dict[str, Any]:
    """As plain values."""
    entries: dict[str, Any] = json.loads(f"{{{totals_text(totals)}}}")
    return entries


def totals_text(totals: Totals) -> str:
    """As keys and values of a JSON object, without its braces: a report may have 100,000 of them."""
    usage = totals.usage
    ran = f', "session_microhours": {usage.session_microhours}' if usage.session_microhours else ""
    return (
        f'"calls": {totals.calls}, "attempts": {totals.attempts}, "free": {totals.free}, '
        f'"cost": "{to_json(totals.cost)}", "spent": "{to_json(totals.spent)}", '
        f'"at_least": {"true" if totals.at_least else "false"}, '
        f'"unknown": {totals.unknown}, "unknown_live": {totals.unknown_live}, '
        f'"usage": {{"input_tokens": {usage.input_tokens}, '
        f'"cache_creation_5m_input_tokens": {usage.cache_creation_5m_input_tokens}, '
        f'"cache_creation_1h_input_tokens": {usage.cache_creation_1h_input_tokens}, '
        f'"cache_read_input_tokens": {usage.cache_read_input_tokens}, "output_tokens": {usage.output_tokens}, '
        f'"web_search_requests": {usage.web_search_requests}{ran}}}'
    )
