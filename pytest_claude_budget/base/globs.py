"""Which names a `match` of the budget file means, and which of two matches is the more specific one.

Ids of tests and fixtures are paths: `*` and `?` stop at a slash, `**` does not, and a path stands for all below it.
Names of models, features and tiers are words: `*` and `?` take any character. Square brackets mean themselves, since
every parametrized test has them in its id.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from pytest_claude_budget.base.values import value_class

PATH_SCOPES = frozenset({"test", "fixture"})
_INNER_SLASH = "\0"


@value_class(frozen=True, kw_only=True, slots=True)
class Glob:
    """A compiled `match`."""

    matches: Callable[[str], object]
    """Truthy for a name that is meant."""
    rank: tuple[int, bool, int, int]
    """Compares by how specific the match is: the longer text before the first wildcard, then no wildcard at all,
    then more literal characters, then fewer `**`."""


@lru_cache(maxsize=1024)
def compile_glob(scope: str, match: str | None) -> Glob:
    """The glob of a limit; None matches every name and is the least specific of all."""
    if match is None:
        return Glob(matches=_everything, rank=(-1, False, 0, 0))
    pattern = match.removeprefix("./").rstrip("/") or "/" if scope in PATH_SCOPES else match
    wildcard = re.search(r"[*?]", pattern)
    prefix = wildcard.start() if wildcard else len(pattern)
    literals = len(pattern) - pattern.count("*") - pattern.count("?")
    rank = (prefix, wildcard is None, literals, -pattern.count("**"))
    if scope not in PATH_SCOPES:
        return Glob(matches=_word_matcher(pattern), rank=rank)
    if wildcard is None:
        return Glob(matches=_below(pattern), rank=rank)
    return Glob(matches=_path_matcher(pattern), rank=rank)


def _everything(_name: str) -> bool:
    return True


def _below(path: str) -> Callable[[str], bool]:
    """A path means itself, the folders and tests below it, and every parametrization of a test."""
    parts = tuple(path + border for border in ("/", "::", "["))

    def matches(name: str) -> bool:
        return name == path or name.startswith(parts)

    return matches


def _word_matcher(pattern: str) -> Callable[[str], object]:
    return re.compile(_part(re.sub(r"\*+", "*", pattern), any_character=".", last=True) + r"\Z", re.DOTALL).match


def _path_matcher(pattern: str) -> Callable[[str], object]:
    """Slashes after the first `::` belong to a parameter, such as `test_a.py::test_get[/v1/x]`: no wildcard minds them.

    What was matched before a wildcard is never tried again where that cannot help (atomic groups), so that no pattern
    takes more than quadratic time.
    """
    first, *rest = re.split(r"\*\*+", _inner(pattern))
    regex = _part(first, any_character="[^/]", last=not rest)
    for index, part in enumerate(rest, start=1):
        last = index == len(rest)
        # `a/**/b` means `a/b` too: the slash may be the one that is already there.
        border = r"(?<![^/])" if part.startswith("/") else ""
        inner = border + _part(part.removeprefix("/"), any_character="[^/]", last=last)
        regex += ".*" + inner if last else f"(?>.*?{inner})"
    # A file that is matched brings its tests, and a test its parametrizations.
    compiled = re.compile(regex + r"(?:(?:::|\[).*)?\Z", re.DOTALL).match
    # Plain text is looked for first: most names fail there, and need no regular expression.
    head, *others = re.split(r"[*?]+", pattern)
    needles = tuple(filter(None, (chunk.strip("/") for chunk in others)))

    def matches(name: str) -> object:
        if not name.startswith(head):
            return False
        for needle in needles:
            if needle not in name:
                return False
        return compiled(_inner(name))

    return matches


def _inner(text: str) -> str:
    path, border, rest = text.partition("::")
    return path + border + rest.replace("/", _INNER_SLASH) if rest else text


def _part(pattern: str, *, any_character: str, last: bool) -> str:
    """A stretch without `**`; only behind its last `*`, and only at the end of the whole, is every length tried."""
    first, *rest = [
        "".join(any_character if character == "?" else re.escape(character) for character in chunk)
        for chunk in pattern.split("*")
    ]
    regex = first
    for index, chunk in enumerate(rest, start=1):
        final = last and index == len(rest)
        regex += f"{any_character}*{chunk}" if final else f"(?>{any_character}*?{chunk})"
    return regex
