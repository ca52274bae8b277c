"""Parts of requests as canonical JSON, without ids that the API gave out, and their short keyed hashes."""

import json
import re
import sys
from functools import lru_cache
from hashlib import blake2b

_KEY = b"pytest-claude-budget"
_ISSUED = re.compile(rb"\b(srvtoolu|toolu|msg|req)_(?:bdrk_|vrtx_)?[A-Za-z0-9]{16,64}(?![A-Za-z0-9_])").sub
"""Ids of the API, which are other ones at each run. Names that people give are shorter, or have words in them."""
_ISSUING = (b"toolu_", b"msg_", b"req_")
encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False).encode
_KEYED = blake2b(digest_size=5, key=_KEY)
_CHAINED = blake2b(digest_size=16, key=_KEY)
_NAMED = blake2b(digest_size=4, key=_KEY)


class Chain:
    """A hash that goes on with each piece, and can be told after each."""

    __slots__ = ("digest",)

    def __init__(self, digest: bytes) -> None:
        self.digest = digest

    def add(self, piece: object) -> None:
        """Go on with a piece."""
        made = _CHAINED.copy()
        made.update(self.digest + canonical(piece))
        self.digest = made.digest()

    def shown(self) -> str:
        """The hash so far."""
        return self.digest[:5].hex()


def part(value: object) -> str:
    """Hash and length of a value's canonical form."""
    return hashed(canonical(value))


def canonical(value: object) -> bytes:
    """Sorted keys, no spaces, and of each id of the API only its kind."""
    text = bytes_of(encode(value))
    return _ISSUED(rb"\1_", text) if has_ids(text) else text


def has_ids(text: bytes, start: int = 0, end: int = sys.maxsize) -> bool:
    """Might there be ids of the API? Much faster than to look for them."""
    for prefix in _ISSUING:  # noqa: SIM110  # any() takes twice as long
        if text.find(prefix, start, end) >= 0:
            return True
    return False


def hashed(data: bytes) -> str:
    """Hash and length of bytes."""
    made = _KEYED.copy()
    made.update(data)
    return f"{made.hexdigest()}:{len(data)}"


_QUESTION, _QUESTION_END = b'[{"content":"', b'","role":"user"}]'
_OF_QUESTION = _KEYED.copy()
_OF_QUESTION.update(_QUESTION)


def hashed_question(text: bytes) -> str:
    """As `hashed`, of the messages that are one question of the user's, which is given as it stands in JSON."""
    made = _OF_QUESTION.copy()
    made.update(text)
    made.update(_QUESTION_END)
    return f"{made.hexdigest()}:{len(text) + len(_QUESTION) + len(_QUESTION_END)}"


@lru_cache(maxsize=512)
def name_hash(name: str) -> str:
    """A short hash of a name that somebody gave, such as a tool's."""
    made = _NAMED.copy()
    made.update(bytes_of(name))
    return made.hexdigest()


def bytes_of(text: str) -> bytes:
    """As UTF-8, lone surrogates too."""
    return text.encode("utf-8", "surrogatepass")
