"""The same Claude as in `http_double.py`, asked through its SDK."""

import anthropic
from http_double import MODEL, REQUEST, httpx, message, stream_body

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
