"""Hosts that Claude answers at. Pure: a host is known by its name alone."""

import re
from typing import NamedTuple


class Place(NamedTuple):
    """Where a connection leads, as a URL has it."""

    host: str
    port: int | None
    scheme: str = "https"


_HOSTS = re.compile(
    r"""
    api(-[a-z0-9-]+)? \.anthropic\.com
    | ([a-z0-9-]+\.)? bedrock-(runtime|mantle) [a-z0-9.-]* \.(amazonaws\.com(\.cn)?|api\.aws)
    | aws-external-anthropic [a-z0-9.-]* \.api\.aws
    | ([a-z0-9-]+-)? aiplatform \.googleapis\.com
    | aiplatform \.[a-z0-9-]+ \.rep\.googleapis\.com
    | [a-z0-9-]+ \.services\.ai\.azure\.com
    | openrouter\.ai
    """,
    re.VERBOSE,
)
"""Anthropic's own, Bedrock's, Vertex's and Foundry's, some of which serve other makers' models too; and OpenRouter."""


def is_claude_host(host: str) -> bool:
    """Does Claude answer at this host? In lower case, without a port."""
    return _HOSTS.fullmatch(host) is not None


def is_anthropics_own(host: str) -> bool:
    """Does nothing but Claude answer at this host? In lower case, without a port."""
    return is_claude_host(host) and (host.endswith(".anthropic.com") or host.startswith("aws-external-anthropic"))
