"""The same Claude as in `http_double.py`, asked through its SDK."""

import json

import anthropic
from http_double import MODEL, REQUEST, httpx, message

__all__ = [
    "MODEL",
    "REQUEST",
    "answering",
    "ask",
    "ask_async",
    "async_client",
    "client",
    "httpx",
    "message",
    "stream_body",
]


def answering(respond):
    return anthropic.Anthropic(
        api_key="sk-ant-canary", http_client=httpx.Client(transport=httpx.MockTransport(respond)), max_retries=2
    )


def client(**changes):
    return answering(lambda request: httpx.Response(200, json=message(**changes)))


def async_client(**changes):
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=message(**changes)))
    return anthropic.AsyncAnthropic(api_key="sk-ant-canary", http_client=httpx.AsyncClient(transport=transport))


def ask(**changes):
    return client(**changes).messages.create(**REQUEST)


async def ask_async(**changes):
    return await async_client(**changes).messages.create(**REQUEST)


def stream_body(*, end=True, output=100):
    events = [
        ("message_start", {"message": message(usage={"output_tokens": 1}, content=[])}),
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": "Hello."}}),
        ("content_block_stop", {"index": 0}),
    ]
    if end:
        events += [
            ("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": output}}),
            ("message_stop", {}),
        ]
    return b"".join(f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode() for name, data in events)
