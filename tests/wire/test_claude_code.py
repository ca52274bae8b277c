"""What the results of Claude Code say that each turn used: differences of sums, by model."""

from dataclasses import replace
from typing import Any

import pytest

from pytest_claude_budget.calls.call import Answer, Status, Usage
from pytest_claude_budget.wire.claude_code import GOES_ON, NOTHING_SAID, SAID, SEVERAL_SPEEDS, answers_of, sums_of

OPUS, HAIKU = "claude-opus-4-6", "claude-haiku-4-5"


def of_model(tokens: int, **more: int) -> dict[str, object]:
    return {"inputTokens": tokens, "outputTokens": 2, "cacheReadInputTokens": 3, "costUSD": 0.5, **more}


def result(models: dict[str, Any] | None, **fields: Any) -> dict[str, object]:
    usage = {
        "input_tokens": 7,
        "output_tokens": 1,
        "speed": "standard",
        "service_tier": "standard",
        "inference_geo": "",
    }
    return {"type": "result", "is_error": False, "modelUsage": models, "usage": usage, **fields}


TURN = Answer(
    status=Status.MEASURED,
    endpoint="claude_code",
    model=OPUS,
    usage=Usage(input_tokens=10, output_tokens=2, cache_read_input_tokens=3),
    speed="standard",
    service_tier="standard",
    notes=(SAID,),
)


def test_the_first_turn_is_all_that_was_said() -> None:
    assert answers_of(result({OPUS: of_model(10)}), {}, None) == [TURN]


def test_each_later_one_is_what_came_on_top_by_model() -> None:
    before = sums_of(result({OPUS: of_model(10)}))
    later = result({OPUS: of_model(10), HAIKU: of_model(4, webSearchRequests=1)})
    usage = Usage(input_tokens=4, output_tokens=2, cache_read_input_tokens=3, web_search_requests=1)
    assert answers_of(later, before, None) == [replace(TURN, model=HAIKU, usage=usage)]


def test_sums_that_begin_anew_count_in_full() -> None:
    before = sums_of(result({OPUS: of_model(1000)}))
    assert answers_of(result({OPUS: of_model(10)}), before, None) == [TURN]


def test_cache_writes_count_by_their_lifetime_and_without_one_for_five_minutes() -> None:
    written = of_model(
        10, cacheCreationInputTokens=9, cacheCreationEphemeral5mInputTokens=2, cacheCreationEphemeral1hInputTokens=4
    )
    (answer,) = answers_of(result({OPUS: written}), {}, None)
    assert answer.usage.cache_creation_5m_input_tokens == 5
    assert answer.usage.cache_creation_1h_input_tokens == 4


def test_of_an_older_conversation_the_turn_s_own_counts_are_a_lower_bound() -> None:
    (answer,) = answers_of(result({OPUS: of_model(1000)}), None, HAIKU)
    assert (answer.status, answer.model, answer.reason) == (Status.AT_LEAST, OPUS, GOES_ON)
    assert answer.usage == Usage(input_tokens=7, output_tokens=1)
    (answer,) = answers_of(result({OPUS: of_model(1000), HAIKU: of_model(1)}), None, HAIKU)
    assert answer.model == HAIKU


@pytest.mark.parametrize("models", [None, {}])
def test_one_that_is_too_old_for_sums_is_a_lower_bound(models: dict[str, Any] | None) -> None:
    (answer,) = answers_of(result(models), {}, HAIKU)
    assert (answer.status, answer.model, answer.usage.input_tokens) == (Status.AT_LEAST, HAIKU, 7)


def test_fast_mode_of_one_model_is_priced_and_of_several_a_lower_bound() -> None:
    fast = {"input_tokens": 7, "output_tokens": 1, "speed": "fast"}
    (answer,) = answers_of(result({OPUS: of_model(10)}, usage=fast), {}, None)
    assert answer.speed == "fast"
    both = answers_of(result({OPUS: of_model(10), HAIKU: of_model(1)}, usage=fast), {}, None)
    assert {(each.status, each.reason, each.speed) for each in both} == {(Status.AT_LEAST, SEVERAL_SPEEDS, None)}


def test_a_turn_that_used_nothing_is_free_and_one_that_failed_an_attempt() -> None:
    before = sums_of(result({OPUS: of_model(10)}))
    (free,) = answers_of(result({OPUS: of_model(10)}), before, None)
    assert free.status is Status.FREE
    (failed,) = answers_of(result({OPUS: of_model(10)}, is_error=True, api_error_status=529), before, None)
    assert (failed.status, failed.http_status, failed.reason) == (
        Status.FAILED,
        529,
        "Claude Code failed (HTTP status 529)",
    )


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (result({OPUS: {"inputTokens": -1}}), "usage.inputTokens is not a whole number from zero up"),
        (result(None, usage=None), NOTHING_SAID),
    ],
)
def test_what_cannot_be_read_is_not_known(said: dict[str, object], reason: str) -> None:
    (answer,) = answers_of(said, {}, OPUS)
    assert (answer.status, answer.model, answer.reason) == (Status.UNMEASURED, OPUS, reason)
