"""What the requests of a batch ask for, before it is created."""

import json
from collections.abc import Sequence

from pytest_claude_budget.wire.encodings import unpacked
from pytest_claude_budget.wire.messages import LONGEST_MODEL


def models_asked(body: bytes | None) -> Sequence[str | None]:
    """The model of each request, None where it names none; one None where the batch cannot be read. Never raises."""
    try:
        value = json.loads(unpacked(body or b"") or b"")
        asked = [each.get("params", {}).get("model") for each in value["requests"]]
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return (None,)
    return [model[:LONGEST_MODEL] if isinstance(model, str) else None for model in asked] or (None,)
