"""Answers on unknown paths: which of them are Claude's, and what becomes of those that have a form of their own."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_budget.calls.call import Answer, Status, Usage
from pytest_claude_budget.wire.bodies import body_of
from pytest_claude_budget.wire.messages import OTHER_FORM, SEVERAL, read_answer
from pytest_claude_budget.wire.routes import Kind
from tests.wire.answers import MODEL, NORMAL, body, cut, exchange, message, read

OPENAI = {"object": "chat.completion", "model": "best", "usage": {"prompt_tokens": 9, "completion_tokens": 5}}
CONVERSE = {"output": {"message": {}}, "usage": {"inputTokens": 9, "outputTokens": 5, "totalTokens": 14}}
FORMS: list[Any] = [
    CONVERSE,
    [{"reply": "Hi"}, {"output_tokens": 5}],
    {"data": OPENAI},
    {"data": [{"result": CONVERSE}]},
    {"statusCode": 200, "body": json.dumps(OPENAI)},
    {"body": json.dumps({"data": json.dumps(CONVERSE)})},
    {"usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 5}},
    {"metrics": {"input_token_count": 9, "output_token_count": 5}},
]
ENVELOPES: list[Any] = [
    {"data": message()},
    [message()],
    {"statusCode": 200, "body": json.dumps(message())},
    {"result": {"response": [message()]}},
]


def of(value: object, *, unnamed: bool = False, in_application: bool = False) -> Answer | None:
    """The answer on an unknown path, whose request names Claude or not."""
    asked = exchange(Kind.GUESS, unnamed=unnamed)._replace(in_application=in_application)
    return read_answer(body(value), asked)


@pytest.mark.parametrize("value", FORMS)
def test_an_answer_that_counts_tokens_in_another_form_is_unmeasured(value: object) -> None:
    """The request names Claude, so that it is billed; never silently free."""
    answer = of(value)
    assert answer is not None
    assert (answer.status, answer.reason, answer.model) == (Status.UNMEASURED, OTHER_FORM, "claude-requested")
    assert of(value, unnamed=True) is None


@pytest.mark.parametrize("value", ENVELOPES)
def test_a_message_in_an_envelope_is_measured(value: object) -> None:
    """It is Anthropic's own, with the model that answered: also where the request says nothing of Claude."""
    expected = of(message())
    assert expected is not None
    assert expected.status is Status.MEASURED
    assert of(value) == of(value, unnamed=True) == of(message(), unnamed=True) == expected


def test_several_messages_in_an_envelope_are_unmeasured() -> None:
    """Nobody says whether they are all that was asked."""
    answer = of({"data": [message(), message()]})
    assert answer is not None
    assert (answer.status, answer.reason) == (Status.UNMEASURED, SEVERAL)


@pytest.mark.parametrize("model", [MODEL, "Claude-Sonnet-4.5", "anthropic/CLAUDE-opus-5"])
def test_an_answer_that_names_claude_needs_no_request_that_does(model: str) -> None:
    """A gateway's own name for a model was asked for."""
    answer = of({"data": {**OPENAI, "model": model}}, unnamed=True)
    assert answer is not None
    assert (answer.status, answer.reason) == (Status.UNMEASURED, OTHER_FORM)
    plain = of({**OPENAI, "model": model}, unnamed=True)
    assert plain is not None
    assert (plain.status, plain.model, plain.usage) == (Status.MEASURED, model, Usage(input_tokens=9, output_tokens=5))


@pytest.mark.parametrize(
    "value",
    [
        {"ok": True, "model": MODEL},
        {"input_tokens": 14},
        {"inputTokens": 14},
        {"reply": "You have output_tokens: 5 with claude"},
        {"reply": json.dumps({"model": MODEL, "usage": {"output_tokens": 5}})},
        {"max_output_tokens": 5, "max_tokens": 9, "model": MODEL},
        {"usage": {"output_tokens": None}},
        {"output_tokens": True},
        {"output_tokens": "5"},
        [],
        "claude",
        None,
        {"type": "message", "usage": None},
    ],
)
def test_an_answer_that_counts_no_output_is_none_of_claudes(value: object) -> None:
    """Settings, token counts, a text that speaks of both."""
    assert of(value) is None
    assert of(value, unnamed=True) is None


@pytest.mark.parametrize("model", ["gpt-5", None, "best"])
def test_a_message_of_another_model_is_not_claudes_unless_the_request_says_so(model: str | None) -> None:
    """Other makers' gateways speak Anthropic's form too."""
    assert of(message(model=model), unnamed=True) is None
    assert of(message(model=model)) is not None


