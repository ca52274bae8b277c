"""Answers that come again, byte for byte: each says what it would say to somebody who had never seen it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from pytest_claude_budget.calls.call import Answer
from pytest_claude_budget.wire import remembered
from pytest_claude_budget.wire.answer_headers import Headers
from pytest_claude_budget.wire.lifetimes import lifetimes_in
from pytest_claude_budget.wire.messages import Exchange, read_answer
from pytest_claude_budget.wire.remembered import SameAnswers
from pytest_claude_budget.wire.requests import Fingerprints
from pytest_claude_budget.wire.routes import Kind, Route, route
from tests.wire.answers import body, message, usage

PLAIN = Route(kind=Kind.MESSAGES)
HOUR = {"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
FIVE = {"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}}
TOOL = {"name": "look_up", "input_schema": {"type": "object"}}
REFUSED = message(stop_reason="refusal", content=[], usage=usage(input_tokens=9, output_tokens=0))
ANSWERS = {
    "plain": message(),
    "calls a tool": message(content=[{"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {}}]),
    "counts server tools": message(usage=usage(server_tool_use={"web_search_requests": 2})),
    "writes a cache": message(usage=usage(cache_creation_input_tokens=1_000, cache_creation=None)),
    "splits its writes": message(
        usage=usage(
            cache_creation_input_tokens=5,
            cache_creation={"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 3},
        )
    ),
    "names no model": {name: value for name, value in message().items() if name != "model"},
    "has iterations": message(usage=usage(iterations=[{"type": "compaction", "input_tokens": 3, "output_tokens": 4}])),
    "refuses": REFUSED,
    "has an unknown count": message(usage=usage(moon_tokens=3)),
    "has no usage": message(usage=None),
    "is an error": {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
    "is a list": [1],
}
REQUESTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "another question": {"messages": [{"role": "user", "content": "And now?"}]},
    "an hour": {"system": [HOUR]},
    "five minutes": {"system": [FIVE]},
    "tools": {"tools": [TOOL]},
    "fast": {"model": "claude-opus-4-6-fast"},
    "regional": {"model": "us.anthropic.claude-sonnet-4-5-20250929-v1:0"},
}


def exchange(name: str, status: int = 200, **changes: Any) -> Exchange:
    """As the watch makes it."""
    asked = {"max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}], "model": "claude-sonnet-4-5"}
    sent = json.dumps({**asked, **REQUESTS[name]}, separators=(",", ":")).encode()
    print_, more, facts = Fingerprints().of_messages(sent)
    lifetimes = lifetimes_in(sent) if name == "an hour" else None
    made = Exchange(PLAIN, status, sent, print_, more, long_lifetimes=lifetimes, facts=facts)
    return made._replace(**changes)


def reading(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How often an answer was read since."""
    read: list[bytes] = []

    def counting(data: bytes, of: Exchange) -> Answer | None:
        read.append(data)
        return read_answer(data, of)

    monkeypatch.setattr(remembered, "read_answer", counting)
    return lambda: len(read)


@pytest.mark.parametrize("kind", ANSWERS)
def test_each_says_what_it_would_say_the_first_time(kind: str) -> None:
    """Whatever was asked before, and in whatever order: with its own request, lifetimes, model and tools."""
    data, answers = body(ANSWERS[kind]), SameAnswers()
    for name in [*REQUESTS, *reversed(REQUESTS), *REQUESTS]:
        asked = exchange(name)
        assert answers.read(data, asked) == read_answer(data, asked), name


