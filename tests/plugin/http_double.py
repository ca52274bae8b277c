"""A Claude that answers at once, for suites under test: 1,000 tokens in and 100 out on Haiku 4.5, $0.0015.

Asked by HTTP alone: importing the SDK takes longer than all else that most sub-sessions do.
"""

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


REQUEST = {"model": MODEL, "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}


def post(body, **changes):
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=message(**changes)))
    with httpx.Client(transport=transport) as client:
        url, headers = "https://api.anthropic.com/v1/messages", {"anthropic-version": "2023-06-01"}
        return client.post(url, json=body, headers=headers).json()


def ask(**changes):
    return post(REQUEST, **changes)
