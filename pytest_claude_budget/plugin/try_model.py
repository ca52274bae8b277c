"""Lets another model answer: a plugin of pytest that `claude-budget advise --try` loads into the one run that it starts, and nobody else.

It puts another model's name into the requests for messages that clients of httpx and httpx2 build, as the official SDK does, before
anything is sent or measured. What goes another way keeps its model, and the report of the run says so by its models.
"""

import functools
import importlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

TRY_VARIABLE = "CLAUDE_BUDGET_TRY_MODEL"
"""Names the model; the worker processes of the run have it too."""
_MODULES = ("httpx", "httpx2")
_CLIENTS = ("Client", "AsyncClient")
_PATH = "/v1/messages"
_taken_back: list[Callable[[], None]] = []
"""Takes each patch back."""


def pytest_configure() -> None:
    """Have clients build requests for the other model."""
    model = os.environ.get(TRY_VARIABLE)
    if not model or _taken_back:
        return
    for name in _MODULES:
        with suppress(ImportError):
            module = importlib.import_module(name)
            for client in _CLIENTS:
                _patch(getattr(module, client), model)


def pytest_unconfigure() -> None:
    """Leave clients as they were."""
    while _taken_back:
        _taken_back.pop()()


def _patch(client: Any, model: str) -> None:
    original = client.build_request

    @functools.wraps(original)
    def build_request(self: Any, *args: Any, **kwargs: Any) -> Any:
        return with_model(original(self, *args, **kwargs), model)

    client.build_request = build_request
    _taken_back.append(functools.partial(delattr, client, "build_request"))  # both inherit it


def with_model(request: Any, model: str) -> Any:
    """A request for a message with another model; any other as it is."""
    if request.method != "POST" or not request.url.path.endswith(_PATH):
        return request
    try:
        value = json.loads(request.content)
    except (ValueError, RecursionError, RuntimeError):  # RuntimeError: its body is a stream
        return request
    if not isinstance(value, dict) or not isinstance(value.get("model"), str):
        return request
    body = json.dumps({**value, "model": model}, ensure_ascii=False, separators=(",", ":"))
    headers = [(name, said) for name, said in request.headers.multi_items() if name.lower() != "content-length"]
    content = body.encode("utf-8", "surrogatepass")
    return type(request)("POST", request.url, headers=headers, content=content, extensions=request.extensions)
