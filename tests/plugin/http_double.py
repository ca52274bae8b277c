"""A Claude that answers at once, for suites under test: 1,000 tokens in and 100 out on Haiku 4.5, $0.0015.

Asked by HTTP alone: importing the SDK takes longer than all else that most sub-sessions do.
"""

import json

try:
    import httpx2 as httpx
except ImportError:
    import httpx

MODEL = "claude-haiku-4-5"


def message(**changes):
    usage = {"input_tokens": 1000, "output_tokens": 100, **changes.pop("usage", {})}
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": [{"type": "text", "text": "Hello."}],
        "stop_reason": "end_turn",
        "usage": usage,
        **changes,
    }


URL, HEADERS = "https://api.anthropic.com/v1/messages", {"anthropic-version": "2023-06-01"}
REQUEST = {"model": MODEL, "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}


def post(body, **changes):
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=message(**changes)))
    with httpx.Client(transport=transport) as client:
        return client.post(URL, json=body, headers=HEADERS).json()


def ask(**changes):
    return post(REQUEST, **changes)


async def ask_async(**changes):
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=message(**changes)))
    async with httpx.AsyncClient(transport=transport) as client:
        return (await client.post(URL, json=REQUEST, headers=HEADERS)).json()


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
