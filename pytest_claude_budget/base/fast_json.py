"""Reads JSON, by the faster of the parsers that are loaded: the SDK brings one for its own streams."""

import json
import sys
from contextlib import suppress
from typing import Any

_decode = json.JSONDecoder().decode
LARGE = 1 << 20
"""Bytes of JSON for which a faster parser is worth its own loading."""


def loads(data: bytes) -> Any:
    """Read a document. Raises ValueError or RecursionError; what the faster parser refuses is left to Python's own."""
    from_json = getattr(sys.modules.get("jiter"), "from_json", None)
    if from_json is not None:
        try:
            return from_json(data, cache_mode="keys")
        except (ValueError, TypeError):  # TypeError: an older one, with other options
            pass
    if data.startswith(b"{") and data[1:2] != b"\0":
        return _decode(
            data.decode("utf-8", "surrogatepass")
        )  # as `json.loads` does, without a look for other encodings
    return json.loads(data)


def load_faster() -> None:
    """Load the faster parser where it is installed: worth its own milliseconds from `LARGE` on."""
    with suppress(ImportError):
        import jiter  # noqa: F401