@pytest.mark.parametrize("kind", ["plain", "calls a tool", "counts server tools"])
def test_what_comes_again_is_read_twice_and_then_known(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the many that never come again, only that they came is kept."""
    times, data, answers = reading(monkeypatch), body(ANSWERS[kind]), SameAnswers()
    for name in ("plain", "another question", "an hour", "plain", "another question"):
        answers.read(data, exchange(name))
    assert times() == 2


def test_a_byte_more_is_another_answer() -> None:
    """Nothing is known by its beginning."""
    answers, asked = SameAnswers(), exchange("plain")
    for tokens in (1, 2, 1, 2, 1, 2, 3):
        read = answers.read(body(message(usage=usage(output_tokens=tokens))), asked)
        assert read is not None
        assert read.usage.output_tokens == tokens


CHAT = {
    "model": "claude-sonnet-4-5",
    "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12, "cost": 0.0001},
}
BEDROCK = Route(kind=Kind.MESSAGES, model="us.anthropic.claude-sonnet-4-5-20250929-v1:0", evident=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"route": BEDROCK},
        {"route": Route(kind=Kind.MESSAGES, model="claude-opus-4-1", regional=True)},
        {"route": Route(kind=Kind.GUESS)},
        {"route": Route(kind=Kind.GUESS, unnamed=True), "in_application": True},
        {"route": Route(kind=Kind.COMPATIBLE), "headers": Headers(charged="0.5")},
        {"route": Route(kind=Kind.COUNT_TOKENS)},
        {"headers": Headers(input_tokens="3", output_tokens="4")},
        {"headers": Headers(service_tier="flex")},
        {"http_status": 203},
    ],
)
@pytest.mark.parametrize("value", [message(), CHAT])
def test_another_route_status_or_header_is_read_for_itself(value: Any, changes: dict[str, Any]) -> None:
    """They decide on rates and counts, too. Two that take turns are told apart."""
    data, answers, plain = body(value), SameAnswers(), exchange("plain")
    other = plain._replace(**changes)
    for asked in [plain, plain, plain, other, other, other, plain, other, plain, other]:
        assert answers.read(data, asked) == read_answer(data, asked)


@pytest.mark.parametrize(
    ("value", "route_"), [(message(), BEDROCK), (CHAT, Route(kind=Kind.COMPATIBLE)), (message(), PLAIN)]
)
def test_whatever_the_route_it_is_read_twice(value: Any, route_: Route, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers of other routes take longer to read than Anthropic's own."""
    times, answers = reading(monkeypatch), SameAnswers()
    for _ in range(5):
        answers.read(body(value), exchange("plain", route=route_))
    assert times() == 2


def test_many_answers_are_not_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither are they mixed up."""
    monkeypatch.setattr(remembered, "MOST_REMEMBERED", 3)
    answers, asked = SameAnswers(), exchange("plain")
    for tokens in [*range(9), *range(9), 8, 8]:
        data = body(message(usage=usage(output_tokens=tokens)))
        assert answers.read(data, asked) == read_answer(data, asked)
        assert len(answers._known) <= 3


def test_what_begins_alike_and_is_as_long_is_another_answer() -> None:
    """Short ones are compared, long ones hashed."""
    for length in (100, 9_000):
        answers, asked = SameAnswers(), exchange("plain")
        first, second = ({"id": "x" * length, **message(), "usage": usage(output_tokens=tokens)} for tokens in (8, 9))
        for value in [first] * 3 + [second] * 3 + [first, second] * 2:
            data = body(value)
            assert answers.read(data, asked) == read_answer(data, asked)


def test_of_what_is_long_no_word_is_kept() -> None:
    """Of what is short, and came again, it is: in memory alone."""
    answers, text = SameAnswers(), "A secret of the customer's. "
    for times in (1, 400):
        data = body(message(content=[{"type": "text", "text": text * times}]))
        for _ in range(3):
            answers.read(data, exchange("plain"))
    kept = [known[0] for known in answers._known.values()]
    assert [True, False] == [each is not None for each in kept]
    assert repr(answers._known).count("secret") == 1


@pytest.mark.parametrize(
    "path", ["/v1/messages", "/v1/chat/completions", "/model/anthropic.claude-sonnet-4-5-v1:0/invoke"]
)
def test_a_path_leads_to_one_route(path: str) -> None:
    """Else no answer would ever be known again."""
    assert route("POST", path, None, from_sdk=True) is route("POST", path, None, from_sdk=True) is not None
