"""Which exchanges of real clients are recorded, where neither the host nor the path is Anthropic's."""

import asyncio
import json
from typing import Any

import pytest

from pytest_claude_budget.calls.call import Answer, Status
from pytest_claude_budget.wire.signs_of_claude import look_into, names_claude
from tests.builders.watched import ASKED, MODEL, message, send, watched
from tests.unit.intercept.test_failed_tries import BOTH, CLIENTS

OPENAI = {"model": "best", "usage": {"prompt_tokens": 9, "completion_tokens": 5}}
ARN = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aprovisioned-model%2Fx1"
QUESTION = [{"role": "user", "content": "Are you claude?"}]


def told_of(
    module: Any, url: str, asked: Any, reply: Any, *, asynchronous: bool = False, status: int = 200
) -> list[Answer]:
    with watched() as told:
        answer = module.Response(status, json=reply)
        send(module, lambda request: answer, asynchronous=asynchronous, url=f"https://llm.example{url}", json=asked)
    return told.answers


@CLIENTS
@BOTH
@pytest.mark.parametrize(
    ("url", "asked", "reply", "status"),
    [
        (
            f"/model/{ARN}/invoke",
            {"anthropic_version": "bedrock-2023-05-31", "messages": []},
            message(),
            Status.MEASURED,
        ),
        ("/ask", {"anthropic_version": "bedrock-2023-05-31", "messages": QUESTION}, message(), Status.MEASURED),
        ("/ask", {"anthropic_version": "bedrock-2023-05-31", "messages": QUESTION}, {"ok": 1}, Status.UNMEASURED),
        ("/ask", {"model": "Claude-Sonnet-4.5", "messages": QUESTION}, OPENAI, Status.MEASURED),
        ("/ask", {"model": MODEL, "question": "Hi"}, {"data": message()}, Status.MEASURED),
        ("/ask", {"model": MODEL, "question": "Hi"}, {"body": json.dumps(OPENAI)}, Status.UNMEASURED),
        ("/ask?model=Claude-Opus-5", {"question": "Hi"}, OPENAI, Status.MEASURED),
        ("/ask", {"llm": MODEL, "question": "Hi"}, {"data": message()}, Status.MEASURED),
        ("/ask", {"model": {"maker": "anthropic", "name": MODEL}}, {"body": json.dumps(OPENAI)}, Status.UNMEASURED),
        ("/openai/deployments/claude-opus-5/chat/completions", {"messages": []}, OPENAI, Status.MEASURED),
        ("/serving-endpoints/our-claude/invocations", {"messages": []}, OPENAI, Status.MEASURED),
        ("/v1/models/anthropic/claude-opus-5/predictions", {"input": {}}, {"status": "starting"}, Status.UNMEASURED),
        ("/v1/chat/completions", {"model": "best", "messages": []}, {**OPENAI, "model": MODEL}, Status.MEASURED),
        ("/ask", {"model": "best", "messages": []}, message(), Status.MEASURED),
    ],
)
def test_a_sign_of_claude_is_enough(
    module: Any, url: str, asked: Any, reply: Any, status: Status, *, asynchronous: bool
) -> None:
    """Each of these is one answer, measured or unmeasured, never silent; a model without rates is unpriced."""
    (answer,) = told_of(module, url, asked, reply, asynchronous=asynchronous)
    assert answer.status is status
    assert (answer.reason is None) == (status is Status.MEASURED)


@pytest.mark.parametrize(
    "name", ["llm", "llm_name", "chatModel", "modelVersion", "model_slug", "model-name", "engine_id"]
)
def test_a_field_for_a_model_has_many_names(name: str) -> None:
    """With the model's name, or with an object that has it; in a request and in an answer, whose shape no API prescribes."""
    for value in ("Claude-Sonnet-4.5", {"id": MODEL}, {"maker": "anthropic", "name": f"anthropic/{MODEL}"}):
        for told in ({name: value}, {"options": {name: value, "temperature": 0}}):
            assert names_claude(json.dumps(told).encode()), told
            assert look_into(told).names_claude, told


@pytest.mark.parametrize(
    "told",
    [
        {"model": "best", "question": "Are you claude?"},
        {"model": {"name": "best"}, "question": "claude"},
        {"question": '{"model": "claude"}'},
        {"llms": 3, "text": "claude"},
        {"user": {"name": "claude"}},
    ],
)
def test_what_names_another_model_or_none_is_no_sign(told: Any) -> None:
    assert not names_claude(json.dumps(told).encode())
    assert not look_into(told).names_claude


