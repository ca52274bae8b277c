"""Where a gateway sends what it is asked: checked as it is written, with the proxy that the environment names for it."""

from pytest_claude_budget.base.errors import InputError, Problem

ANTHROPIC = "https://api.anthropic.com"
VARIABLE = "ANTHROPIC_BASE_URL"
"""By this, programs know whom to ask."""


def checked(text: str, where: str) -> str:
    """An upstream's URL, as somebody wrote it at `where`. Raises InputError where no request could go there."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        what = f"expected the URL of a server, got {text[:80]!r}"
        hint = f"write it with http:// or https:// and nothing behind its path, for example {ANTHROPIC}"
        raise InputError(Problem(slug="bad-upstream", where=where, what=what, hint=hint))
    return text.strip()


def proxy_of(upstream: str) -> str | None:
    """The proxy that HTTPS_PROXY and the like name for an upstream; None where it is asked directly."""
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(upstream)
    proxy = getproxies().get(parts.scheme)
    if not proxy or not proxy.startswith(("http://", "https://")) or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return proxy
