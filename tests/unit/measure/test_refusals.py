"""What other processes of a run write of their refusals is read as whole lines."""

from pytest_claude_budget.measure.live_guard import Rules, rules_of_text
from pytest_claude_budget.measure.refusals import Refusal, denied, line_of, lines_from, no_cap

OWNER = ("tests/test_a.py::test_it[\u00fc\n]", "test", "call 2")


def fields(refusal: Refusal) -> tuple[str, str, str, str, str]:
    return refusal.owner, refusal.kind, refusal.phase, refusal.text, refusal.ended


def test_a_line_that_is_being_written_waits() -> None:
    first, second = denied(OWNER, "live_calls: deny in b.yml", "a call", "host"), no_cap(OWNER, "why")
    written = line_of(first) + line_of(second)
    found, taken = lines_from(written[:-1])
    assert ([fields(first)], len(line_of(first))) == ([fields(each) for each in found], taken)
    found, taken = lines_from(written[taken:])
    assert ([fields(second)], len(line_of(second))) == ([fields(each) for each in found], taken)
    assert ([], 0) == lines_from(b"")


def test_rules_come_back_from_the_environment() -> None:
    rules = Rules(denied_by="--claude-budget-live=deny", purse='{"cap": "5"}')
    assert rules == rules_of_text(rules.as_text())