@CLIENTS
def test_bedrocks_headers_count_the_answer_of_claude_2(module: Any) -> None:
    """Which has a form without usage."""
    counts = {"X-Amzn-Bedrock-Input-Token-Count": "12", "X-Amzn-Bedrock-Output-Token-Count": "5"}
    asked = {"prompt": "Human: Hi", "max_tokens_to_sample": 9}
    for headers, status in ((counts, Status.MEASURED), ({}, Status.UNMEASURED)):
        reply = module.Response(200, json={"type": "completion", "completion": " Hi"}, headers=headers)
        with watched() as told:
            url = "https://llm.example/model/anthropic.claude-v2:1/invoke"
            send(module, lambda request, reply=reply: reply, asynchronous=False, url=url, json=asked)
        assert [answer.status for answer in told.answers] == [status]


@CLIENTS
@pytest.mark.parametrize(
    ("url", "asked", "reply"),
    [
        ("/v1/messages", {"text": "Hi claude"}, {"id": 1}),
        ("/v1/messages", {"messages": ["claude"]}, {"usage": {"output_tokens": 5}}),
        ("/chat", {"messages": QUESTION, "model": "best"}, OPENAI),
        ("/v1/chat/completions", {"messages": QUESTION, "model": "gpt-5"}, OPENAI),
        ("/settings", {"model": MODEL}, {"model": MODEL, "max_output_tokens": 5}),
        ("/count_tokens", {"model": MODEL, "messages": []}, {"total_tokens": 5}),
        ("/claude/notes", {"text": "Hi"}, {"output_tokens": 5}),
        ("/ask?q=claude", {"question": "Hi"}, OPENAI),
        ("/traces", {"runs": [{"model": MODEL, "messages": [], "usage": {"output_tokens": 5}}]}, {"accepted": 1}),
    ],
)
def test_a_suites_own_routes_are_left_alone(module: Any, url: str, asked: Any, reply: Any) -> None:
    """A text that speaks of Claude is no sign, nor is a model in what is no answer of one."""
    assert told_of(module, url, asked, reply) == []


@CLIENTS
@pytest.mark.parametrize("status", [400, 429, 500])
def test_a_failure_that_only_an_answer_could_have_proved_is_left_out(module: Any, status: int) -> None:
    """One that the path or the request proves is an attempt."""
    for url, asked in (("/ask", {"model": MODEL, "messages": []}), ("/ask", {"model": "best", "messages": []})):
        assert told_of(module, url, asked, {}, status=status) == []
    for url, asked in (
        ("/ask", {"anthropic_version": "bedrock-2023-05-31", "messages": []}),
        ("/serving-endpoints/our-claude/invocations", {"messages": []}),
    ):
        (answer,) = told_of(module, url, asked, {}, status=status)
        assert answer.status is Status.FAILED


@CLIENTS
def test_an_application_under_test_is_not_claude(module: Any) -> None:
    """It takes a model's name and answers in its own form: what it asks Claude is seen by itself."""

    async def app(scope: Any, receive: Any, respond: Any) -> None:
        headers = [(b"content-type", b"application/json")]
        await respond({"type": "http.response.start", "status": 200, "headers": headers})
        await respond({"type": "http.response.body", "body": json.dumps({"reply": "Hi", **OPENAI}).encode()})

    async def work() -> None:
        async with module.AsyncClient(transport=module.ASGITransport(app=app), base_url="http://test") as client:
            await client.post("/chat", json=ASKED)
            await client.post("/chat", json={"model": "best", "messages": []})

    with watched() as told:
        asyncio.run(work())
    assert told.answers == []


URL = "https://llm.example/ask"


@CLIENTS
def test_an_answer_that_cannot_be_decoded_is_claudes_only_by_the_request(module: Any) -> None:
    """Somebody else's chat is none of our business."""
    answer = {"status_code": 200, "headers": {"content-encoding": "rot13"}}
    for model, expected in ((MODEL, 1), ("gpt-5", 0)):
        transport = module.MockTransport(lambda request: module.Response(**answer, content=iter([b"{}"])))
        asked = {"model": model, "messages": []}
        with (
            watched() as told,
            module.Client(transport=transport) as client,
            client.stream("POST", URL, json=asked) as answered,
        ):
            assert list(answered.iter_raw()) == [b"{}"]
        assert [each.status for each in told.answers] == [Status.UNMEASURED] * expected
