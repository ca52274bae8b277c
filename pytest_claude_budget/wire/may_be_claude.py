"""Could a request be with Claude? A quick look that never says no to what `routes.route` would say yes to, and loads nothing."""

_MESSAGES = "/v1/messages"
"""Where most ask Claude."""
_IN_TARGET = (
    _MESSAGES,
    "claude",
    "anthropic",
    "/v1/complete",
    "/v1/sessions",
    "/v1/dreams",
    "/v1/deployments",
    "/model/",
    "awpredict",
    "/chat/completions",
)
_IN_BODY = (b"claude", b"anthropic", b'"messages"')
_PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x78")
"""How gzip, zstd and zlib begin; brotli begins with anything."""


def may_be_claude(method: str, target: str, body: bytes | None) -> bool:
    """Look at a request.

    Args:
        method: as it is sent.
        target: path and query, or the whole URL.
        body: what is sent, None where it cannot be looked at: then any POST may be.
    """
    if method not in ("POST", "GET"):
        return False
    if _MESSAGES in target or has_sign(target):
        return True
    if method == "GET":
        return False
    if body is None:
        return True
    if not body.startswith((b"{", b"[", b" ", b"\n", b"\r", b"\t")):
        return bool(body) and _is_no_text(body)
    lowered = body.lower()
    for mark in _IN_BODY:  # noqa: SIM110  # as above
        if mark in lowered:
            return True
    return False


def has_sign(target: str) -> bool:
    """Is there a sign of Claude in a path, whatever is sent to it?"""
    lower = target.lower()
    for sign in _IN_TARGET:  # noqa: SIM110  # any() takes twice as long
        if sign in lower:
            return True
    return False


def _is_no_text(body: bytes) -> bool:
    """May these bytes be packed JSON?"""
    return body.startswith(_PACKED) or any(byte < 9 or byte > 126 for byte in body[:16])
