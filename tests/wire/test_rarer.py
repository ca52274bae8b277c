"""Rarer answers after the first of their kind, while a suite has put something else in the place of `builtins.__import__`."""

import builtins
import json
from typing import Any, NoReturn

import httpx
import pytest

from pytest_claude_budget.calls.call import Status
from tests.builders.watched import message, watched

USAGE = {"prompt_tokens": 1_000, "completion_tokens": 100, "total_tokens": 1_100}
CHAT = {"id": "c", "object": "chat.completion", "model": "anthropic/claude-haiku-4.5"}
CONVERSED = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1_000, "outputTokens": 100, "totalTokens": 1_100},
}
COMPLETED = {
    **CHAT,
    "choices": [{"index": 0, "message": {"role": "assistant"}, "finish_reason": "stop"}],
    "usage": USAGE,
}
CHUNK = {**CHAT, "object": "chat.completion.chunk", "choices": [], "usage": USAGE}
RESULT = {"custom_id": "1", "result": {"type": "succeeded", "message": message()}}

OPENROUTER = "https://openrouter.ai/api/v1/chat/completions"
RARER = {
    "Converse": (
        "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-haiku-4-5-20251001-v1%3A0/converse",
        {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]},
        {"json": CONVERSED},
    ),
    "OpenAI's form": (OPENROUTER, {"model": CHAT["model"], "messages": []}, {"json": COMPLETED}),
    "a stream of OpenAI's form": (
        OPENROUTER,
        {"model": CHAT["model"], "messages": [], "stream": True},
        {"text": f"data: {json.dumps(CHUNK)}\n\ndata: [DONE]\n\n", "headers": {"content-type": "text/event-stream"}},
    ),
    "results of a batch": (
        "https://api.anthropic.com/v1/messages/batches/msgbatch_1/results",
        None,
        {"text": f"{json.dumps(RESULT)}\n", "headers": {"content-type": "application/x-jsonl"}},
    ),
}


def refuse(name: str, *_: Any, **__: Any) -> NoReturn:
    raise ImportError(name)


@pytest.mark.parametrize("kind", RARER)
def test_a_rarer_answer_needs_no_import_after_the_first(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url, asked, answer = RARER[kind]
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, **answer)))  # type: ignore[arg-type]
    how = {"headers": {"anthropic-version": "2023-06-01"}, "json": asked}
    with watched() as told, client:
        for imports in (builtins.__import__, refuse):
            request = client.build_request("GET" if asked is None else "POST", url, **how)  # type: ignore[arg-type]
            with monkeypatch.context() as patch:
                patch.setattr(builtins, "__import__", imports)
                client.send(request)
    counted = [each for each in told.answers if each.usage.input_tokens]
    assert [(Status.MEASURED, 1_000, 100)] * 2 == [
        (each.status, each.usage.input_tokens, each.usage.output_tokens) for each in counted
    ]
