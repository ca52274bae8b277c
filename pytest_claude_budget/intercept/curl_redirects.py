"""Where a request of curl_cffi's is led to: libcurl follows redirects by itself, so that each is asked about as its head is read.

What reads a head may end the exchange, which libcurl does before it follows. Heads are looked at only while somebody holds calls back.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

Lead = Callable[[str, str], bool]
"""Takes the method and the URL that a redirect leads to; False where it may not be followed."""
_BECOMES_GET = (301, 302, 303)
"""Statuses after which a POST is none any more."""


def look_on(options: Any, found: Any, curl: Any, given: dict[str, Any], lead: Lead) -> None:
    """Have the heads of one request's answers read, where redirects are followed; `found` and `given` are of `set_curl_options`."""
    own = given.get("curl_options") or {}
    if options.HEADERDATA in own or options.HEADERFUNCTION in own:
        return  # somebody reads them already
    if own.get(options.FOLLOWLOCATION, given.get("allow_redirects", True)):
        asked, _, heads, *_ = found
        keeps = not isinstance(given.get("content"), str | bytes | bytearray | None)
        most = own.get(options.MAXREDIRS, given.get("max_redirects", -1))
        first = str(asked.method).upper(), str(asked.url)
        curl.setopt(options.HEADERDATA, _Heads(heads, first, most, lead, keeps=keeps))


def last_method(method: str, response: Any) -> str:
    """The method by which an answer was asked in the end."""
    statuses = [each.status_code for each in getattr(response, "history", ())]
    return "GET" if method == "POST" and not set(_BECOMES_GET).isdisjoint(statuses) else method


class NotFollowedError(Exception):
    """Ends an exchange within libcurl. What refuses it is raised by who asked for it."""


class _Heads:
    """What libcurl writes the heads of answers to, line by line."""

    def __init__(self, heads: Any, asked: tuple[str, str], most: int, lead: Lead, *, keeps: bool) -> None:
        self._heads, self._lead, self._left, self._keeps = heads, lead, most, keeps
        self._method, self._url = asked
        self._status = 0

    def write(self, line: bytes) -> None:
        """Take one line. Raises NotFollowedError."""
        self._heads.write(line)
        if line.startswith(b"HTTP/"):
            words = line.split(maxsplit=2)
            self._status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
        elif 300 <= self._status < 400 and line[:9].lower() == b"location:" and self._left:
            self._left -= 1
            if self._status in _BECOMES_GET and self._method == "POST" and not self._keeps:
                self._method = "GET"
            self._url = urljoin(self._url, line[9:].strip().decode("utf-8", "replace"))
            if not self._lead(self._method, self._url):
                raise NotFollowedError
