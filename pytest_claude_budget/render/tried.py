"""What `claude-budget advise --try` prints: tests, dollars, and how much both tell."""

from collections.abc import Iterator
from typing import Any

from pytest_claude_budget.advice.tried import Tried
from pytest_claude_budget.base.money import dollars, to_json
from pytest_claude_budget.render.terminal_text import counted, printable, shortened_id, wrapped

WIDTH = 80
ONCE = "one run each: answers differ from run to run, and a test passes as far as it looks"


def tried_text(found: Tried) -> str:
    """The comparison, 80 columns wide."""
    lines = [part for said in _sentences(found) for part in wrapped(said, WIDTH, "", "  ")]
    lines += [f"  {shortened_id(name, WIDTH - 2)}" for name in found.lost]
    return "\n".join([*lines, *wrapped(f"- {ONCE}", WIDTH, "", "  ")])


def _sentences(found: Tried) -> Iterator[str]:
    least = "at least " if found.at_least else ""
    cost = f"{least}{dollars(found.before)} → {least}{dollars(found.after)} a run"
    tests = f"{found.passes:,} of {counted(found.passed_before, 'test')} still {'passes' if found.passed_before == 1 else 'pass'}"
    yield f"{printable(found.model)}: {tests}; {cost}"
    if found.simulated:
        yield (
            f"- {found.simulated:,} of {counted(found.calls, 'answer')} came from recordings, doubles or this machine: "
            "that says nothing of how the model answers"
        )
    if found.kept:
        yield (
            f"- {counted(found.kept, 'call')} kept another model: only requests to /v1/messages by the official SDK, or another client "
            "over httpx, are given this one"
        )
    if not found.calls:
        yield "- the run with it made no calls"
    if found.lost:
        yield "- not with it:"


def tried_entry(found: Tried) -> dict[str, Any]:
    """The comparison as plain JSON values; money is a string."""
    return {
        "schema_version": 1,
        "model": found.model,
        "passed_before": found.passed_before,
        "passes": found.passes,
        "lost": list(found.lost),
        "before": to_json(found.before),
        "after": to_json(found.after),
        "saving": to_json(found.saving),
        "at_least": found.at_least,
        "calls": found.calls,
        "kept": found.kept,
        "simulated": found.simulated,
        "proves": found.proves,
    }
