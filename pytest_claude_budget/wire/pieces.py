"""Bytes of a body in pieces, as they are read: no larger than so much, and passed over where they change nothing."""

from collections.abc import Callable, Iterator

WINDOW = 65_536
"""Bytes that are read at once, so that a body in one piece costs no memory of its size."""

Passes = Callable[[bytes], bool]


def takes_nothing(_: bytes) -> bool:
    """Stand in for `passes` where all that comes must be fed."""
    return False


def windows(data: bytes) -> Iterator[bytes]:
    """Cut a large piece into small ones, at the end of an event or a line where there is one."""
    if len(data) <= WINDOW:
        yield data
        return
    start = 0
    while start < len(data):
        end = start + WINDOW
        cut = data.rfind(b"\n\n", start, end) + 2 if end < len(data) else 0
        end = cut if cut > start + 2 else end
        yield data[start:end]
        start = end
