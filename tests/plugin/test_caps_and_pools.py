"""Pools whose workers die by a refusal: who waits for them is told, and waits no longer. `test_hard_cap.py` says what calls cost."""

import pytest

from tests.plugin.conftest import Suite
from tests.plugin.test_hard_cap import capped, denied
from tests.plugin.test_live_calls import asked

__all__ = ["capped", "denied"]

POOLS = """
import asks, clients, multiprocessing
from multiprocessing.pool import ThreadPool

def ask(number):
    clients.httpx()
    return number

def waited(result):
    try:
        result.get(20)
    except multiprocessing.TimeoutError:
        print("nobody was told")

def test_threads():
    with ThreadPool(2) as pool: waited(pool.map_async(ask, range(4)))
def test_processes():
    with multiprocessing.get_context("fork").Pool(2) as pool: waited(pool.map_async(ask, range(4)))
def test_one_of_threads():
    with ThreadPool(1) as pool: waited(pool.apply_async(ask, (1,)))
def test_others():
    with ThreadPool(2) as pool: assert pool.map(str, range(3)) == ["0", "1", "2"]
"""


@pytest.mark.parametrize("budget", ["hard_cap: 0", "live_calls: deny"])
def test_who_waits_for_a_pool_is_told(capped: Suite, budget: str) -> None:
    """A worker dies of what is no Exception without a word, and its pool would wait for it for ever."""
    capped.write(test_a=POOLS)
    capped.budget(f"version: 1\n{budget}\n")
    outcome = capped.run("-p", "no:randomly")
    outcome.result.assert_outcomes(passed=1, failed=3)
    assert "nobody was told" not in outcome.said
    assert [] == asked(capped)
