"""Regular expressions that most runs never need: compiling one takes as long as loading a small module."""

import re
from collections.abc import Callable
from functools import cache
from typing import AnyStr, Literal, TypeAlias

Found: TypeAlias = "re.Match[AnyStr] | None"


def at_need(
    pattern: AnyStr, flags: int = 0, way: Literal["search", "fullmatch"] = "search"
) -> Callable[[AnyStr], "Found[AnyStr]"]:
    """`re.compile(pattern, flags).search`, compiled when it is first asked."""

    @cache
    def compiled() -> Callable[[AnyStr], "Found[AnyStr]"]:
        found: Callable[[AnyStr], Found[AnyStr]] = getattr(re.compile(pattern, flags), way)
        return found

    return lambda text: compiled()(text)  # noqa: PLW0108  # that would compile it now