def test_what_an_application_of_this_process_says_in_its_own_form_is_its_own() -> None:
    """The calls that it makes are seen themselves; a message is what a gateway would pass on."""
    own = (OPENAI, *FORMS, *ENVELOPES)
    assert [of(value, in_application=True) for value in own] == [None] * len(own)
    assert of(message(), in_application=True) is not None


def test_a_deep_or_endless_answer_is_looked_into_as_far_as_that_goes() -> None:
    """Nothing raises."""
    deep: Any = OPENAI
    for _ in range(50):
        deep = {"data": deep}
    assert of(deep) is None
    assert of([{"a": 1}] * 5_000 + [OPENAI]) is None
    assert of({"body": "{" * 5_000}) is None


OPENAI_CHUNKS = b"".join(
    b"data: %s\n\n" % body({"model": "best", "choices": [{"delta": {"content": word}, "finish_reason": end}], **more})
    for word, end, more in (
        ("Hi", None, {}),
        ("claude", None, {}),
        ("", "stop", {"usage": {"prompt_tokens": 9, "completion_tokens": 5}}),
    )
)
CHUNKS = b"".join(
    b"data: %s\n\n" % body({"model": "best", "text": word, **more})
    for word, more in (("Hi", {}), ("claude", {}), ("", {"counts": {"output_tokens": 5}}))
)


def streamed(
    data: bytes, *, unnamed: bool = False, at: list[int] | None = None, complete: bool = True
) -> Answer | None:
    own, items = read(body_of(exchange(Kind.GUESS, unnamed=unnamed), ""), cut(data, at or []), complete=complete)
    assert items == []
    return own


def test_a_stream_in_another_form_is_unmeasured() -> None:
    """Where it counts tokens, or names Claude in each of its events."""
    for answer in (
        streamed(CHUNKS),
        streamed(CHUNKS, complete=False),
        streamed(CHUNKS.replace(b"best", MODEL.encode()), unnamed=True),
        streamed(CHUNKS.replace(b"best", MODEL.encode())[:80], complete=False),
    ):
        assert answer is not None
        assert (answer.status, answer.reason) == (Status.UNMEASURED, OTHER_FORM)
    assert streamed(CHUNKS, unnamed=True) is None
    assert streamed(CHUNKS[:60]) is None


def test_a_stream_in_openais_form_is_measured() -> None:
    """Where the request or the answer names Claude."""
    for answer, model in (
        (streamed(OPENAI_CHUNKS), "best"),
        (streamed(OPENAI_CHUNKS.replace(b"best", MODEL.encode()), unnamed=True), MODEL),
    ):
        assert answer is not None
        assert (answer.status, answer.model, answer.usage.output_tokens) == (Status.MEASURED, model, 5)
    assert streamed(OPENAI_CHUNKS, unnamed=True) is None
    assert streamed(OPENAI_CHUNKS[:60]) is None


def test_a_stream_of_a_message_is_measured_where_it_or_the_request_names_claude() -> None:
    """Another maker's is not."""
    named = streamed(NORMAL, unnamed=True)
    assert named is not None
    assert (named.status, named.usage.output_tokens) == (Status.MEASURED, 45)
    assert named == streamed(NORMAL)
    assert streamed(NORMAL.replace(b"claude", b"llama-"), unnamed=True) is None


@given(
    st.lists(st.integers(min_value=0, max_value=1_000), max_size=8),
    st.sampled_from(
        [
            CHUNKS,
            OPENAI_CHUNKS,
            NORMAL,
            CHUNKS.replace(b"best", b"CLAUDE-x"),
            OPENAI_CHUNKS.replace(b"best", b"CLAUDE-x"),
            body(OPENAI),
            body({"data": message()}),
        ]
    ),
    st.booleans(),
)
def test_chunks_cut_anywhere_change_nothing(places: list[int], data: bytes, unnamed: bool) -> None:
    """A sign may lie across two of them."""
    assert streamed(data, unnamed=unnamed, at=places) == streamed(data, unnamed=unnamed)


def test_json_that_was_left_in_the_middle_is_unmeasured_once_it_counts() -> None:
    """What was seen of it proves it."""
    answer = streamed(body(OPENAI)[:-1], complete=False)
    assert answer is not None
    assert answer.status is Status.UNMEASURED
    assert streamed(body(OPENAI)[:30], complete=False) is None
