"""A batch is as many calls as it has requests, and of all their models, where a limit acts before it is sent."""

import pytest

from tests.plugin.conftest import Suite
from tests.plugin.test_hard_cap import capped, denied
from tests.plugin.test_live_calls import asked

__all__ = ["capped", "denied"]

BATCHES = """
import json
import asks, clients, network
REQUESTS = [{"custom_id": f"r{number}", "params": network.ASKED} for number in range(3)]
clients.BODY = json.dumps({"requests": REQUESTS}).encode()
def create(): clients.httpx(clients.URL + "/batches")
"""


@pytest.mark.parametrize(
    ("limit", "sent"),
    [
        ("{scope: test, max_calls: 2, enforce: true}", 0),
        ("{scope: test, max_calls: 3, enforce: true}", 1),
        ("{scope: model, match: 'claude-haiku-*', max_calls: 2, enforce: true}", 0),
        ("{scope: model, match: 'claude-haiku-*', max_cost: 0.001, enforce: true}", 0),
        ("{scope: model, match: 'claude-opus-*', max_calls: 0, enforce: true}", 1),
    ],
)
def test_a_limit_holds_for_each_request_of_a_batch(capped: Suite, limit: str, sent: int) -> None:
    """Three requests, at half of $0.005 and a little each."""
    capped.write(batches=BATCHES, test_a="import batches\ndef test_1(): batches.create()\n")
    capped.budget(f"version: 1\non_incomplete: warn\nlimits:\n  - {limit}\n")
    outcome = capped.run()
    outcome.result.assert_outcomes(passed=sent, failed=1 - sent)
    assert sent == len(asked(capped))
    assert sent or "max_cost" in limit or "was not sent: it is a batch of 3, and of the limit" in outcome.said


PARTS = """
import batches
def test_few(claude_budget):
    with claude_budget.limit(max_calls=2): batches.create()
"""


def test_a_part_of_a_test_counts_each_request_of_a_batch(capped: Suite) -> None:
    capped.write(batches=BATCHES, test_a=PARTS)
    capped.budget("version: 1\n")
    outcome = capped.run()
    outcome.result.assert_outcomes(failed=1)
    assert [] == asked(capped)
    assert "was not sent: claude_budget.limit(max_calls=2) has no room for it" in outcome.said
