"""The clients that people ask Claude by, and how much of each is seen. One list, for the command `clients` and for the documents."""

from enum import StrEnum

from pytest_claude_budget.base.values import value_class


class Seen(StrEnum):
    """How much of a client's calls is seen."""

    EXACTLY = "seen exactly"
    """Each answer is measured, by hooks."""
    IN_SUMS = "seen in sums"
    """What it says of itself is counted, a sum for each turn; each answer by itself where a gateway stands before it."""
    BY_GATEWAY = "seen by the gateway"
    """Each answer is measured where a gateway stands before it; else its start makes the run incomplete."""
    TOLD = "told only"
    """No answer is measured: its use makes the run incomplete."""


@value_class(frozen=True, kw_only=True, slots=True)
class KnownClient:
    """One client."""

    name: str
    packages: tuple[str, ...] = ()
    """Its distributions for Python, of which one has its version; none for what comes with Python, and for other programs."""
    program: str | None = None
    """The program that is started, where it is one."""
    seen: Seen
    over: tuple[str, ...] = ()
    """What it sends by, as `measure/hooked_clients.py` names the modules that are hooked."""


_HTTPX, _POOL, _PLAIN, _AIOHTTP = ("httpx", "httpx2"), ("urllib3.connectionpool",), ("http.client",), ("aiohttp",)
_VERTEX = ("google.cloud.aiplatform_v1.services.prediction_service.client",)


def _python(name: str, seen: Seen, over: tuple[str, ...] = (), *packages: str) -> KnownClient:
    return KnownClient(name=name, packages=packages or (name,), seen=seen, over=over)


KNOWN_CLIENTS = (
    _python("anthropic", Seen.EXACTLY, _HTTPX),
    _python("litellm", Seen.EXACTLY, (*_HTTPX, *_AIOHTTP)),
    _python("langchain-anthropic", Seen.EXACTLY, _HTTPX),
    _python("langchain-aws", Seen.EXACTLY, _POOL),
    _python("pydantic-ai", Seen.EXACTLY, _HTTPX, "pydantic-ai", "pydantic-ai-slim"),
    _python("instructor", Seen.EXACTLY, _HTTPX),
    _python("openai", Seen.EXACTLY, _HTTPX),
    _python("boto3", Seen.EXACTLY, _POOL),
    _python("botocore", Seen.EXACTLY, _POOL),
    _python("httpx", Seen.EXACTLY, ("httpx",)),
    _python("httpx2", Seen.EXACTLY, ("httpx2",)),
    _python("requests", Seen.EXACTLY, _POOL),
    _python("urllib3", Seen.EXACTLY, _POOL),
    KnownClient(name="http.client", seen=Seen.EXACTLY, over=_PLAIN),
    KnownClient(name="urllib.request", seen=Seen.EXACTLY, over=_PLAIN),
    _python("aiohttp", Seen.EXACTLY, _AIOHTTP),
    _python("httpcore", Seen.EXACTLY, ("httpcore",)),
    _python("aioboto3", Seen.EXACTLY, _AIOHTTP),
    _python("aiobotocore", Seen.EXACTLY, _AIOHTTP),
    _python("niquests", Seen.EXACTLY, (*_POOL, "urllib3._async.connectionpool")),
    _python("curl_cffi", Seen.EXACTLY, ("curl_cffi.requests.session",)),
    _python("google-cloud-aiplatform", Seen.EXACTLY, _VERTEX),
    _python("pycurl", Seen.TOLD),
    KnownClient(name="claude-agent-sdk", packages=("claude-agent-sdk",), program="claude", seen=Seen.IN_SUMS),
    KnownClient(name="@anthropic-ai/sdk", program="node", seen=Seen.BY_GATEWAY),
    KnownClient(name="curl", program="curl", seen=Seen.BY_GATEWAY),
)
