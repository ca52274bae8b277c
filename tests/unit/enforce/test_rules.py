"""What caps and limits allow, in whole nano-dollars."""

from decimal import Decimal

from pytest_claude_budget.enforce.rules import CapRules, Names, Rules

ONE = Names(owner="test_a.py::test_it", kind="test")


def test_a_cap_between_two_nano_dollars_allows_the_lower_one() -> None:
    """What is charged is rounded up, and so fits by no part of one."""
    rules = Rules(CapRules(cap=Decimal("0.0000000015"), cap_by="hard_cap in claude-budget.yml:2"))
    (held,) = rules.claims(ONE, amount=2)
    assert 1 == held.claim.most
