"""The shape suite, run with this interpreter in several orders and with workers, against dollars worked out by hand."""

import sys
from dataclasses import replace

import pytest

from tests.shapes.check import Interpreter, check
from tests.shapes.expected import ROOMS
from tests.warm.interpreters import Interpreters

INTERPRETER = Interpreter(sys.executable)


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
def test_every_shape_costs_what_was_worked_out_by_hand(room: str, interpreters: Interpreters) -> None:
    """Cost, calls, attempts, usage and reason of every owner, the verdict, the sums, and one same report each way."""
    warm = replace(INTERPRETER, warm=interpreters.warm(sdk=True), warm_without=interpreters.warm())
    found = check(warm, room)
    assert {way: [] for way in found} == found


def features_that_may_be_missing() -> set[str]:
    """What an SDK of this age, with the packages of the `shapes` group beside it, need not have."""
    major, minor, *_ = map(int, INTERPRETER.about["anthropic"].split("."))
    if major >= 1:
        return {"completions", *(() if sys.version_info >= (3, 14) else ("coding_zstd",))}
    later = {"httpx2", "alias"}
    if minor >= 125:
        return later
    return later | {"aiohttp", "bedrock_key", "beta_parse", "beta_stream", "foundry", "parse", "tool_runner", "trio"}


def test_no_shape_of_the_installed_sdk_is_left_out() -> None:
    """A test that is not defined must be one that cannot be: else a feature is no longer found."""
    needed = {need for room in ROOMS.values() for each in room.values() for need in each.needs}
    assert set() == needed - set(INTERPRETER.about["features"]) - features_that_may_be_missing()
