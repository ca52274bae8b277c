"""Reads JSON, by the faster of the parsers that are loaded: the SDK brings one for its own streams."""

import json
import sys
from contextlib import suppress
from typing import Any

_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # every decoder has it, since `decode` asks it; the stubs do not
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
    if not data.startswith(b"{") or data[1:2] == b"\0":
        return json.loads(data)
    text = data.decode("utf-8", "surrogatepass")
    try:
        value, end = _scan(text, 0)  # as `json.loads` does, after a look for other encodings
    except StopIteration:
        end = 0
    return value if end == len(text) else json.loads(text)


def load_faster() -> None:
    """Load the faster parser where it is installed: worth its own milliseconds from `LARGE` on."""
    with suppress(ImportError):
        import jiter  # noqa: F401
