"""What the tests of this suite ask, and the clients that they ask with."""

import asyncio
import importlib
from collections.abc import Coroutine
from typing import Any, TypeVar

from anthropic import Anthropic, APIConnectionError, AsyncAnthropic
from features import HTTP

T = TypeVar("T")

SONNET = "claude-sonnet-4-6"
ASK: Any = {"model": SONNET, "max_tokens": 200, "messages": [{"role": "user", "content": "Say hello."}]}
"""The arguments of a request. Typed loosely, since the SDK's own types changed from one major to the next."""

BROKEN_OFF = (APIConnectionError, importlib.import_module(HTTP).TransportError)
"""What an SDK raises when a connection ends before its answer: some majors let the client's own error through."""


def client_of(url: str, **options: Any) -> Anthropic:
    """A client that does not retry unless it is told to."""
    return Anthropic(**{"api_key": "none", "base_url": url, "max_retries": 0, **options})


def async_client_of(url: str, **options: Any) -> AsyncAnthropic:
    """As `client_of`."""
    return AsyncAnthropic(**{"api_key": "none", "base_url": url, "max_retries": 0, **options})


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run on a loop of its own, for 20 seconds at most."""
    return asyncio.run(asyncio.wait_for(work, 20))
