"""What a client's function was called with. Loads nothing: asked for every request, and nearly none is with Claude."""

from collections.abc import Sequence
from typing import Any


def argument(args: tuple[Any, ...], kwargs: dict[str, Any], at: int, name: str) -> Any:
    """An argument that may be given by its place or by its name; None where it is not."""
    return args[at] if at < len(args) else kwargs.get(name)


def arguments(args: tuple[Any, ...], kwargs: dict[str, Any], names: tuple[str, ...]) -> Sequence[Any]:
    """The same of the first of a function's arguments."""
    if not args:
        return [*map(kwargs.get, names)]
    if len(args) >= len(names):
        return args[: len(names)]
    return [*args[: len(names)], *map(kwargs.get, names[len(args) :])]


def body_bytes(body: object) -> bytes | None:
    """A request's body; None where only the client may read it."""
    if isinstance(body, bytes):
        return body
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode("utf-8", "replace")
    return bytes(body) if isinstance(body, bytearray | memoryview) else None
