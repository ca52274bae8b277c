"""What the clients' requests and responses hold already. Nothing is read that the client has not read itself."""

from typing import Any

_RETRY, _BETA, _VERSION = b"x-stainless-retry-count", b"anthropic-beta", b"anthropic-version"
_TOLD = frozenset((_RETRY, _BETA, _VERSION))

Told = tuple[int, str, bool]
"""How many tries came before this one, which betas are asked for, and whether Anthropic's version header is there."""


def request_body(request: Any) -> bytes | None:
    """The request's body, None where it is a stream that only the transport may read."""
    body = getattr(request, "_content", None)
    return body if isinstance(body, bytes) else None


def content_of(response: Any) -> bytes | None:
    """The answer's body where the client has read it already."""
    body = getattr(response, "_content", None)
    return body if isinstance(body, bytes) else None


def length_of(response: Any) -> int | None:
    """The bytes that an answer said it would have; None where it did not say."""
    said = response.headers.get("content-length", "")
    return int(said) if said.isdecimal() else None


def told(request: Any) -> Told:
    """What the headers of a request say: in one pass over them."""
    retry, betas, from_sdk = 0, "", False
    listed = getattr(request.headers, "_list", None)  # with its names in lower case already
    if listed is None:
        listed = [(name, name.lower(), value) for name, value in request.headers.raw]
    for _, name, value in listed:
        if name not in _TOLD:
            continue
        if name == _VERSION:
            from_sdk = True
        elif name == _RETRY:
            retry = int(value) if value.isdigit() and len(value) < 6 else 0
        else:
            betas = f"{betas},{value.decode('ascii', 'replace')}"
    return retry, betas.removeprefix(","), from_sdk
