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
    """The headers of a request that the upstream gets; one that comes again is spelt as it was at first.

    Where a name comes again in another spelling, aiohttp puts it in the place of the first.
    """
    spelt: dict[bytes, str] = {}
    return [(spelt.setdefault(lower, name), value) for lower, name, value in _without(raw, _OURS)]


def for_program(raw: Raw) -> Pairs:
    """The headers of an answer that the program gets."""
    return [(name, value) for _, name, value in _without(raw, _OF_ONE_CONNECTION)]


def _without(raw: Raw, names: frozenset[bytes]) -> list[tuple[bytes, str, str]]:
    found: list[tuple[bytes, str, str]] = []
    named: set[bytes] = set()
    for name, value in raw:
        lower = name.lower()
        if lower not in names:
            found.append((lower, _text(name), _text(value)))
        elif lower == b"connection":  # what it names is of one connection too
            named.update(each.strip().lower() for each in value.split(b","))
    return [each for each in found if each[0] not in named] if named else found


def _text(data: bytes) -> str:
    """As it is written again: in UTF-8, as nearly all is ASCII."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
