"""Has the API count the tokens of requests: free, and asked for by `--online` alone. The text of the prompts goes there."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from pytest_claude_budget.base.errors import InputError, Problem

KEY, BASE = "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"
_SECONDS = 60
_COUNTED = ("messages", "system", "tools", "tool_choice", "thinking")
"""What the API takes to count."""


def count_online(request: Mapping[str, Any], model: str) -> int:
    """Ask how many tokens a model reads of a request. Raises InputError."""
    key = os.environ.get(KEY)
    if not key:
        hint = f"set {KEY}, or leave --online out: tokens are told from the length of the text then"
        raise InputError(Problem(slug="no-key", where="--online", what=f"expected a key in {KEY}", hint=hint))
    url = f"{(os.environ.get(BASE) or 'https://api.anthropic.com').rstrip('/')}/v1/messages/count_tokens"
    body = {"model": model, **{name: request[name] for name in _COUNTED if name in request}}
    headers = {"x-api-key": key, "anthropic-version": "2023-06-01", "content-type": "application/json"}
    try:
        asked = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310  # as the user's own SDK would
        with urllib.request.urlopen(asked, timeout=_SECONDS) as answer:  # noqa: S310
            counted = json.loads(answer.read(1_000_000))["input_tokens"]
    except urllib.error.HTTPError as error:
        raise _refused(f"the API answered with status {error.code} for {model[:80]}") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise _refused("the API could not be asked, or its answer could not be read") from None
    if type(counted) is not int or counted < 0:
        raise _refused("the API's answer has no count")
    return counted


def _refused(what: str) -> InputError:
    hint = "leave --online out: tokens are told from the length of the text then"
    return InputError(Problem(slug="not-counted", where="--online", what=what, hint=hint))
