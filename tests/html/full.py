"""A report with something in every section: the golden scene of a run that is over its limits, with stacks, levers and a history."""

from typing import Any

from tests.golden.scenes import document

REPLY, TRIAGE = ["helpdesk/replies.py", "reply", 42], ["helpdesk/triage.py", "Desk.triage.<locals>.<img onerror=x>", 18]
REFUND, GERMAN = ["tests/test_support.py", "test_refund", 41], ["tests/test_triage.py", "test_triage", 12]


def full() -> dict[str, Any]:
    """The run costs $0.0813: the line of replies $0.0275 and $0.0025, that of triage $0.0088; of $0.0425 no line is known."""
    of = dict(document("over"))
    rows = [([REPLY, REFUND], 3, "0.0275"), ([TRIAGE, GERMAN], 1, "0.0088"), ([REPLY, GERMAN], 1, "0.0025")]
    of["stacks"] = [
        {"stack": stack, "calls": calls, "cost": cost, "spent": "0", "at_least": False} for stack, calls, cost in rows
    ]
    of["cost_by_kind"] = {"input_tokens": "0.0132", "cache_read_input_tokens": "0.0055", "output_tokens": "0.0626"}
    of["by_site"] = [_site(REPLY, 2, 4, "0.03"), _site(TRIAGE, 1, 1, "0.0088")]
    of["levers"] = [
        {
            "kind": "conversation-uncached",
            "feature": "triage <b>",
            "model": "claude-sonnet-4-6",
            "calls": 12,
            "tests": 3,
            "shown_by": [{"owner": "tests/a.py::t[</script>]", "calls": 4}],
            "paid": "0.0123",
            "saving": {"low": "0.0100", "high": "0.0110"},
            "month": [{"scenario": "average", "requests_per_month": 50000, "low": "120.00", "high": "130.00"}],
            "month_unknown": "",
            "text": "each call sends the conversation so far, and reads none of it from the cache",
            "do": "mark the last message for the cache",
            "rests_on": ["The calls came within 5 minutes."],
            "options": [],
        },
        {
            "kind": "cheaper-model",
            "feature": None,
            "model": "claude-opus-4-7",
            "calls": 1,
            "tests": 1,
            "shown_by": [],
            "paid": "0.0088",
            "saving": None,
            "month": [],
            "month_unknown": "",
            "text": "Answers are short.",
            "do": "Try a cheaper model.",
            "rests_on": [],
            "options": [{"model": "claude-haiku-4-5", "saving": {"low": "0.007", "high": "0.007"}, "month": []}],
        },
    ]
    return of


def _site(frame: list[Any], tests: int, calls: int, cost: str) -> dict[str, Any]:
    file, function, line = frame
    return {
        "file": file,
        "function": function,
        "line": line,
        "tests": tests,
        "calls": calls,
        "cost": cost,
        "at_least": False,
    }


def history() -> dict[str, Any]:
    """Three versions of the lock file, between them one that was removed."""
    head = {"schema_version": 1, "rates_as_of": "2026-11-23"}
    points = [_point("a1b2c3d", 1, "0.05"), _point("b1b2c3d", 9, None), _point("c1b2c3d", 12, "0.0588")]
    return {**head, "points": [*points, _point("d1b2c3d", 30, "0.0813")]}


def _point(commit: str, day: int, cost: str | None) -> dict[str, Any]:
    head = {"commit": commit, "at": f"2026-10-{day:02}T12:00:00+02:00", "subject": f"Change <i>{day}</i>", "cost": cost}
    if cost is None:
        return {**head, "problem": "removed"}
    return {**head, "at_least": False, "calls": 11, "owners": 9, "by_feature": {}}
