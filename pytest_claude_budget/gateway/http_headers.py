"""Which headers pass a proxy: all but those that speak of one connection, with the spelling and in the order in which they came."""

from collections.abc import Iterable

Raw = Iterable[tuple[bytes, bytes]]
Pairs = list[tuple[str, str]]

_OF_ONE_CONNECTION = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
_OURS = _OF_ONE_CONNECTION | {b"host", b"expect"}
"""Of a request: the upstream has another name, and what was expected has been answered here."""


def for_upstream(raw: Raw) -> Pairs:
    """The headers of a request that the upstream gets."""
    return _without(raw, _OURS)


def for_program(raw: Raw) -> Pairs:
    """The headers of an answer that the program gets."""
    return _without(raw, _OF_ONE_CONNECTION)


def _without(raw: Raw, names: frozenset[bytes]) -> Pairs:
    found: list[tuple[bytes, str, str]] = []
    named: set[bytes] = set()
    for name, value in raw:
        lower = name.lower()
        if lower not in names:
            found.append((lower, _text(name), _text(value)))
        elif lower == b"connection":  # what it names is of one connection too
            named.update(each.strip().lower() for each in value.split(b","))
    return [(name, value) for lower, name, value in found if lower not in named]


def _text(data: bytes) -> str:
    """As it is written again: in UTF-8, as nearly all is ASCII."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
