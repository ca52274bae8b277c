"""A request and an answer of any client, in the shape that `Watch` reads: httpx's, without httpx.

A client's own module makes an `Asked` before it sends and a `Got` of what came, and hands bytes that are still to come to
`Watch.fed`.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from pytest_claude_budget.intercept.in_process_gateway import Inside

Pairs = Iterable[tuple[Any, Any]]
"""Names and values as a client has them: texts, bytes, or what it makes texts of. Read once."""


_unquoted = lru_cache(maxsize=256)(unquote)
"""A suite asks few paths, and unquoting one takes 3 µs."""


class Url:
    """Where a request goes."""

    __slots__ = ("host", "path", "port", "query", "scheme")

    def __init__(self, scheme: str, host: str, port: int | None, target: str) -> None:
        path, _, query = target.partition("#")[0].partition("?")
        self.scheme, self.host, self.port = scheme, host.strip("[]"), port
        self.path = _unquoted(path) if "%" in path else path
        self.query = query.encode("utf-8", "replace")


url_to = lru_cache(maxsize=256)(Url)
"""The same, made once: a suite asks few URLs, and nobody changes one."""


class _Stored:
    """The headers of a request of requests or botocore."""

    __slots__ = ("stored",)

    def __init__(self, stored: dict[str, tuple[Any, Any]]) -> None:
        self.stored = stored
        """By names in lower case: how each was written, and its value."""

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return iter(self.stored.values())


def pairs_of(headers: Any) -> Pairs:
    """The pairs of a mapping. Those of requests and of botocore go by several functions for each, so they are looked into."""
    inner = getattr(headers, "_store", None)
    if isinstance(inner, dict):
        return _Stored(inner) if type(headers).__module__ == "requests.structures" else inner.values()
    keyed = getattr(headers, "_dict", None)
    if isinstance(keyed, dict) and type(headers).__module__ == "botocore.awsrequest":
        return _Stored({key._key.lower(): (key._key, value) for key, value in keyed.items()})
    pairs: Pairs = headers.items()
    return pairs


def url_of(text: str) -> Url:
    """The URL of a text. Raises ValueError where it is none."""
    parts = urlsplit(text)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return Url(parts.scheme.lower(), parts.hostname or "", parts.port, target)


class Headers:
    """The headers of an answer, of which most are never asked for: the first of each name."""

    __slots__ = ("_found", "_pairs")

    def __init__(self, pairs: Pairs) -> None:
        self._pairs = pairs
        self._found: dict[str, Any] | None = None

    def get(self, name: str, default: Any = "") -> Any:
        """The value of a name in lower case, as a text."""
        value = (self._found or self._by_name()).get(name)
        return default if value is None else value if type(value) is str else _text(value)

    def named(self) -> Iterable[str]:
        """The names, in lower case."""
        return self._by_name()

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name())

    def _by_name(self) -> dict[str, Any]:
        found = self._found
        if found is None:
            found = self._found = {}
            for name, value in self._pairs:
                text = name if type(name) is str else name.decode("latin-1") if type(name) is bytes else str(name)
                found.setdefault(text.lower(), value)
            self._pairs = ()
        return found


class Asked:
    """A request."""

    __slots__ = ("_content", "headers", "method", "url")

    def __init__(self, method: str, url: Url, headers: Pairs, body: bytes | None) -> None:
        self.method, self.url, self.headers = method.upper(), url, headers
        self._content = body
        """None where it is a stream that only the client may read."""


class Got:
    """An answer."""

    __slots__ = ("_content", "headers", "raw", "status_code")

    def __init__(self, status: int, headers: Any, body: bytes | None = None, *, raw: bytes | None = None) -> None:
        self.status_code = status
        self.headers = headers if hasattr(headers, "get") else Headers(headers)
        """Given as pairs, or as what has a `get` that knows a name however it is written."""
        self._content = body
        """None where its bytes are still to come; without its content coding where they are here."""
        self.raw = raw
        """The whole body where it is here with its content coding; None where it is not, and where `body` has it."""

    @property
    def is_here(self) -> bool:
        """Is the whole body in memory?"""
        return self.raw is not None or self._content is not None

    def keep(self, body: bytes | None = None, *, raw: bytes | None = None) -> None:
        """Keep a body that has come whole since, without its content coding or with it."""
        self._content, self.raw = body, raw


class Plain:
    """The carrier of such an exchange. For each method, see `Carrier`."""

    __slots__ = ("_never_sent", "client", "simulated")

    def __init__(self, client: object, never_sent: frozenset[str], *, simulated: bool = False) -> None:
        self.client = client
        self._never_sent = never_sent
        """Names of the client's errors after which no request had left whole."""
        self.simulated = simulated
        """Nothing reaches a network: a double answers."""

    def led_to(self, of: Any) -> Any:  # noqa: ARG002  # of the protocol
        """Nowhere: who follows redirects makes an exchange of each."""
        return None

    def was_replayed(self, response: Any, inside: Inside) -> bool:  # noqa: ARG002  # of the protocol
        """Is it certain that no network brought this answer?"""
        return self.simulated

    def is_made_up(self) -> bool:
        """Does whatever answers reach nothing beyond this process?"""
        return self.simulated

    def is_in_process(self) -> bool:
        """No application of this process answers over a socket."""
        return False

    def is_application(self) -> bool:
        """As above."""
        return False

    def body_in_memory(self, response: Any) -> bytes | None:
        """The raw body of an answer that is here already; None where it is still to come."""
        raw: bytes | None = response.raw
        return raw

    def arrived(self, error: BaseException) -> Any:  # noqa: ARG002  # of the protocol
        """Who hands over a `Got` knows of every answer."""
        return None

    def from_wire(self, error: BaseException) -> bool:  # noqa: ARG002  # of the protocol
        """Did the network raise this?"""
        return not self.simulated

    def may_have_been_billed(self, error: BaseException) -> bool:
        """Could Anthropic have answered? Not when the request never left whole."""
        if self.simulated:
            return False
        return not any(cls.__name__ in self._never_sent for cls in type(error).__mro__)


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
