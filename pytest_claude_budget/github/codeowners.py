"""Who owns a file, as CODEOWNERS has it: the last line that fits decides."""

import re

from pytest_claude_budget.base.globs import compile_glob

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks, in this order."""

_WORD = re.compile(r"(?:\\.|\S)+")
"""A space belongs to a path where a backslash stands before it."""


def owners_of(path: str, text: str) -> list[str]:
    """Names as they are written, without the `@`: nobody is called by being named."""
    owners: list[str] = []
    for line in text.removeprefix("\ufeff").splitlines():
        words = _WORD.findall(line.partition("#")[0])
        if words and _fits(words[0].replace("\\ ", " "), path):
            owners = [word.removeprefix("@") for word in words[1:]]
    return owners


def _fits(pattern: str, path: str) -> bool:
    anchored = "/" in pattern.rstrip("/")
    bare = pattern.strip("/")
    starts = (bare,) if anchored else (bare, f"**/{bare}")
    ends = ("", "/**") if not pattern.endswith(("*", "/")) else ("/**",) if pattern.endswith("/") else ("",)
    return any(compile_glob("test", start + end).matches(path) for start in starts for end in ends)
