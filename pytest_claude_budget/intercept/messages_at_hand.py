"""What the clients' requests and responses hold already. Nothing is read that the client has not read itself."""

from typing import Any

_RETRY, _BETA = b"x-stainless-retry-count", b"anthropic-beta"
_TOLD = frozenset((_RETRY, _BETA))


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


def told(request: Any) -> tuple[int, str]:
    """How many tries came before this one, and which betas are asked for: in one pass over the headers."""
    retry, betas = 0, ""
    listed = getattr(request.headers, "_list", None)  # with its names in lower case already
    if listed is None:
        listed = [(name, name.lower(), value) for name, value in request.headers.raw]
    for name, value in [(name, value) for _, name, value in listed if name in _TOLD]:
        if name == _RETRY:
            retry = int(value) if value.isdigit() and len(value) < 6 else 0
        else:
            betas = f"{betas},{value.decode('ascii', 'replace')}"
    return retry, betas.removeprefix(",")
