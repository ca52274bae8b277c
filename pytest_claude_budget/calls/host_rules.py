"""What a budget file says of hosts: which of them bill, and which only pretend.

Somebody knows better than an address can tell: a proxy on 127.0.0.1 bills, a mock server of the company does not. Pure:
nothing is looked up, a host is known by the name that the URL has.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import Any

from pytest_claude_budget.base.errors import Problem
from pytest_claude_budget.base.globs import compile_glob
from pytest_claude_budget.base.places import ValuePath
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.origin import Origin

ORIGINS = (Origin.LIVE, Origin.SIMULATED)
_MOST_REMEMBERED = 1000
_LARGEST_PORT = 65_535
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Compiled where they are used: most budget files say nothing of hosts.
_SHORT_LOOPBACK = r"127(\.[0-9]+){1,3}"
_WRITTEN = r"(?P<host>\[.*\]|[^:]*|.*:.*:.*?)(?::(?P<port>[0-9]+|\*))?"


@value_class(frozen=True, kw_only=True)
class Origins:
    """The keys `loopback` and `origins` of a budget file."""

    loopback: Origin | None = None
    """What an answer of this very machine counts as; None where nobody said, and then it is simulated."""
    live: tuple[str, ...] = ()
    """Hosts that bill, as written: `localhost:4000`, `*.corp.example`."""
    simulated: tuple[str, ...] = ()
    """Hosts that bill nothing."""

    def as_text(self) -> str:
        """For an environment variable: child processes know what their run knows."""
        import json

        return json.dumps([self.loopback, self.live, self.simulated])

    @property
    def of_lists(self) -> Iterator[tuple[Origin, str]]:
        """Each pattern with what it says."""
        yield from ((Origin.LIVE, pattern) for pattern in self.live)
        yield from ((Origin.SIMULATED, pattern) for pattern in self.simulated)


def origins_of_text(text: str) -> Origins:
    """What `as_text` wrote; nothing where it is anything else."""
    import json

    try:
        loopback, live, simulated = json.loads(text)
        said = None if loopback is None else Origin(loopback)
        return Origins(loopback=said, live=tuple(map(str, live)), simulated=tuple(map(str, simulated)))
    except (TypeError, ValueError):
        return Origins()


@value_class(frozen=True, kw_only=True, slots=True)
class HostPattern:
    """One pattern, ready to be asked."""

    host: str
    """In lower case, an address in its shortest form."""
    port: int | None = None
    """None is every port."""
    matches: Callable[[str], object] = field(repr=False, compare=False)

    @property
    def rank(self) -> tuple[bool, int, bool]:
        """How specific it is: no wildcard, then more characters, then a port."""
        return "*" not in self.host, len(self.host.replace("*", "")), self.port is not None

    def covers(self, host: str, port: int | None) -> bool:
        """Is this host meant?"""
        return (self.port is None or self.port == port) and bool(self.matches(host))


def host_pattern(text: str) -> HostPattern:
    """The pattern that somebody wrote, of a form that the schema allows."""
    found = re.fullmatch(_WRITTEN, text, re.DOTALL)
    host, port = (found["host"], found["port"]) if found else (text, None)
    if host.count(":") > 1 and not host.startswith("["):
        host, port = text, None  # an address without brackets has no port
    plain = plain_host(host)
    number = None if port is None or port == "*" else int(port)
    return HostPattern(host=plain, port=number, matches=compile_glob("host", plain).matches)


def plain_host(host: str) -> str:
    """A host in the one form that all its spellings have in common."""
    host = host.strip("[]").rstrip(".").lower()
    if ":" in host and "*" not in host:
        from ipaddress import ip_address  # every HTTP client has it

        try:
            return str(ip_address(host))
        except ValueError:
            return host
    return host


def is_loopback(host: str) -> bool:
    """Is this name or address one of this very machine? Names that somebody made it resolve to are not known here."""
    host = plain_host(host)
    if host == "localhost" or host.endswith(".localhost") or re.fullmatch(_SHORT_LOOPBACK, host, re.ASCII):
        return True
    if not (host[:1].isdigit() or ":" in host):
        return False
    from ipaddress import IPv6Address, ip_address

    try:
        address: Any = ip_address(host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return bool(address.is_loopback or address.is_unspecified)


class HostRules:
    """Tells what holds for a host. Asked at every answer, so it remembers; small, whatever a suite does."""

    def __init__(self, origins: Origins | None = None) -> None:
        self.origins = Origins() if origins is None else origins
        patterns = [(host_pattern(text), origin) for origin, text in self.origins.of_lists]
        # the most specific first, and of equals the live one: money is never hidden
        self._patterns = sorted(patterns, key=lambda each: (each[0].rank, each[1] is Origin.LIVE), reverse=True)
        self._known: dict[object, tuple[Origin | None, bool]] = {}

    def of(self, url: Any) -> tuple[Origin | None, bool]:
        """What holds for an exchange with this URL, None where nothing does; and whether that was only assumed."""
        host = url.host
        key = (host, url.port, url.scheme) if self._patterns else host
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            found = self._known[key] = self._decided(url)
        return found

    def _decided(self, url: Any) -> tuple[Origin | None, bool]:
        host, port = plain_host(url.host), url.port or _DEFAULT_PORTS.get(url.scheme)
        for pattern, origin in self._patterns:
            if pattern.covers(host, port):
                return origin, False
        if not is_loopback(host):
            return None, False
        said = self.origins.loopback
        return said or Origin.SIMULATED, said is None


def read_origins(value: Mapping[str, Any], locate: Callable[[ValuePath], str]) -> tuple[Origins, list[Problem]]:
    """The two keys of a budget that the schema allows, with what the schema cannot see."""
    lists = value.get("origins", {})
    loopback = value.get("loopback")
    origins = Origins(
        loopback=None if loopback is None else Origin(loopback),
        live=tuple(lists.get("live", ())),
        simulated=tuple(lists.get("simulated", ())),
    )
    return origins, _unclear(lists, locate) if lists else []


def _unclear(lists: Mapping[str, Any], locate: Callable[[ValuePath], str]) -> list[Problem]:
    """Hosts that are in both lists, and ports that there are not."""
    from pytest_claude_budget.base.schema_errors import shown_value

    first: dict[HostPattern, tuple[Origin, int]] = {}
    problems: list[Problem] = []
    for name, patterns in lists.items():
        for index, text in enumerate(patterns):
            path: ValuePath = ("origins", name, index)
            pattern, where = host_pattern(text), f"origins.{name}[{index}]"
            if pattern.port is not None and not 0 < pattern.port <= _LARGEST_PORT:
                what = f"{where}: expected a port from 1 to {_LARGEST_PORT}, got {shown_value(text)}"
                hint = "write the port that the server listens on, for example localhost:4000"
                problems.append(Problem(slug="bad-host", where=locate(path), what=what, hint=hint))
            earlier, at = first.setdefault(pattern, (Origin(name), index))
            if earlier != name:
                what = (
                    f"{where}: {shown_value(text)} is in origins.{earlier}[{at}] too: it is live or simulated, not both"
                )
                hint = "keep one of the two; where two different patterns match a host, the more specific one holds"
                problems.append(Problem(slug="two-origins", where=locate(path), what=what, hint=hint))
    return problems
