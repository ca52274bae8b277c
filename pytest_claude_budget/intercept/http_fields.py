"""What the clients' requests and responses hold already. Nothing is read that the client has not read itself."""

from typing import Any

_RETRY, _BETA, _VERSION = "x-stainless-retry-count", "anthropic-beta", "anthropic-version"
_RETRY_BYTES, _BETA_BYTES, _VERSION_BYTES = _BYTES = (_RETRY.encode(), _BETA.encode(), _VERSION.encode())
_TOLD: dict[str | bytes, str] = {name: name for name in (_RETRY, _BETA, _VERSION)}
_TOLD |= {name: name.decode() for name in _BYTES}
"""The names that are read, as texts and as bytes."""

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


def values_of(headers: Any, names: tuple[str, ...]) -> list[str | None]:
    """The values of several names in lower case, None for those that are not there: in one pass over httpx's own."""
    if (several := getattr(headers, "several", None)) is not None:
        told: list[str | None] = several(names)
        return told
    listed = getattr(headers, "_list", None)
    if listed is None:
        return [headers.get(name, None) for name in names]
    found = {lower: value for _, lower, value in listed}
    return [value.decode("latin-1") if (value := found.get(name.encode())) is not None else None for name in names]


def told(request: Any) -> Told:
    """What the headers of a request say: in one pass over them."""
    retry, betas, from_sdk = 0, "", False
    headers = request.headers
    listed = getattr(headers, "_list", None)  # httpx's, with names in lower case already
    if listed is not None:  # half the time of a look in the loop below
        found = [header for header in listed if header[1] in _TOLD]
    elif (stored := getattr(headers, "stored", None)) is not None:
        if _RETRY not in stored and _BETA not in stored and _RETRY_BYTES not in stored and _BETA_BYTES not in stored:
            return retry, betas, _VERSION in stored or _VERSION_BYTES in stored
        found = [(name, name, stored[name][1]) for name in _TOLD if name in stored]
    else:
        pairs = getattr(headers, "raw", headers)
        found = [(name, lower, value) for name, value in pairs if (lower := name.lower()) in _TOLD]
    for _, lower, value in found:
        name = _TOLD[lower]
        if name == _VERSION:
            from_sdk = True
            continue
        said = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
        if name == _BETA:
            betas = f"{betas},{said}"
        else:
            retry = int(said) if said.isdecimal() and len(said) < 6 else 0
    return retry, betas and betas.removeprefix(","), from_sdk
